import { describe, expect, it } from 'vitest';
import { PLAIN } from '../../src/gpu/index.ts';
import {
  ALONE,
  bySubgroups,
  canShareBySubgroups,
  layRows,
  TOGETHER,
  threadsOf,
} from '../../src/ops/decode/few-rows.ts';
import { tuneDecode } from '../../src/ops/decode/tune-decode.ts';
import { fakeClock } from './fake-clock.ts';
import { testGpu } from './harness.ts';

const SHAPE = { layers: 2, rows: 3, keys: 20, heads: 4, kvHeads: 2, headDim: 16 };
describe('tuning of decode steps', () => {
  it('finds the results of both ways equal, where the device has both', async () => {
    const gpu = await testGpu();
    const { total } = gpu.ledger;
    const { ms } = await tuneDecode(gpu, { shape: SHAPE });
    const ways = canShareBySubgroups(gpu.traits.lanes) ? ['workgroup', 'subgroup'] : ['workgroup'];
    expect(Object.keys(ms)).toEqual(ways);
    for (const part of ['inputs', 'activations'] as const) expect(gpu.ledger.parts()[part]).toBeUndefined();
    expect(gpu.ledger.total).toBeLessThan(total + 2 ** 20);
  });

  it('takes subgroups where they are faster, and only there', async () => {
    const gpu = await testGpu();
    const has = canShareBySubgroups(gpu.traits.lanes);
    const faster = await tuneDecode(gpu, { shape: SHAPE, now: fakeClock([8, 4]) });
    expect(faster.maker).toBe(has ? 'subgroup' : 'workgroup');
    const slower = await tuneDecode(gpu, { shape: SHAPE, now: fakeClock([4, 8]) });
    expect(slower.maker).toBe('workgroup');
  });

  it('keeps to workgroup memory where the results differ', async () => {
    const gpu = await testGpu();
    const options = { shape: SHAPE, now: fakeClock([8, 4]), difference: () => 2e-5 };
    expect(await tuneDecode(gpu, options)).toEqual({ maker: 'workgroup', ms: { workgroup: 2 } });
  });

  it('decides how a GPU works on few rows, and leaves software adapters alone', () => {
    const traits = { ...PLAIN, lanes: 32, makers: { decode: 'subgroup' } as const };
    expect(threadsOf(traits)).toEqual(bySubgroups(32));
    expect(threadsOf({ ...traits, lanes: 4 })).toEqual(TOGETHER);
    expect(threadsOf({ ...PLAIN, lanes: 32 })).toEqual(TOGETHER);
    expect(threadsOf({ ...traits, isSoftware: true })).toEqual(ALONE);
  });
});

describe('the layout of few rows by subgroups', () => {
  const lanes = (depth: number, groups: number): number =>
    layRows(bySubgroups(32), { rows: 8, depth, groups }).defines.LANES;

  it('gives a group the more threads the fewer groups there are, whole subgroups', () => {
    expect(lanes(4864, 224)).toBe(256);
    expect(lanes(896, 224)).toBe(128);
    expect(lanes(896, 2432)).toBe(64);
    expect(lanes(896, 37_984)).toBe(32);
    expect(lanes(16, 1)).toBe(32);
  });

  it('is a workgroup for each group and block of at most eight rows', () => {
    const { defines, workgroups } = layRows(bySubgroups(32), { rows: 13, depth: 896, groups: 7 });
    expect(defines).toEqual({ ROWS: 7, LANES: 128, SUBGROUPS: true, SUBGROUP: 32 });
    expect(workgroups).toEqual([7, 2, 1]);
  });
});
