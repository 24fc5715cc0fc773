/** Linear layers of a decode step: GEMVs, a row for each decode slot, fused with the norm before and the sum after them. No gradients. */
import { expectShape, kernelsOf, type Recorder, type Tensor, updating } from '../../gpu/index.ts';
import type { LoraAdapter } from '../matmul/linear.ts';
import { threadGroups } from '../matmul/matrix.ts';
import { weightFormat } from '../matmul/weight-format.ts';
import { type DecodeVariant, gemvLayout, inEachVariant } from './gemv.ts';

/** The input of linear layers, and the RMS norm that they share. */
export interface DecodeInput {
  /** [rows, depth], depth divisible by 4. */
  readonly x: Tensor;
  readonly variant: DecodeVariant;
  /** weight [depth] f32. */
  readonly norm?: { readonly weight: Tensor; readonly eps: number };
}

/** One linear layer: weight [out, depth] in any format, bias [out] f32. */
export interface DecodeLinear {
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
  readonly adapter?: LoraAdapter | undefined;
}

const projectKernel = (shader: string) =>
  kernelsOf(shader, [
    ...['rows', 'depth', 'stride', 'groups'],
    ...['n_0', 'n_1', 'n_2', 'biased', 'width', 'first', 'eps'],
  ])('project', {
    reads: ['weight_0', 'weight_1', 'weight_2', 'x', 'norm', 'bias_0', 'bias_1'],
    writes: ['out'],
  });
const projectFirst = inEachVariant('decode_project', projectKernel);
const projectMore = inEachVariant('decode_project', (shader) => updating(projectKernel(shader), 'out'));
const lowRankKernel = kernelsOf('decode_low_rank', [
  ...['rows', 'n_0', 'n_1', 'n_2', 'rank_0', 'rank_1', 'rank_2'],
  ...['scale_0', 'scale_1', 'scale_2'],
])('add_low_rank', { reads: ['low_rank', 'b_0', 'b_1', 'b_2'], updates: ['out'] });
const residualKernels = inEachVariant('decode_residual', (shader) =>
  kernelsOf(shader, [
    ...['rows', 'depth', 'stride', 'groups', 'n', 'rank'],
    ...['first', 'parts', 'part_step', 'h_stride', 'scale', 'eps'],
  ])('add_linear', { reads: ['weight_0', 'x', 'low_rank', 'b'], updates: ['out'] }),
);

/** Weights and biases that one kernel takes. */
const MOST_WEIGHTS = 3;
const MOST_BIASES = 2;

const extent = (weight: Tensor): number => weight.shape[0]!;
/** Rank of a layer's adapter; 0 where there is none. */
export const rankOf = (linear: DecodeLinear | undefined): number => linear?.adapter?.a.shape[0] ?? 0;

/** Rows and depth. Throws where the kernels cannot read the input four columns at a time. */
export function inputExtents({ x, norm }: DecodeInput): { rows: number; depth: number } {
  const [rows, depth] = [x.shape[0]!, x.shape[1]!];
  if (depth % 4 !== 0) throw new Error(`decode: ${x.label} has ${depth} columns, expected a multiple of 4.`);
  if (norm) expectShape('decode norm', norm.weight, [depth]);
  return { rows, depth };
}

/** Cuts a list of layers into runs that one dispatch takes: at most three weights of one format, biases on the first two only. */
function runsOf(linears: readonly DecodeLinear[]): DecodeLinear[][] {
  const runs: DecodeLinear[][] = [];
  for (const linear of linears) {
    const run = runs.at(-1);
    const fits =
      run &&
      run.length < MOST_WEIGHTS &&
      run[0]!.weight.dtype === linear.weight.dtype &&
      (!linear.bias || (run.length < MOST_BIASES && run.every(({ bias }) => bias)));
    if (fits) run.push(linear);
    else runs.push([linear]);
  }
  return runs;
}

/** Dispatches out[:, first ..] = the layers of one run side by side. */
function dispatchRun(
  recorder: Recorder,
  input: DecodeInput,
  run: readonly DecodeLinear[],
  out: Tensor,
  first: number,
): void {
  const { rows, depth } = inputExtents(input);
  const { x, norm } = input;
  for (const { weight } of run) expectShape('decode weight', weight, [-1, depth]);
  const [n0, n1, n2] = [0, 1, 2].map((part) => run[part]?.weight.shape[0] ?? 0) as [number, number, number];
  const groups = [n0, n1, n2].reduce((sum, n) => sum + Math.ceil(n / 4), 0);
  const layout = gemvLayout(input.variant, { rows, depth, groups });
  // A layout has no optional bindings: what is absent is stood in for by a tensor that is not read.
  const [weight0, bias0] = [run[0]!.weight, run[0]!.bias ?? x];
  recorder.dispatch((first === 0 ? projectFirst : projectMore)[input.variant.name], {
    defines: {
      WEIGHT_FORMAT: weightFormat(weight0.dtype),
      NORM: norm !== undefined,
      ...layout.defines,
    },
    uniforms: {
      rows,
      depth,
      stride: depth / 4,
      groups,
      n_0: n0,
      n_1: n1,
      n_2: n2,
      biased: run.filter(({ bias }) => bias).length,
      width: out.shape[1]!,
      first,
      eps: norm?.eps ?? 0,
    },
    tensors: {
      weight_0: weight0,
      weight_1: run[1]?.weight ?? weight0,
      weight_2: run[2]?.weight ?? weight0,
      x,
      norm: norm?.weight ?? x,
      bias_0: bias0,
      bias_1: run[1]?.bias ?? bias0,
      out,
    },
    workgroups: layout.workgroups,
  });
}

/** Dispatches the layers side by side [rows, sum of outs], without their adapters. */
function sideBySide(recorder: Recorder, input: DecodeInput, linears: readonly DecodeLinear[]): Tensor {
  const width = linears.reduce((sum, { weight }) => sum + extent(weight), 0);
  const out = recorder.temp('decode projections', [input.x.shape[0]!, width]);
  let first = 0;
  for (const run of runsOf(linears)) {
    dispatchRun(recorder, input, run, out, first);
    first += run.reduce((sum, { weight }) => sum + extent(weight), 0);
  }
  return out;
}

/** The low-rank products of the layers' adapters, side by side [rows, sum of ranks]; nothing where none has an adapter. */
export function lowRankProducts(
  recorder: Recorder,
  input: DecodeInput,
  linears: readonly DecodeLinear[],
): Tensor | undefined {
  const firsts = linears.flatMap(({ adapter }) => (adapter ? [{ weight: adapter.a }] : []));
  return firsts.length > 0 ? sideBySide(recorder, input, firsts) : undefined;
}

/**
 * Up to three linear layers on one input, side by side: [rows, sum of outs], each n(x)·Wᵀ + bias + scale · (n(x)·Aᵀ)·Bᵀ. One dispatch,
 * and two more where there are adapters.
 */
export function projections(
  recorder: Recorder,
  input: DecodeInput,
  linears: readonly DecodeLinear[],
): Tensor {
  const h = lowRankProducts(recorder, input, linears);
  const out = sideBySide(recorder, input, linears);
  if (!h) return out;
  const [first, second, third] = linears;
  const outOf = (linear: DecodeLinear | undefined): number => linear?.weight.shape[0] ?? 0;
  const rows = input.x.shape[0]!;
  recorder.dispatch(lowRankKernel, {
    uniforms: {
      rows,
      n_0: outOf(first),
      n_1: outOf(second),
      n_2: outOf(third),
      rank_0: rankOf(first),
      rank_1: rankOf(second),
      rank_2: rankOf(third),
      scale_0: first?.adapter?.scale ?? 0,
      scale_1: second?.adapter?.scale ?? 0,
      scale_2: third?.adapter?.scale ?? 0,
    },
    tensors: {
      low_rank: h,
      b_0: first?.adapter?.b ?? h,
      b_1: second?.adapter?.b ?? h,
      b_2: third?.adapter?.b ?? h,
      out,
    },
    workgroups: threadGroups(rows * out.shape[1]!),
  });
  return out;
}

/** Logits [rows, vocabulary] of the normed input; `shards`: consecutive vocabulary ranges [v, depth] in any weight format. */
export function decodeLogits(recorder: Recorder, input: DecodeInput, shards: readonly Tensor[]): Tensor {
  return sideBySide(
    recorder,
    input,
    shards.map((weight) => ({ weight })),
  );
}

/** Low-rank products x·Aᵀ of one adapter as sums of parts: product i is the sum of h[row, first + i + part · step]. */
export interface LowRankParts {
  /** [rows, -1] */
  readonly h: Tensor;
  readonly first: number;
  readonly parts: number;
  readonly step: number;
}

function ownProducts(
  recorder: Recorder,
  input: Omit<DecodeInput, 'norm'>,
  linear: DecodeLinear,
): LowRankParts {
  const h = lowRankProducts(recorder, input, [linear]) ?? input.x;
  return { h, first: 0, parts: 1, step: 0 };
}

/**
 * residual += x·Wᵀ + scale · (x·Aᵀ)·Bᵀ in place; x [rows, at least depth]. One dispatch, and one more where there is an adapter whose
 * low-rank products are not given.
 */
export function addProjection(
  recorder: Recorder,
  input: Omit<DecodeInput, 'norm'>,
  linear: DecodeLinear,
  residual: Tensor,
  products?: LowRankParts,
): void {
  const { rows, depth: width } = inputExtents(input);
  const { x } = input;
  const { weight, adapter } = linear;
  const [n, depth] = [extent(weight), weight.shape[1]!];
  expectShape('decode residual input', x, [rows, products ? -1 : depth]);
  expectShape('decode residual', residual, [rows, n]);
  const { h, first, parts, step } = products ?? ownProducts(recorder, input, linear);
  const groups = Math.ceil(n / 4);
  const layout = gemvLayout(input.variant, { rows, depth, groups });
  recorder.dispatch(residualKernels[input.variant.name], {
    defines: { WEIGHT_FORMAT: weightFormat(weight.dtype), NORM: false, ...layout.defines },
    uniforms: {
      rows,
      depth,
      stride: width / 4,
      groups,
      n,
      rank: rankOf(linear),
      first,
      parts,
      part_step: step,
      h_stride: h.shape[1]!,
      scale: adapter?.scale ?? 0,
      eps: 0,
    },
    tensors: { weight_0: weight, x, low_rank: h, b: adapter?.b ?? x, out: residual },
    workgroups: layout.workgroups,
  });
}
