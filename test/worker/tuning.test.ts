import { describe, expect, it, vi } from 'vitest';
import type { Traits } from '../../src/gpu/index.ts';
import type { Finding } from '../../src/ops/tuning/contest.ts';
import { makersText } from '../../src/ui/parts/makers-text.ts';
import { tuneDevice } from '../../src/worker/gpu/tuning.ts';
import { MemoryStore } from '../io/memory-store.ts';

const FOUND: Record<string, Finding> = {
  nt: { maker: 'subgroup', ms: { thread: 3, subgroup: 1, workgroup: 2 } },
  tn: { maker: 'thread', ms: { thread: 3 } },
};
const MAKERS = { nt: 'subgroup', tn: 'thread' };

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
    expect(await tuneDevice(first, store, measure)).toEqual(MAKERS);
    expect(first.traits).toEqual({ isSoftware: false, lanes: 32, halves: false, makers: MAKERS });
    const second = device();
    expect(await tuneDevice(second, store, measure)).toEqual(MAKERS);
    expect(second.traits.makers).toEqual(MAKERS);
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
    '{"device":NAME,"found":[{"maker":"thread","ms":{}}]}',
    '{"device":NAME,"found":{"nt":null}}',
    '{"device":NAME,"found":{"nt":{"maker":"nobody","ms":{}}}}',
    '{"device":NAME,"found":{"nt":{"maker":"thread","ms":{"thread":"3"}}}}',
    '{"device":NAME,"found":{"nt":{"maker":"thread"}}}',
  ])('is measured anew, and kept, where the file holds %s', async (text) => {
    const store = new MemoryStore();
    const measure = vi.fn(async () => FOUND);
    await tuneDevice(device(), store, measure);
    const { device: name } = JSON.parse((await store.text('tuning.json'))!) as { device: string };
    await store.truncate('tuning.json', 0);
    const writer = await store.create('tuning.json');
    writer.write(new TextEncoder().encode(text.replace('NAME', JSON.stringify(name))));
    writer.close();
    expect(await tuneDevice(device(), store, measure)).toEqual(MAKERS);
    expect(await tuneDevice(device(), store, measure)).toEqual(MAKERS);
    expect(measure).toHaveBeenCalledTimes(2);
  });

  it('leaves software adapters as they are', async () => {
    const software = device('SwiftShader', true);
    const measure = vi.fn(async () => FOUND);
    expect(await tuneDevice(software, new MemoryStore(), measure)).toEqual({});
    expect(software.traits.makers).toBeUndefined();
    expect(measure).not.toHaveBeenCalled();
  });

  it('is told on the page', () => {
    expect(makersText({})).toBe('as is known of the device');
    expect(makersText({ nt: 'subgroup', 'nt few': 'workgroup', tn: 'thread' })).toBe(
      'A·Bᵀ by subgroups, few rows by workgroups, Aᵀ·B by threads',
    );
    expect(makersText({ attention: 'subgroup', decode: 'workgroup' })).toBe(
      'attention by subgroups, decode steps by workgroups',
    );
    expect(makersText({ 'nt 16-bit': 'f16 workgroup', 'nn 16-bit': 'workgroup' })).toBe(
      'A·Bᵀ of 16-bit weights by f16 workgroups, A·B of 16-bit weights by workgroups',
    );
  });
});
