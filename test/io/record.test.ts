import { beforeEach, describe, expect, it } from 'vitest';
import { copyPath, readRecord, recordText, writeRecord } from '../../src/io/sealed/record.ts';
import { MemoryStore } from './memory-store.ts';

const PATH = 'a/config.json';
const VALUE = { name: 'calm-fox', rate: 1e-6, list: [1, { deep: null }], é: true };

let store: MemoryStore;
beforeEach(async () => {
  store = new MemoryStore();
  await writeRecord(store, PATH, VALUE);
});

describe('a record', () => {
  it('is read as it was written, and lies there twice', async () => {
    expect(await readRecord(store, PATH)).toEqual({ value: VALUE, checked: true });
    expect(await store.text(PATH)).toBe(await store.text(copyPath(PATH)));
    expect(await readRecord(store, 'a/other.json')).toBeUndefined();
  });

  it('never says anything else after a flipped bit in either copy (every 17th is tried)', async () => {
    for (const path of [PATH, copyPath(PATH)]) {
      const bytes = store.files.get(path)!;
      for (let bit = 0; bit < bytes.byteLength * 8; bit += 17) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const found = await readRecord(store, PATH);
        expect(found, `bit ${bit}`).toMatchObject({ value: VALUE, checked: true });
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
    }
  });

  it.each([
    ['is missing', () => store.files.delete(PATH), /a\/config\.json is missing\. Its second copy was used/],
    ['is empty', () => store.put(PATH, ''), /is not JSON.*Its second copy was used/],
    ['is another kind of JSON', () => store.put(PATH, '[1]'), /expected a JSON object.*second copy/],
    ['is a folder', () => [store.files.delete(PATH), store.put(`${PATH}/x`, '')], /is a folder.*second copy/],
    ['is huge', () => store.files.set(PATH, new Uint8Array(9 << 20)), /9437184 bytes long, expected/],
  ])('is used by its copy, and says so, where the first %s', async (_, harm, note) => {
    harm();
    const found = await readRecord(store, PATH);
    expect(found).toMatchObject({ value: VALUE, checked: true });
    expect(found?.note).toMatch(note);
  });

  it('is refused by name where both copies are damaged', async () => {
    store.put(PATH, (await recordText(VALUE)).replace('calm', 'balm'));
    store.put(copyPath(PATH), '{');
    await expect(readRecord(store, PATH)).rejects.toThrow(
      /a\/config\.json was damaged: .* another SHA-256.*a\/config\.copy\.json is not JSON/,
    );
  });

  it('of an earlier version has no hash and is read unchecked', async () => {
    store.files.clear();
    store.put(PATH, JSON.stringify(VALUE));
    expect(await readRecord(store, PATH)).toEqual({ value: VALUE, checked: false });
  });

  it('that has lost its hash is not taken for one of an earlier version', async () => {
    store.put(PATH, JSON.stringify({ ...VALUE, rate: 1 }));
    const found = await readRecord(store, PATH);
    expect(found).toMatchObject({ value: VALUE, note: expect.stringContaining('has lost its hash') });
  });
});
