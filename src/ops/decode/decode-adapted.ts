/** The adapters around a decode step's attention, without dispatches of their own. */
import { expectShape, kernelsOf, type Recorder, type Tensor } from '../../gpu/index.ts';
import type { LoraAdapter } from '../matmul/linear.ts';
import type { LoraWindow } from '../matmul/lora-window.ts';
import { weightFormat } from '../matmul/weight-format.ts';
import { type DecodeInput, type DecodeLinear, inputExtents, rankOf } from './decode-linear.ts';
import { gemvLayout, inEachVariant } from './gemv.ts';

const kernels = inEachVariant('decode_project_adapted', (shader) =>
  kernelsOf(shader, [
    ...['rows', 'depth', 'stride', 'groups', 'width', 'n_0', 'n_1', 'n_2'],
    ...['r_0', 'r_1', 'r_2', 'a_0', 'a_1', 'a_2', 'eps'],
  ])('project', {
    reads: ['weight_0', 'weight_1', 'weight_2', 'x', 'norm', 'biases', 'adapters'],
    writes: ['out'],
  }),
);

/** Adapters of the layers around attention, behind one binding. */
export interface AttentionAdapters {
  readonly window: LoraWindow;
  /** f32 [q outs + k outs] biases of queries, then of keys. */
  readonly biases: Tensor;
  readonly q?: LoraAdapter | undefined;
  readonly k?: LoraAdapter | undefined;
  readonly v?: LoraAdapter | undefined;
  readonly o?: LoraAdapter | undefined;
}

const fours = (extent: number): number => Math.ceil(extent / 4);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

type Three<T> = readonly [q: T, k: T, v: T];

/**
 * Queries, keys and values of the normed input side by side, and behind them the low-rank products of their adapters, to
 * be finished by attention: [rows, width], width the sum of outs and ranks, up to a multiple of 4. One dispatch. The three
 * weights have one format; their own biases are not read, but those of `adapters`.
 */
export function adaptedProjections(
  recorder: Recorder,
  input: Required<DecodeInput>,
  linears: Three<DecodeLinear>,
  { window, biases }: AttentionAdapters,
): Tensor {
  const { rows, depth } = inputExtents(input);
  const { x, norm } = input;
  const weights = linears.map(({ weight }) => weight) as unknown as Three<Tensor>;
  for (const weight of weights) expectShape('decode weight', weight, [-1, depth]);
  const outs = weights.map(({ shape }) => shape[0]!) as unknown as Three<number>;
  const ranks = linears.map(rankOf) as unknown as Three<number>;
  const starts = linears.map(({ adapter }) => window.startOf(adapter?.a)) as unknown as Three<number>;
  expectShape('decode biases', biases, [outs[0] + outs[1]]);
  const width = 4 * fours(sum([...outs, ...ranks]));
  const out = recorder.temp('decode projections', [rows, width]);
  const groups = sum([...outs, ...ranks].map(fours));
  const layout = gemvLayout(input.variant, { rows, depth, groups });
  recorder.dispatch(kernels[input.variant.name], {
    defines: { WEIGHT_FORMAT: weightFormat(weights[0].dtype), NORM: true, ...layout.defines },
    uniforms: {
      rows,
      depth,
      stride: depth / 4,
      groups,
      width,
      n_0: outs[0],
      n_1: outs[1],
      n_2: outs[2],
      r_0: ranks[0],
      r_1: ranks[1],
      r_2: ranks[2],
      a_0: starts[0],
      a_1: starts[1],
      a_2: starts[2],
      eps: norm.eps,
    },
    tensors: {
      weight_0: weights[0],
      weight_1: weights[1],
      weight_2: weights[2],
      x,
      norm: norm.weight,
      biases,
      adapters: window.values,
      out,
    },
    workgroups: layout.workgroups,
  });
  return out;
}
