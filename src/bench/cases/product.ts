import type { Gpu } from '../../gpu/index.ts';
import { type MatmulLayout, matmul } from '../../ops/matmul/matmul.ts';
import type { Cost } from '../../rl/measure/cost-model.ts';
import type { Comparison, NamedComparison } from '../comparison.ts';
import type { Contestant } from '../timing.ts';
import { freeAll, plannedContestant, uploaded } from './planned.ts';
import { randomData } from './random-data.ts';
import { LINEARS, type Linear } from './shapes.ts';

/** The product that a layout stands for in training a linear layer y = x·Wᵀ. */
const PURPOSE: Readonly<Record<MatmulLayout, string>> = {
  nt: 'matmul A·Bᵀ (y)',
  nn: 'matmul A·B (dx)',
  tn: 'matmul Aᵀ·B (dW)',
};

/** The peer that runs in a browser only. */
export const ONNX = 'onnxruntime-web';

/** One product with its numbers. */
export interface Product {
  readonly layout: MatmulLayout;
  readonly shapes: { readonly a: readonly number[]; readonly b: readonly number[] };
  readonly out: readonly number[];
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
}

/** Shapes of both factors and of the product: x [rows, in], W [out, in], y and dy [rows, out]. */
function productShapes(
  layout: MatmulLayout,
  { rows, inputs, outputs }: Linear,
): { a: readonly number[]; b: readonly number[]; out: readonly number[] } {
  const x = [rows, inputs];
  const weight = [outputs, inputs];
  const y = [rows, outputs];
  if (layout === 'nt') return { a: x, b: weight, out: y };
  return layout === 'nn' ? { a: y, b: weight, out: x } : { a: y, b: x, out: weight };
}

function makeProduct(layout: MatmulLayout, linear: Linear): Product {
  const { out, ...shapes } = productShapes(layout, linear);
  return { layout, shapes, out, a: randomData(shapes.a, 1), b: randomData(shapes.b, 2) };
}

async function openOurs(gpu: Gpu, { layout, shapes, out, a, b }: Product): Promise<Contestant> {
  const left = uploaded(gpu, 'a', shapes.a, a);
  const right = uploaded(gpu, 'b', shapes.b, b);
  const contestant = await plannedContestant(gpu, `matmul ${layout}`, ({ recorder }) => {
    const product = recorder.temp('product', out);
    matmul(recorder, layout, { a: left, b: right, out: product });
    return product;
  });
  const dispose = (): void => {
    contestant.dispose();
    freeAll(gpu, [left, right]);
  };
  return { ...contestant, dispose };
}

/** How a peer computes a product. */
export type OpenProduct = (gpu: Gpu, product: Product) => Promise<Contestant>;

interface NamedProduct extends Omit<NamedComparison, 'peers'> {
  readonly layout: MatmulLayout;
  readonly linear: Linear;
}

/** Forward and both gradients of the models' linear layers; decoding has no gradients. */
const PRODUCTS: readonly NamedProduct[] = LINEARS.flatMap((linear) => {
  const layouts: readonly MatmulLayout[] = linear.decoding ? ['nt'] : ['nt', 'nn', 'tn'];
  const { name, rows, inputs, outputs } = linear;
  const shape = `${name} ${rows}x${inputs}→${outputs}`;
  return layouts.map((layout) => ({ kernel: PURPOSE[layout], shape, layout, linear }));
});

/** Both factors and the product pass once, in f32. */
const productCost = ({ rows, inputs, outputs }: Linear): Cost => ({
  flops: 2 * rows * inputs * outputs,
  bytes: 4 * (rows * inputs + outputs * inputs + rows * outputs),
});

/** All products against the peers given, in the same order every time. */
export function productComparisons(peers: Readonly<Record<string, OpenProduct>>): Comparison[] {
  return PRODUCTS.map(({ kernel, shape, layout, linear }) => ({
    kernel,
    shape,
    peers: Object.keys(peers),
    cost: productCost(linear),
    open: async (gpu) => {
      const product = makeProduct(layout, linear);
      const openers = Object.entries(peers).map(([peer, open]) => [peer, () => open(gpu, product)] as const);
      return { ours: await openOurs(gpu, product), peers: Object.fromEntries(openers) };
    },
  }));
}
