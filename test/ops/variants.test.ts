import { describe, expect, it } from 'vitest';
import { PLAIN, type Traits } from '../../src/gpu/index.ts';
import { fastestVariant } from '../../src/ops/tuning/autotune.ts';
import {
  candidates,
  rowFor,
  VARIANTS,
  type VariantRow,
  variantFor,
  WORK,
} from '../../src/ops/tuning/variants.ts';

/** A row that no shader belongs to, for devices of 16 lanes or more. */
const MADE_UP: VariantRow<'cluster'> = {
  ...{ op: 'matmul', variant: 'cluster', kernels: ['matmul'], work: ['nt'], lanes: 16, margin: 1.05 },
  about: 'A number of workgroups share a tile.',
};
const WITH_ONE_MORE = [...VARIANTS, MADE_UP];
const LARGE: Traits = { ...PLAIN, lanes: 32 };

describe('the table of kernel variants', () => {
  it('says of each what it changes, once an operation', () => {
    const names = VARIANTS.map(({ op, variant }) => `${op} ${variant}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { about } of VARIANTS) expect(about).toMatch(/^[A-Z].{30,110}\.$/);
  });

  it('has what a GPU and a software adapter take before anything was measured, for all work', () => {
    for (const work of Object.keys(WORK)) {
      const op = work === 'attention' || work === 'decode' ? work : 'matmul';
      const usual = { matmul: ['thread', 'subgroup'], attention: ['thread', 'thread-unrolled'] };
      const [gpu, software] = op === 'decode' ? ['workgroup', 'thread'] : usual[op];
      expect(variantFor(op, { work }, LARGE)).toBe(gpu);
      expect(variantFor(op, { work }, { ...PLAIN, lanes: 4, isSoftware: true })).toBe(software);
    }
    expect(variantFor('matmul', { work: 'nt' }, { ...PLAIN, isSoftware: true })).toBe('thread');
  });

  it('keeps to what was measured where the device and the task allow it, else to what is next', () => {
    const measured = { nt: 'workgroup-f16', attention: 'subgroup', decode: 'no such variant' };
    const device = { ...LARGE, halves: true, variants: measured };
    expect(variantFor('matmul', { work: 'nt', dtype: 'bf16' }, device)).toBe('workgroup-f16');
    expect(variantFor('matmul', { work: 'nt', dtype: 'f32' }, device)).toBe('workgroup');
    expect(variantFor('matmul', { work: 'nt', dtype: 'bf16' }, { ...device, halves: false })).toBe(
      'workgroup',
    );
    expect(variantFor('matmul', { work: 'nn', dtype: 'bf16' }, device)).toBe('thread');
    expect(variantFor('attention', { work: 'attention', headDim: 64 }, device)).toBe('subgroup');
    expect(variantFor('attention', { work: 'attention', headDim: 40 }, device)).toBe('thread');
    expect(variantFor('decode', { work: 'decode' }, device)).toBe('workgroup');
  });

  it('makes a candidate of one more row, and takes it where it was found fastest', async () => {
    const task = { work: 'nt', dtype: 'f32' } as const;
    const rows = candidates(WITH_ONE_MORE, 'matmul', task, LARGE);
    expect(rows.map(({ variant }) => variant)).toEqual(['thread', 'subgroup', 'workgroup', 'cluster']);
    const timed = { thread: 4, subgroup: 2, workgroup: 3, cluster: 1 } as Record<string, number>;
    const result = Float32Array.of(1, 2);
    const { variant } = await fastestVariant(rows, async (name) => ({ ms: timed[name]!, result }));
    expect(variant).toBe('cluster');
    const device = { ...LARGE, variants: { nt: variant } };
    expect(rowFor(WITH_ONE_MORE, 'matmul', task, device)).toBe(MADE_UP);
    expect(rowFor(WITH_ONE_MORE, 'matmul', task, { ...device, lanes: 8 }).variant).toBe('thread');
    expect(candidates(WITH_ONE_MORE, 'matmul', { work: 'nn' }, LARGE)).not.toContain(MADE_UP);
  });

  it('is not left for a variant whose result differs, or that is faster by no more than its margin', async () => {
    const rows = candidates(WITH_ONE_MORE, 'matmul', { work: 'nt' }, LARGE);
    const fastest = (ms: number, values: number[]) =>
      fastestVariant(rows, async (name) =>
        name === 'cluster'
          ? { ms, result: Float32Array.from(values) }
          : { ms: 1, result: Float32Array.of(1, 2) },
      );
    expect(await fastest(0.5, [1, 2])).toMatchObject({ variant: 'cluster', ms: { cluster: 0.5 } });
    expect((await fastest(0.96, [1, 2])).variant).toBe('thread');
    const wrong = await fastest(0.5, [1, 2.1]);
    expect(wrong).toEqual({ variant: 'thread', ms: { thread: 1, subgroup: 1, workgroup: 1 } });
  });
});
