import { describe, expect, it } from 'vitest';
import {
  type DType,
  type Gpu,
  PLAIN,
  Recorder,
  type Tape,
  type Tensor,
  type Traits,
} from '../../src/gpu/index.ts';
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from '../../src/math/half.ts';
import { type MatmulLayout, matmul, tilingOf } from '../../src/ops/matmul/matmul.ts';
import { tuningWeights } from '../../src/ops/matmul/tune-matmul.ts';
import { quantisedNumbers } from '../reference/quantised.ts';
import { numbers, relativeError, runOnce, testGpu } from './harness.ts';

interface Case {
  readonly layout: MatmulLayout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** alpha · product + bias + before, in float64, with A and B laid out as the case says. */
function reference(
  { layout, m, n, k }: Case,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { alpha = 1, bias, before }: { alpha?: number; bias?: Float32Array; before?: Float32Array } = {},
): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) {
        const left = layout === 'tn' ? a[l * m + i]! : a[i * k + l]!;
        const right = layout === 'nt' ? b[j * k + l]! : b[l * n + j]!;
        sum += left * right;
      }
      c[i * n + j] = alpha * sum + (bias?.[j] ?? 0) + (before?.[i * n + j] ?? 0);
    }
  }
  return c;
}

function factors(
  gpu: Gpu,
  { layout, m, n, k }: Case,
): { a: Tensor; b: Tensor; data: [Float32Array, Float32Array] } {
  const data: [Float32Array, Float32Array] = [numbers(m * k, 3), numbers(n * k, 4)];
  const a = gpu.upload('inputs', 'a', layout === 'tn' ? [k, m] : [m, k], data[0]);
  const b = gpu.upload('inputs', 'b', layout === 'nt' ? [n, k] : [k, n], data[1]);
  return { a, b, data };
}

/** Each odd size on every axis, with split and unsplit depths, and both load paths. */
const EXTENTS = [
  [1, 1, 1],
  [7, 65, 63],
  [63, 7, 64],
  [64, 64, 65],
  [65, 1, 7],
  [1, 1000, 64],
  [8, 64, 1000],
  [64, 8, 1000],
  [5, 12, 1000],
  [12, 5, 1001],
  [36, 36, 36],
  [516, 516, 12],
  [516, 516, 7],
  [3, 3, 515],
] as const;
const LAYOUTS = ['nt', 'nn', 'tn'] as const;

const CLASSES = ['nt', 'nn', 'tn', 'nt few', 'nn few', 'tn few', 'nt 16-bit', 'nn 16-bit'];
const allBy = (variant: string): Record<string, string> =>
  Object.fromEntries(CLASSES.map((name) => [name, variant]));
const ALL_BY_WORKGROUPS = allBy('workgroup');
/** Without subgroups, as suits the processors of the tests, and by way of workgroup memory. */
const WAYS: readonly (readonly [string, (own: Traits) => Traits])[] = [
  ['by threads', () => PLAIN],
  ['by subgroups', (own) => own],
  ['by workgroups', () => ({ ...PLAIN, variants: ALL_BY_WORKGROUPS })],
];
/** With f16 where the device has it, and without where it has not. */
const byF16Workgroups = ({ halves }: Traits): Traits => ({
  ...PLAIN,
  halves,
  variants: allBy('workgroup-f16'),
});
const WAYS_OF_HALVES = [...WAYS, ['by workgroups with f16', byF16Workgroups] as const];
const PATHS_BY_FOURS: Readonly<Record<string, readonly string[]>> = {
  'by threads': ['quads', 'wideQuads', 'rowQuads'],
  'by subgroups': ['byRows'],
  'by workgroups': ['byWorkgroups'],
};
const CASES = WAYS.flatMap(([way, traitsOf]) => LAYOUTS.map((layout) => [layout, way, traitsOf] as const));

/**
 * Layouts that a type of B or an epilogue is tried in. By workgroups it is one of them, another for the next type: those kernels are long to
 * compile, and where the values lie is nothing to how they are widened.
 */
const layoutsOf = (way: string, own: 'nt' | 'nn'): readonly ('nt' | 'nn')[] =>
  way.startsWith('by workgroups') ? [own] : ['nt', 'nn'];
const OWN_LAYOUT = { bf16: 'nt', f16: 'nn', q8: 'nn', q4: 'nt' } as const;

/** Products of quantised weights: rows of whole blocks, groups that are not full, all paths, split and unsplit depths. */
const QUANTISED = {
  nt: [
    [1, 1, 32],
    [7, 5, 96],
    [9, 20, 64],
    [1, 12, 640],
    [3, 8, 640],
    [5, 7, 1056],
    [516, 516, 32],
  ],
  nn: [
    [1, 32, 1],
    [5, 96, 7],
    [9, 64, 20],
    [1, 160, 640],
    [3, 160, 640],
    [2, 32, 1001],
    [516, 544, 12],
  ],
} as const;

describe('matmul', () => {
  it.each(CASES)('%s equals the float64 product at odd sizes, %s', async (layout, _, traitsOf) => {
    const gpu = await testGpu();
    for (const [m, n, k] of EXTENTS) {
      const test = { layout, m, n, k };
      const { a, b, data } = factors(gpu, test);
      const [found] = await runOnce(
        gpu,
        'matmul',
        (tape) => {
          const out = tape.recorder.temp('c', [m, n]);
          matmul(tape.recorder, layout, { a, b, out });
          return [out];
        },
        traitsOf(gpu.traits),
      );
      const error = relativeError(found!, reference(test, ...data));
      expect(error, `${layout} ${m}x${n}x${k}`).toBeLessThanOrEqual(2e-6);
      gpu.free(a, b);
    }
  });

  it.each(CASES.filter(([layout, way]) => way !== 'by workgroups' || layout === 'nn'))(
    '%s scales, adds a bias and an addend, accumulates and is gated, whole and split, %s',
    async (layout, _, traitsOf) => {
      const gpu = await testGpu();
      for (const [m, n, k] of [
        [9, 33, 31],
        [8, 36, 32],
        [8, 36, 1024],
        [1, 36, 1024],
        [6, 9, 700],
      ] as const) {
        const test = { layout, m, n, k };
        const { a, b, data } = factors(gpu, test);
        const bias = numbers(n, 5);
        const before = numbers(m * n, 6);
        const addend = numbers(m * n, 7);
        const biasTensor = gpu.upload('inputs', 'bias', [n], bias);
        const addendTensor = gpu.upload('inputs', 'addend', [m, n], addend);
        const gate = numbers(m * n, 8, 20);
        const gateTensor = gpu.upload('inputs', 'gate', [m, n], gate);
        const target = gpu.upload('inputs', 'c', [m, n], before);
        const [found] = await runOnce(
          gpu,
          'matmul',
          (tape) => {
            matmul(tape.recorder, layout, {
              a,
              b,
              out: target,
              bias: biasTensor,
              addend: addendTensor,
              gate: gateTensor,
              alpha: -0.5,
              accumulate: true,
            });
            return [target];
          },
          traitsOf(gpu.traits),
        );
        const both = before.map((value, i) => value + addend[i]!);
        const sums = reference(test, ...data, { alpha: -0.5, bias, before: both });
        const expected = sums.map((sum, i) => (sum * gate[i]!) / (1 + Math.exp(-gate[i]!)));
        expect(relativeError(found!, expected), `${layout} ${m}x${n}x${k}`).toBeLessThanOrEqual(2e-6);
        gpu.free(a, b, biasTensor, addendTensor, gateTensor, target);
      }
    },
  );

  it.each(
    WAYS_OF_HALVES.flatMap(([way, traitsOf]) => [
      ['bf16', way, traitsOf] as const,
      ['f16', way, traitsOf] as const,
    ]),
  )('reads %s weights exactly, %s', async (dtype, way, traitsOf) => {
    const gpu = await testGpu();
    const narrow = dtype === 'bf16' ? f32ToBf16 : f32ToF16;
    const widen = dtype === 'bf16' ? bf16ToF32 : f16ToF32;
    for (const layout of layoutsOf(way, OWN_LAYOUT[dtype])) {
      for (const [m, n, k] of [
        [5, 7, 9],
        [9, 20, 64],
        [3, 8, 640],
      ] as const) {
        const words = narrow(numbers(n * k, 8));
        const weight = gpu.upload('weights', 'w', layout === 'nt' ? [n, k] : [k, n], words, dtype);
        const x = numbers(m * k, 9);
        const a = gpu.upload('inputs', 'a', [m, k], x);
        const [found] = await runOnce(
          gpu,
          'matmul',
          (tape) => {
            const out = tape.recorder.temp('c', [m, n]);
            matmul(tape.recorder, layout, { a, b: weight, out });
            return [out];
          },
          traitsOf(gpu.traits),
        );
        const expected = reference({ layout, m, n, k }, x, widen(words));
        expect(relativeError(found!, expected), `${layout} ${m}x${n}x${k}`).toBeLessThanOrEqual(2e-6);
        gpu.free(weight, a);
      }
    }
  });

  it.each(
    WAYS.flatMap(([way, traitsOf]) =>
      (['q8', 'q4'] as const).flatMap((dtype) =>
        layoutsOf(way, OWN_LAYOUT[dtype]).map((layout) => [dtype, layout, way, traitsOf] as const),
      ),
    ),
  )('reads %s weights as the values they stand for, %s, %s', async (dtype, layout, way, traitsOf) => {
    const gpu = await testGpu();
    const paths = new Set<string>();
    for (const [m, n, k] of QUANTISED[layout]) {
      const { words, values } = quantisedNumbers(n * k, dtype, 8);
      const shape = layout === 'nt' ? [n, k] : [k, n];
      const weights = [
        gpu.upload('weights', 'quantised', shape, words, dtype),
        gpu.upload('weights', 'widened', shape, values),
      ];
      const x = numbers(m * k, 9);
      const a = gpu.upload('inputs', 'a', [m, k], x);
      const traits = traitsOf(gpu.traits);
      const record = ({ recorder }: Tape) =>
        weights.map((b) => {
          const out = recorder.temp('c', [m, n]);
          matmul(recorder, layout, { a, b, out });
          return out;
        });
      const [found, widened] = await runOnce(gpu, 'matmul', record, traits);
      const what = `${m}x${n}x${k}`;
      // A scale times an integer is exact in f32, so the two products round alike.
      expect(found, what).toEqual(widened);
      expect(relativeError(found!, reference({ layout, m, n, k }, x, values)), what).toBeLessThanOrEqual(
        2e-6,
      );
      paths.add(tilingOf(layout, { m, n, k }, traits).path);
      gpu.free(a, ...weights);
    }
    expect(paths).toEqual(new Set(['scalars', ...PATHS_BY_FOURS[way]!]));
  });

  it.each([
    ['bf16', 'nt'],
    ['f16', 'nn'],
  ] as const)(
    'gives the product of %s weights by workgroups with f16 as by threads, %s',
    async (dtype, layout) => {
      const gpu = await testGpu();
      const traits = byF16Workgroups(gpu.traits);
      const tilings = new Set<string>();
      // The large one takes seconds on a processor.
      const wide = dtype === 'bf16' ? [[260, 136, 4096] as const] : [];
      for (const [m, n, k] of [...EXTENTS, ...wide]) {
        const { path, defines } = tilingOf(layout, { m, n, k }, traits, dtype);
        if (!path.startsWith('byWorkgroups')) continue;
        tilings.add(`${defines.SIDES} ${path}`);
        const words = tuningWeights(n * k);
        const narrow = dtype === 'bf16' ? words : f32ToF16(bf16ToF32(words));
        const b = gpu.upload('weights', 'w', layout === 'nt' ? [n, k] : [k, n], narrow, dtype);
        const a = gpu.upload('inputs', 'a', [m, k], numbers(m * k, 9));
        const record = ({ recorder }: Tape) => {
          const out = recorder.temp('c', [m, n]);
          matmul(recorder, layout, { a, b, out });
          return [out];
        };
        const [found] = await runOnce(gpu, 'matmul', record, traits);
        const [expected] = await runOnce(gpu, 'matmul', record, PLAIN);
        expect(relativeError(found!, expected!), `${m}x${n}x${k}`).toBeLessThanOrEqual(1e-6);
        gpu.free(a, b);
      }
      const path = gpu.traits.halves ? 'byWorkgroupsF16' : 'byWorkgroups';
      expect(tilings).toEqual(new Set([`1 ${path}`, ...wide.map(() => `2 ${path}`)]));
    },
  );

  it('rounds nothing but weights of 16 bits to f16', () => {
    const extents = { m: 512, n: 1024, k: 1024 };
    const traits = { ...PLAIN, halves: true, variants: allBy('workgroup-f16') };
    const tiling = (layout: MatmulLayout, dtype: DType) => tilingOf(layout, extents, traits, dtype);
    for (const layout of ['nt', 'nn'] as const) {
      const plain = tilingOf(layout, extents, { ...PLAIN, variants: ALL_BY_WORKGROUPS }, 'bf16');
      expect(plain).toMatchObject({ path: 'byWorkgroups', defines: { SIDES: 2 } });
      for (const dtype of ['f32', 'q8', 'q4'] as const) expect(tiling(layout, dtype)).toEqual(plain);
      for (const dtype of ['bf16', 'f16'] as const) {
        expect(tiling(layout, dtype)).toEqual({ ...plain, path: 'byWorkgroupsF16' });
        expect(tilingOf(layout, extents, { ...traits, halves: false }, dtype)).toEqual(plain);
      }
    }
    expect(tiling('tn', 'f32').path).toBe('byWorkgroups');
  });

  it('keeps weights beyond the range of f16 out of it, and no others', () => {
    const recorder = new Recorder({ ...PLAIN, halves: true, variants: allBy('workgroup-f16') });
    const [a, b] = [recorder.temp('a', [512, 1024]), recorder.temp('b', [1024, 1024], 'bf16')];
    for (const range of [undefined, { withinF16: true }, { withinF16: false }]) {
      const out = recorder.temp('c', [512, 1024]);
      matmul(recorder, 'nt', { a, b: { ...b, ...(range ? { range } : {}) }, out });
    }
    const shaders = recorder.dispatches.map(({ kernel }) => kernel.shader);
    const f16 = 'matmul/workgroup-f16';
    expect(shaders.filter((shader) => shader !== 'matmul_reduce')).toEqual([f16, f16, 'matmul/workgroup']);
  });

  it('splits long depths of few outputs only, without losing or repeating a depth', () => {
    expect(tilingOf('nt', { m: 64, n: 64, k: 511 }).splits).toBe(1);
    expect(tilingOf('nt', { m: 2048, n: 2048, k: 4096 }).splits).toBe(1);
    for (const k of [512, 1000, 1001, 4864]) {
      const { splits, depth } = tilingOf('nt', { m: 8, n: 64, k });
      expect(splits).toBeGreaterThan(1);
      expect(depth % 4).toBe(0);
      expect(splits * depth).toBeGreaterThanOrEqual(k);
      expect((splits - 1) * depth).toBeLessThan(k);
    }
  });

  it('makes wide tiles only where enough threads are left, one row where there is one, and its tests cover them', () => {
    const paths = EXTENTS.map(([m, n, k]) => LAYOUTS.map((layout) => tilingOf(layout, { m, n, k }).path));
    for (const [at, layout] of LAYOUTS.entries()) {
      // A single row that lies by depth is not contiguous.
      const row = layout === 'tn' ? [] : ['rowQuads'];
      expect(new Set(paths.map((path) => path[at]))).toEqual(
        new Set(['quads', 'wideQuads', ...row, 'scalars']),
      );
    }
    expect(tilingOf('nt', { m: 64, n: 128, k: 384 }).path).toBe('quads');
    expect(tilingOf('nt', { m: 64, n: 128, k: 896 })).toMatchObject({ path: 'wideQuads', splits: 7 });
    expect(tilingOf('nt', { m: 64, n: 896, k: 896 })).toMatchObject({ path: 'wideQuads', splits: 7 });
    expect(tilingOf('nt', { m: 1, n: 4864, k: 896 }).path).toBe('rowQuads');
  });

  it.each([4, 8, 16, 32])('gives every output to one subgroup of %d lanes, on processors only', (lanes) => {
    const traits = { ...PLAIN, isSoftware: true, lanes };
    for (const [m, n, k] of [
      [8, 4864, 896],
      [17, 128, 4864],
      [1672, 64, 64],
    ] as const) {
      const { path, tile, splits, depth, defines } = tilingOf('nt', { m, n, k }, traits);
      expect(path).toBe('byRows');
      expect(tile).toEqual([m === 8 ? 8 : 16, 4 * lanes * Number(defines.QUADS)]);
      expect(splits * depth).toBeGreaterThanOrEqual(k);
    }
    expect(tilingOf('tn', { m: 128, n: 896, k: 33 }, traits)).toMatchObject({ path: 'byDepths', splits: 1 });
    expect(tilingOf('nt', { m: 64, n: 896, k: 896 }, { ...traits, isSoftware: false }).path).toBe(
      'wideQuads',
    );
    expect(tilingOf('nt', { m: 64, n: 896, k: 897 }, traits).path).toBe('scalars');
  });

  it('gives a workgroup 128x64 outputs only where workgroups are left', async () => {
    const traits = { ...PLAIN, variants: ALL_BY_WORKGROUPS };
    const tile = (m: number, n: number, k: number) => tilingOf('nt', { m, n, k }, traits).tile;
    expect(tile(4096, 4864, 896)).toEqual([128, 64]);
    expect(tile(64, 128, 384)).toEqual([64, 64]);
    const gpu = await testGpu();
    const test = { layout: 'nt', m: 260, n: 136, k: 4096 } as const;
    const { a, b, data } = factors(gpu, test);
    const [found] = await runOnce(
      gpu,
      'matmul',
      ({ recorder }) => {
        const out = recorder.temp('c', [test.m, test.n]);
        matmul(recorder, 'nt', { a, b, out });
        return [out];
      },
      traits,
    );
    expect(tile(test.m, test.n, test.k)).toEqual([128, 64]);
    expect(relativeError(found!, reference(test, ...data))).toBeLessThanOrEqual(2e-6);
    gpu.free(a, b);
  });

  it('has subgroups on the adapters of the tests, and f16 on one of them', async () => {
    const { traits, info } = await testGpu();
    expect(traits.halves).toBe(/llvmpipe/.test(info.description));
    expect(traits.isSoftware).toBe(true);
    expect([4, 8]).toContain(traits.lanes);
  });

  it('names every shape when they do not agree', async () => {
    const gpu = await testGpu();
    const a = gpu.tensor('inputs', 'left', [2, 3]);
    const b = gpu.tensor('inputs', 'right', [5, 4]);
    const attempt = runOnce(gpu, 'matmul', (tape) => {
      matmul(tape.recorder, 'nt', { a, b, out: tape.recorder.temp('c', [2, 5]) });
      return [];
    });
    await expect(attempt).rejects.toThrow(/nt.*left\) \[2, 3\].*right\) \[5, 4\].*\[2, 5\]/);
  });
});
