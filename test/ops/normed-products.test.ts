import { describe, expect, it } from 'vitest';
import { type Gpu, PLAIN, type Tape, type Tensor } from '../../src/gpu/index.ts';
import { joinsGate, joinsHeads, normedGate, normedHeads } from '../../src/ops/normed-products.ts';
import { freeRopeTable, ropeAngles, ropeTable, sectionedRopeTable } from '../../src/ops/rope.ts';
import { numbers, relativeError, runOnce, testGpu } from './harness.ts';
import { type StoredFormat, storedWeight } from './stored-weight.ts';

const THETA = 1e4;
const EPS = 1e-5;
const BOUND = 1e-6;

/** Normed rows and their norm, on the device and in float64. */
function normedInput(gpu: Gpu, rows: number, depth: number) {
  const [x, norm] = [numbers(rows * depth, 1), numbers(depth, 2)];
  const row = (r: number): number[] => {
    const values = [...x.subarray(r * depth, (r + 1) * depth)];
    const root = 1 / Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / depth + EPS);
    return values.map((value, d) => value * root * norm[d]!);
  };
  return {
    input: {
      x: gpu.upload('inputs', 'x', [rows, depth], x),
      norm: gpu.upload('weights', 'norm', [depth], norm),
      eps: EPS,
    },
    plain: Array.from({ length: rows }, (_, r) => row(r)),
  };
}

/** x·Wᵀ + bias of every row, [rows][width]. */
function products(x: readonly number[][], weight: ArrayLike<number>, bias: Float32Array): number[][] {
  return x.map((row) =>
    Array.from(bias, (start, j) =>
      row.reduce((sum, value, d) => sum + value * weight[j * row.length + d]!, start),
    ),
  );
}

/** Half-split rotation by positionOf(row, pair) · theta^(-pair / half), in place. */
function turn(x: number[][], headDim: number, positionOf: (row: number, pair: number) => number): number[][] {
  const half = headDim / 2;
  x.forEach((values, row) => {
    for (let first = 0; first < values.length; first += headDim) {
      for (let i = 0; i < half; i++) {
        const angle = positionOf(row, i) * THETA ** (-i / half);
        const [re, im] = [values[first + i]!, values[first + half + i]!];
        values[first + i] = re * Math.cos(angle) - im * Math.sin(angle);
        values[first + half + i] = re * Math.sin(angle) + im * Math.cos(angle);
      }
    }
  });
  return x;
}

interface HeadsCase {
  readonly format: StoredFormat;
  readonly rows: number;
  readonly depth: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

function projectionOf(gpu: Gpu, { format, depth }: HeadsCase, width: number, seed: number) {
  const weight = storedWeight(gpu, format, [width, depth], seed);
  const bias = numbers(width, seed + 1);
  return {
    projection: { weight: weight.tensor, bias: gpu.upload('weights', 'bias', [width], bias) },
    of: (x: readonly number[][]) => products(x, weight.values, bias),
  };
}

/** Checks q, k and v against float64; `axes` positions a row where the table has sections. */
async function checkHeads(test: HeadsCase, sections?: readonly number[]): Promise<void> {
  const gpu = await testGpu();
  const { rows, depth, heads, kvHeads, headDim } = test;
  const { input, plain } = normedInput(gpu, rows, depth);
  const [q, k, v] = [heads, kvHeads, kvHeads].map((count, index) =>
    projectionOf(gpu, test, count * headDim, 10 * (index + 1)),
  ) as [ReturnType<typeof projectionOf>, ReturnType<typeof projectionOf>, ReturnType<typeof projectionOf>];
  const projections = { q: q.projection, k: k.projection, v: v.projection };
  const weights = Object.values(projections).map(({ weight }) => weight);
  if (!joinsHeads(gpu.traits, weights, headDim)) return expect(gpu.traits.lanes).toBeLessThan(8);
  const axes = sections?.length ?? 1;
  const places = Uint32Array.from({ length: rows * axes }, (_, i) => (i * 37) % 100);
  const positions = gpu.upload('inputs', 'positions', sections ? [rows, axes] : [rows], places, 'u32');
  const table = sections
    ? sectionedRopeTable(gpu, headDim, THETA, 100, sections)
    : ropeTable(gpu, headDim, THETA, 100);
  const axisOf = (sections ?? [headDim / 2]).flatMap((pairs, axis) => Array<number>(pairs).fill(axis));
  const positionOf = (row: number, pair: number): number => places[row * axes + axisOf[pair]!]!;
  const record = (tape: Tape): Tensor[] =>
    Object.values(normedHeads(tape.recorder, input, projections, ropeAngles(tape, positions, table)));
  const found = await runOnce(gpu, 'heads', record);
  const expected = [
    turn(q.of(plain), headDim, positionOf),
    turn(k.of(plain), headDim, positionOf),
    v.of(plain),
  ];
  found.forEach((values, index) => {
    expect(relativeError(values, expected[index]!.flat()), `output ${index}`).toBeLessThan(BOUND);
  });
  freeRopeTable(gpu, table);
}

describe('normed heads', () => {
  it.each<[StoredFormat, number, number, number, number, number]>([
    ['f32', 1, 4, 1, 1, 8],
    ['f32', 7, 64, 4, 2, 16],
    ['f32', 16, 36, 3, 1, 24],
    ['bf16', 17, 64, 4, 2, 16],
    ['f16', 24, 96, 2, 1, 64],
    ['q8', 63, 64, 3, 3, 32],
    ['q4', 130, 128, 5, 1, 64],
    ['f32', 65, 1000, 2, 2, 128],
  ])('%s, %i rows, depth %i, heads %i and %i of %i columns', (format, rows, depth, heads, kvHeads, headDim) =>
    checkHeads({ format, rows, depth, heads, kvHeads, headDim }),
  );

  it('turn by positions on three axes', () =>
    checkHeads({ format: 'f32', rows: 19, depth: 32, heads: 2, kvHeads: 1, headDim: 16 }, [2, 3, 3]));
});

describe('normed gate', () => {
  it.each<[StoredFormat, number, number, number]>([
    ['f32', 1, 4, 4],
    ['f32', 7, 64, 128],
    ['f32', 65, 1000, 36],
    ['bf16', 16, 64, 60],
    ['f16', 24, 96, 32],
    ['q8', 63, 64, 100],
    ['q4', 130, 128, 64],
    ['f32', 9, 64, 2052],
  ])('%s, %i rows, depth %i, %i columns', async (format, rows, depth, width) => {
    const gpu = await testGpu();
    const { input, plain } = normedInput(gpu, rows, depth);
    const [gate, up] = [3, 4].map((seed) => storedWeight(gpu, format, [width, depth], seed)) as [
      ReturnType<typeof storedWeight>,
      ReturnType<typeof storedWeight>,
    ];
    if (!joinsGate(gpu.traits, gate.tensor, up.tensor)) return expect(gpu.traits.lanes).toBeLessThan(8);
    const [found] = await runOnce(gpu, 'gate', (tape) => [
      tape.constant(() => normedGate(tape, input, gate.tensor, up.tensor)),
    ]);
    const none = new Float32Array(width);
    const ups = products(plain, up.values, none);
    const expected = products(plain, gate.values, none).flatMap((values, row) =>
      values.map((value, j) => (value / (1 + Math.exp(-value))) * ups[row]![j]!),
    );
    expect(relativeError(found!, expected)).toBeLessThan(BOUND);
  });
});

describe('who joins products', () => {
  const weight = (shape: readonly number[], dtype: Tensor['dtype'] = 'f32'): Tensor => ({
    label: 'weight',
    shape,
    dtype,
    storage: { kind: 'planned', id: 0 },
  });
  const lavapipe = { ...PLAIN, isSoftware: true, lanes: 8 };
  const joins = (shape: readonly number[], headDim = 16): boolean =>
    joinsHeads(lavapipe, [weight(shape)], headDim);

  it('is a processor with subgroups of at least eight threads', () => {
    const pair = [weight([128, 64]), weight([128, 64])] as const;
    expect(joinsGate(lavapipe, ...pair)).toBe(true);
    expect(joinsGate({ ...lavapipe, lanes: 4 }, ...pair)).toBe(false);
    expect(joinsGate({ ...lavapipe, isSoftware: false }, ...pair)).toBe(false);
  });

  it('takes weights of one format, in whole vec4s, whose vectors fit a uniform binding', () => {
    expect(joinsGate(lavapipe, weight([128, 64]), weight([128, 64], 'bf16'))).toBe(false);
    expect(joins([64, 64])).toBe(true);
    expect(joins([64, 66])).toBe(false);
    expect(joins([62, 64])).toBe(false);
    expect(joins([64, 64], 12)).toBe(false);
    expect(joins([32_768, 64])).toBe(false);
    expect(joinsGate(lavapipe, weight([32_768, 64]), weight([32_768, 64]))).toBe(true);
    expect(joinsGate(lavapipe, weight([64, 32_768]), weight([64, 32_768]))).toBe(false);
  });
});
