import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type FileToWrite,
  inspectSealed,
  openSealed,
  removeSealed,
  setAside,
  writeSealed,
} from '../../src/io/sealed/sealed.ts';
import { MemoryStore } from './memory-store.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function file(name: string, ...parts: string[]): FileToWrite {
  async function* pieces() {
    for (const part of parts) yield bytes(part);
  }
  return { name, parts: pieces() };
}

let store: MemoryStore;
const seal = () => inspectSealed(store, 'a/b');
const flip = (path: string, bit: number) => {
  store.files.get(path)![bit >> 3]! ^= 1 << (bit & 7);
};

beforeEach(async () => {
  store = new MemoryStore();
  await writeSealed(store, 'a/b', [
    file('one', 'first ', 'second'),
    file('two'),
    file('state.json', '{"step":', '3}'),
  ]);
});

describe('a sealed folder', () => {
  it('names every file with its size and hash, holds small JSON, and opens', async () => {
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(await seal()).toEqual({
      state: 'whole',
      notes: [],
      files: [
        { name: 'one', bytes: 12, sha256: sha256('first second') },
        { name: 'two', bytes: 0, sha256: sha256('') },
        { name: 'state.json', bytes: 10, sha256: sha256('{"step":3}'), text: '{"step":3}' },
      ],
    });
    const { files, notes } = await openSealed(store, 'a/b');
    expect(notes).toEqual([]);
    expect(await files.get('one')?.text()).toBe('first second');
  });

  it('stays whole under a flipped bit of its manifest (every 59th is tried)', async () => {
    const path = 'a/b/manifest.json';
    for (let bit = 0; bit < store.files.get(path)!.byteLength * 8; bit += 59) {
      flip(path, bit);
      expect((await seal()).state, `bit ${bit}`).toBe('whole');
      flip(path, bit);
    }
    flip(path, 100);
    expect(await openSealed(store, 'a/b')).toMatchObject({
      notes: [expect.stringMatching(/manifest\.json.*Its second copy was used/)],
    });
  });

  it('makes a small JSON file good from its manifest, and says so', async () => {
    for (const text of ['{"step":4}', '{"step":']) {
      store.put('a/b/state.json', text);
      expect((await seal()).state).toBe('whole');
      const { files, notes } = await openSealed(store, 'a/b');
      expect(await files.get('state.json')?.text()).toBe('{"step":3}');
      expect(notes.at(-1)).toMatch(/state\.json.*The manifest's copy of it was used/);
    }
  });

  it.each([
    ['lacks a file', () => store.files.delete('a/b/two'), 'a/b/two is missing, expected 0 bytes', 'files'],
    [
      'has a file of another size',
      () => store.put('a/b/one', 'first'),
      'a/b/one is 5 bytes long, expected 12',
      'files',
    ],
    [
      'lacks both manifests',
      () => ['manifest', 'manifest.copy'].map((name) => store.files.delete(`a/b/${name}.json`)),
      'a/b/manifest.json is missing',
      'manifest',
    ],
    [
      'has manifests of another kind',
      () => ['manifest', 'manifest.copy'].map((name) => store.put(`a/b/${name}.json`, 'null')),
      'a/b/manifest.json: expected a JSON object, found null',
      'manifest',
    ],
    [
      'was set aside',
      () => setAside(store, 'a/b', 'Its weights were damaged.'),
      'Its weights were damaged.',
      'files',
    ],
  ])('that %s is damaged, and not taken for unfinished', async (_, harm, reason, suspect) => {
    await harm();
    expect(await seal()).toEqual({ state: 'damaged', reason: expect.stringContaining(reason), suspect });
    await expect(openSealed(store, 'a/b')).rejects.toThrow(reason);
  });

  it.each([
    '{"files":[null]}',
    '{"files":[]}',
    '{"files":{"0":{}}}',
    '{"files":[{"name":"../one","bytes":1,"sha256":"0"}]}',
    '{"files":[{"name":"constructor"}]}',
    '{"files":[{"bytes":6,"sha256":["71"],"hasOwnProperty":"b"}]}',
  ])('is damaged where an earlier version’s manifest is %s', async (text) => {
    store.files.delete('a/b/manifest.copy.json');
    store.put('a/b/manifest.json', text);
    expect(await seal()).toMatchObject({ state: 'damaged', suspect: 'manifest' });
  });

  it('of an earlier version is read, unless its manifest leaves out a file', async () => {
    const entry = (name: string, text: string) => ({
      ...{ name, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') },
    });
    const [one, two, state] = [
      entry('one', 'first second'),
      entry('two', ''),
      entry('state.json', '{"step":3}'),
    ];
    store.files.delete('a/b/manifest.copy.json');
    store.put('a/b/manifest.json', JSON.stringify({ files: [one, two, state] }));
    expect((await openSealed(store, 'a/b')).files.size).toBe(3);
    store.put('a/b/manifest.json', JSON.stringify({ files: [one, state] }));
    expect(await seal()).toMatchObject({
      state: 'damaged',
      reason: expect.stringContaining('does not name two'),
    });
  });

  it('with a changed byte is named when it is opened', async () => {
    store.put('a/b/one', 'first sec0nd');
    expect((await seal()).state).toBe('whole');
    await expect(openSealed(store, 'a/b')).rejects.toThrow(/a\/b\/one: its SHA-256 is .* it was damaged/);
  });

  it('is unfinished when the device fills up on the way, nor does an older seal stand for it', async () => {
    // What lies there is removed first.
    store.room = 4 - [...store.files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    await expect(writeSealed(store, 'a/b', [file('one', 'other words!')])).rejects.toThrow('full');
    expect(await store.text('a/b/one')).toBe('othe');
    expect(await seal()).toEqual({ state: 'unfinished' });
    await expect(openSealed(store, 'a/b')).rejects.toThrow('a/b: it was not written to its end');
  });

  it('is known as unfinished when its removal breaks off', async () => {
    const remove = store.remove.bind(store);
    store.remove = async (path) => {
      await remove(path === 'a/b' ? 'a/b/one' : path);
    };
    await removeSealed(store, 'a/b');
    expect(await seal()).toEqual({ state: 'unfinished' });
  });
});
