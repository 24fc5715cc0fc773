import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type FileToWrite, openSealed, readManifest, writeSealed } from '../../src/io/sealed.ts';
import { MemoryStore } from './memory-store.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function file(name: string, ...parts: string[]): FileToWrite {
  async function* pieces() {
    for (const part of parts) yield bytes(part);
  }
  return { name, parts: pieces() };
}

let store: MemoryStore;
beforeEach(async () => {
  store = new MemoryStore();
  await writeSealed(store, 'a/b', [file('one', 'first ', 'second'), file('two')]);
});

describe('a sealed folder', () => {
  it('names every file with its size and hash, and opens', async () => {
    const sha256 = createHash('sha256').update('first second').digest('hex');
    const nothing = createHash('sha256').digest('hex');
    expect((await readManifest(store, 'a/b'))?.files).toEqual([
      { name: 'one', bytes: 12, sha256 },
      { name: 'two', bytes: 0, sha256: nothing },
    ]);
    const files = await openSealed(store, 'a/b');
    expect(await files.get('one')?.text()).toBe('first second');
  });

  it.each([
    ['has no manifest', (folder: MemoryStore) => folder.files.delete('a/b/manifest.json')],
    ['has a torn manifest', (folder: MemoryStore) => folder.put('a/b/manifest.json', '{"files": [{"na')],
    ['has a manifest of another kind', (folder: MemoryStore) => folder.put('a/b/manifest.json', 'null')],
    ['lacks a file', (folder: MemoryStore) => folder.files.delete('a/b/two')],
    ['has a file of another size', (folder: MemoryStore) => folder.put('a/b/one', 'first')],
  ])('that %s was never finished', async (_, harm) => {
    harm(store);
    expect(await readManifest(store, 'a/b')).toBeUndefined();
    await expect(openSealed(store, 'a/b')).rejects.toThrow('a/b: it was not written to its end');
  });

  it('with a changed byte is named when it is opened', async () => {
    store.put('a/b/one', 'first sec0nd');
    expect(await readManifest(store, 'a/b')).toBeDefined();
    await expect(openSealed(store, 'a/b')).rejects.toThrow(/a\/b\/one: its SHA-256 is .* it was damaged/);
  });

  it('is not finished when the device fills up on the way, nor does an older seal stand for it', async () => {
    store.room = 4;
    await expect(writeSealed(store, 'a/b', [file('one', 'other words!')])).rejects.toThrow('full');
    expect(await store.text('a/b/one')).toBe('othe');
    expect(await readManifest(store, 'a/b')).toBeUndefined();
  });
});
