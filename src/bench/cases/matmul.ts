import type { Gpu } from '../../gpu/index.ts';
import { type MatmulLayout, matmul } from '../../ops/matmul/matmul.ts';
import type { Cost } from '../../rl/measure/cost-model.ts';
import type { Comparison, NamedComparison } from '../comparison.ts';
import type { Contestant } from '../timing.ts';
import { freeAll, plannedContestant, uploaded } from './planned.ts';
import { randomData } from './random-data.ts';
import { LINEARS, type Linear } from './shapes.ts';

/** The matmul that a layout stands for in training a linear layer y = x·Wᵀ. */
const PURPOSE: Readonly<Record<MatmulLayout, string>> = {
  nt: 'matmul A·Bᵀ (y)',
  nn: 'matmul A·B (dx)',
  tn: 'matmul Aᵀ·B (dW)',
};

/** The peer that runs in a browser only. */
export const ONNX = 'onnxruntime-web';

/** One matmul with its numbers. */
export interface Matmul {
  readonly layout: MatmulLayout;
  readonly shapes: { readonly a: readonly number[]; readonly b: readonly number[] };
  readonly out: readonly number[];
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
}

/** Shapes of both factors and of the result: x [rows, in], W [out, in], y and dy [rows, out]. */
function matmulShapes(
  layout: MatmulLayout,
  { rows, inputs, outputs }: Linear,
): { a: readonly number[]; b: readonly number[]; out: readonly number[] } {
  const x = [rows, inputs];
  const weight = [outputs, inputs];
  const y = [rows, outputs];
  if (layout === 'nt') return { a: x, b: weight, out: y };
  return layout === 'nn' ? { a: y, b: weight, out: x } : { a: y, b: x, out: weight };
}

function makeMatmul(layout: MatmulLayout, linear: Linear): Matmul {
  const { out, ...shapes } = matmulShapes(layout, linear);
  return { layout, shapes, out, a: randomData(shapes.a, 1), b: randomData(shapes.b, 2) };
}

async function openOurs(gpu: Gpu, { layout, shapes, out, a, b }: Matmul): Promise<Contestant> {
  const left = uploaded(gpu, 'a', shapes.a, a);
  const right = uploaded(gpu, 'b', shapes.b, b);
  const contestant = await plannedContestant(gpu, `matmul ${layout}`, ({ recorder }) => {
    const result = recorder.temp('matmul', out);
    matmul(recorder, layout, { a: left, b: right, out: result });
    return result;
  });
  const dispose = (): void => {
    contestant.dispose();
    freeAll(gpu, [left, right]);
  };
  return { ...contestant, dispose };
}

/** How a peer computes a matmul. */
export type OpenMatmul = (gpu: Gpu, matmul: Matmul) => Promise<Contestant>;

interface NamedMatmul extends Omit<NamedComparison, 'peers'> {
  readonly layout: MatmulLayout;
  readonly linear: Linear;
}

/** Forward and both gradients of the models' linear layers; decoding has no gradients. */
const MATMULS: readonly NamedMatmul[] = LINEARS.flatMap((linear) => {
  const layouts: readonly MatmulLayout[] = linear.decoding ? ['nt'] : ['nt', 'nn', 'tn'];
  const { name, rows, inputs, outputs } = linear;
  const shape = `${name} ${rows}x${inputs}→${outputs}`;
  return layouts.map((layout) => ({ kernel: PURPOSE[layout], shape, layout, linear }));
});

/** Both factors and the result pass once, in f32. */
const matmulCost = ({ rows, inputs, outputs }: Linear): Cost => ({
  flops: 2 * rows * inputs * outputs,
  bytes: 4 * (rows * inputs + outputs * inputs + rows * outputs),
});

/** All matmuls against the peers given, in the same order every time. */
export function matmulAgainst(peers: Readonly<Record<string, OpenMatmul>>): Comparison[] {
  return MATMULS.map(({ kernel, shape, layout, linear }) => ({
    kernel,
    shape,
    peers: Object.keys(peers),
    cost: matmulCost(linear),
    open: async (gpu) => {
      const made = makeMatmul(layout, linear);
      const openers = Object.entries(peers).map(([peer, open]) => [peer, () => open(gpu, made)] as const);
      return { ours: await openOurs(gpu, made), peers: Object.fromEntries(openers) };
    },
  }));
}
