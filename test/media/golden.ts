import { readFileSync } from 'node:fs';

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

const WIDTH: Readonly<Record<string, number>> = { F32: 4, F16: 2, U8: 1, I16: 2, I64: 8 };

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

function valueAt(view: DataView, at: number, dtype: string): number {
  if (dtype === 'F32') return view.getFloat32(at, true);
  if (dtype === 'F16') return half(view.getUint16(at, true));
  if (dtype === 'I16') return view.getInt16(at, true);
  if (dtype === 'I64') return Number(view.getBigInt64(at, true));
  return view.getUint8(at);
}

/** All tensors of a golden safetensors file as float64; a reader of its own, so that it checks nothing it also uses. */
export function readGolden(path: string): (name: string) => GoldenTensor {
  const bytes = readFileSync(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<string, Entry>;
  return (name) => {
    const entry = header[name];
    if (!entry) throw new Error(`${path} has no tensor ${name}: it has ${Object.keys(header).join(', ')}`);
    const width = WIDTH[entry.dtype];
    if (!width) throw new Error(`${name}: dtype ${entry.dtype}`);
    const start = 8 + headerLength + entry.data_offsets[0];
    const count = (entry.data_offsets[1] - entry.data_offsets[0]) / width;
    const values = Float64Array.from({ length: count }, (_, i) =>
      valueAt(view, start + i * width, entry.dtype),
    );
    return { shape: entry.shape, values };
  };
}
