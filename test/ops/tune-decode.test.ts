import { describe, expect, it } from 'vitest';
import { PLAIN } from '../../src/gpu/index.ts';
import { decodeVariant, decodeVariantOf, gemvLayout } from '../../src/ops/decode/gemv.ts';
import { tuneDecode } from '../../src/ops/decode/tune-decode.ts';
import { fakeClock } from './fake-clock.ts';
import { sharingVariants, testGpu } from './harness.ts';

const WORKGROUP = { name: 'workgroup', lanes: 0 };
const SUBGROUP = decodeVariant('subgroup', { lanes: 32 });

const SHAPE = { layers: 2, rows: 3, keys: 20, heads: 4, kvHeads: 2, headDim: 16 };
describe('tuning of decode steps', () => {
  it('finds the results of both ways equal, where the device has both', async () => {
    const gpu = await testGpu();
    const { total } = gpu.ledger;
    const { ms } = await tuneDecode(gpu, { shape: SHAPE });
    expect(Object.keys(ms)).toEqual(sharingVariants(gpu).map(({ name }) => name));
    expect(Object.keys(ms)).toEqual(gpu.traits.lanes >= 8 ? ['workgroup', 'subgroup'] : ['workgroup']);
    for (const part of ['inputs', 'activations'] as const) expect(gpu.ledger.parts()[part]).toBeUndefined();
    expect(gpu.ledger.total).toBeLessThan(total + 2 ** 20);
  });

  it('takes subgroups where they are faster, and only there', async () => {
    const gpu = await testGpu();
    const has = gpu.traits.lanes >= 8;
    const faster = await tuneDecode(gpu, { shape: SHAPE, now: fakeClock([8, 4]) });
    expect(faster.variant).toBe(has ? 'subgroup' : 'workgroup');
    const slower = await tuneDecode(gpu, { shape: SHAPE, now: fakeClock([4, 8]) });
    expect(slower.variant).toBe('workgroup');
  });

  it('keeps to workgroup memory where the results differ', async () => {
    const gpu = await testGpu();
    const options = { shape: SHAPE, now: fakeClock([8, 4]), difference: () => 2e-5 };
    expect(await tuneDecode(gpu, options)).toEqual({ variant: 'workgroup', ms: { workgroup: 2 } });
  });

  it('decides what a GPU runs, and leaves software adapters that were not tuned to threads', () => {
    const traits = { ...PLAIN, lanes: 32, variants: { decode: 'subgroup' } };
    expect(decodeVariantOf(traits)).toEqual(SUBGROUP);
    expect(decodeVariantOf({ ...traits, lanes: 4 })).toEqual(WORKGROUP);
    expect(decodeVariantOf({ ...PLAIN, lanes: 32 })).toEqual(WORKGROUP);
    expect(decodeVariantOf({ ...PLAIN, lanes: 32, isSoftware: true })).toEqual({ name: 'thread', lanes: 0 });
  });
});

describe('the layout of a GEMV by subgroups', () => {
  const lanes = (depth: number, groups: number) =>
    gemvLayout(SUBGROUP, { rows: 8, depth, groups }).defines.LANES;

  it('gives a group the more threads the fewer groups there are, whole subgroups', () => {
    expect(lanes(4864, 224)).toBe(256);
    expect(lanes(896, 224)).toBe(128);
    expect(lanes(896, 2432)).toBe(64);
    expect(lanes(896, 37_984)).toBe(32);
    expect(lanes(16, 1)).toBe(32);
  });

  it('is a workgroup for each group and block of at most eight rows', () => {
    const { defines, workgroups } = gemvLayout(SUBGROUP, { rows: 13, depth: 896, groups: 7 });
    expect(defines).toEqual({ ROWS: 7, LANES: 128, SUBGROUP: 32 });
    expect(workgroups).toEqual([7, 2, 1]);
  });
});
