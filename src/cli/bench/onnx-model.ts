/** ONNX models of one node, written as protocol buffers: onnxruntime reads nothing else, and a matmul needs no exporter. */

const VARINT = 0;
const LENGTH = 2;
const FLOAT = 1;
const INT_ATTRIBUTE = 2;
const IR_VERSION = 8;
const OPSET = 13;

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** A field whose value is a whole number. */
const whole = (field: number, value: number): number[] => [...varint(field * 8 + VARINT), ...varint(value)];

/** A field whose value is a text or a message. */
function nested(field: number, value: string | readonly number[]): number[] {
  const bytes = typeof value === 'string' ? [...new TextEncoder().encode(value)] : value;
  return [...varint(field * 8 + LENGTH), ...varint(bytes.length), ...bytes];
}

/** ValueInfoProto of an f32 tensor. */
function tensor(name: string, shape: readonly number[]): number[] {
  const dimensions = shape.flatMap((extent) => nested(1, whole(1, extent)));
  const type = nested(1, [...whole(1, FLOAT), ...nested(2, dimensions)]);
  return [...nested(1, name), ...nested(2, type)];
}

/** AttributeProto that switches something on. */
const flag = (name: string): number[] => [...nested(1, name), ...whole(3, 1), ...whole(20, INT_ATTRIBUTE)];

export interface MatmulModel {
  /** MatMul for A·B; Gemm with `transA` or `transB` for the others, as exporters write linear layers. */
  readonly operator: 'MatMul' | 'Gemm';
  readonly flags: readonly ('transA' | 'transB')[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly out: readonly number[];
}

/** The bytes of a model with inputs `a` and `b` and the output `y`. */
export function encodeMatmulModel({ operator, flags, a, b, out }: MatmulModel): Uint8Array {
  const node = [
    ...nested(1, 'a'),
    ...nested(1, 'b'),
    ...nested(2, 'y'),
    ...nested(4, operator),
    ...flags.flatMap((name) => nested(5, flag(name))),
  ];
  const graph = [
    ...nested(1, node),
    ...nested(2, 'product'),
    ...nested(11, tensor('a', a)),
    ...nested(11, tensor('b', b)),
    ...nested(12, tensor('y', out)),
  ];
  return Uint8Array.from([...whole(1, IR_VERSION), ...nested(7, graph), ...nested(8, whole(2, OPSET))]);
}
