import { describe, expect, it, vi } from 'vitest';
import type { Traits } from '../../src/gpu/index.ts';
import { type Findings, namedVariants } from '../../src/ops/tuning/tune.ts';
import { variantsText } from '../../src/ui/parts/variants-text.ts';
import { tuneDevice } from '../../src/worker/gpu/tuning.ts';
import { MemoryStore } from '../io/memory-store.ts';

const FOUND: Findings = {
  nt: { variant: 'subgroup', ms: { thread: 3, subgroup: 1, workgroup: 2 } },
  tn: { variant: 'thread', ms: { thread: 3 } },
};
const VARIANTS = { nt: 'subgroup', tn: 'thread' };

const device = (description = 'Some GPU', isSoftware = false, halves = false) => ({
  info: { vendor: 'maker', architecture: 'new', description },
  isSoftware,
  traits: { isSoftware, lanes: 32, halves } as Traits,
});

describe('the tuning of a device', () => {
  it('is measured once, and recalled for the same device', async () => {
    const store = new MemoryStore();
    const measure = vi.fn(async () => FOUND);
    const first = device();
    expect(await tuneDevice(first, store, measure)).toEqual(VARIANTS);
    expect(first.traits).toEqual({ isSoftware: false, lanes: 32, halves: false, variants: VARIANTS });
    const second = device();
    expect(await tuneDevice(second, store, measure)).toEqual(VARIANTS);
    expect(second.traits.variants).toEqual(VARIANTS);
    expect(measure).toHaveBeenCalledTimes(1);
  });

  it('is measured anew for another device, for a file that cannot be read, and where nothing is kept', async () => {
    const store = new MemoryStore();
    const measure = vi.fn(async () => FOUND);
    await tuneDevice(device(), store, measure);
    await tuneDevice(device('Another GPU'), store, measure);
    expect(measure).toHaveBeenCalledTimes(2);
    await store.truncate('tuning.json', 9);
    await tuneDevice(device('Another GPU'), store, measure);
    expect(measure).toHaveBeenCalledTimes(3);
    await tuneDevice(device(), undefined, measure);
    expect(measure).toHaveBeenCalledTimes(4);
    await tuneDevice(device('Another GPU', false, true), store, measure);
    expect(measure).toHaveBeenCalledTimes(5);
  });

  it.each([
    'null',
    '[]',
    '"text"',
    '{"device":NAME}',
    '{"device":NAME,"found":null}',
    '{"device":NAME,"found":[{"variant":"thread","ms":{}}]}',
    '{"device":NAME,"found":{"nt":null}}',
    '{"device":NAME,"found":{"nt":{"variant":"nobody","ms":{}}}}',
    '{"device":NAME,"found":{"nt":{"variant":"thread","ms":{"thread":"3"}}}}',
    '{"device":NAME,"found":{"nt":{"variant":"thread"}}}',
  ])('is measured anew, and kept, where the file holds %s', async (text) => {
    const store = new MemoryStore();
    const measure = vi.fn(async () => FOUND);
    await tuneDevice(device(), store, measure);
    const { device: name } = JSON.parse((await store.text('tuning.json'))!) as { device: string };
    await store.truncate('tuning.json', 0);
    const writer = await store.create('tuning.json');
    writer.write(new TextEncoder().encode(text.replace('NAME', JSON.stringify(name))));
    writer.close();
    expect(await tuneDevice(device(), store, measure)).toEqual(VARIANTS);
    expect(await tuneDevice(device(), store, measure)).toEqual(VARIANTS);
    expect(measure).toHaveBeenCalledTimes(2);
  });

  it('leaves software adapters as they are', async () => {
    const software = device('SwiftShader', true);
    const measure = vi.fn(async () => FOUND);
    expect(await tuneDevice(software, new MemoryStore(), measure)).toEqual({});
    expect(software.traits.variants).toBeUndefined();
    expect(measure).not.toHaveBeenCalled();
  });

  it('is measured anew where another version of the kernels was kept', async () => {
    const store = new MemoryStore();
    const measure = vi.fn(async () => FOUND);
    await tuneDevice(device(), store, measure);
    const text = (await store.text('tuning.json'))!;
    expect(text).toContain('"device":"5 | ');
    await store.truncate('tuning.json', 0);
    const writer = await store.create('tuning.json');
    writer.write(new TextEncoder().encode(text.replace('"5 | ', '"4 | ')));
    writer.close();
    await tuneDevice(device(), store, measure);
    expect(measure).toHaveBeenCalledTimes(2);
  });

  it('is told on the page', () => {
    const told = (variants: Record<string, string>) => variantsText(namedVariants(variants));
    expect(told({})).toBe('those usual for such a device');
    expect(told({ nt: 'subgroup', 'nt few': 'workgroup', tn: 'thread' })).toBe(
      'A·Bᵀ: subgroup, A·Bᵀ of few rows: workgroup, Aᵀ·B: thread',
    );
    expect(told({ attention: 'subgroup', decode: 'workgroup' })).toBe(
      'attention: subgroup, decode steps: workgroup',
    );
    expect(told({ 'nt 16-bit': 'workgroup-f16', 'nn 16-bit': 'workgroup' })).toBe(
      'A·Bᵀ of 16-bit weights: workgroup-f16, A·B of 16-bit weights: workgroup',
    );
  });
});
