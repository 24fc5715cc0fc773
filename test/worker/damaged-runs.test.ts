/** Stored runs with every kind of damage to their files: none hides another, none is deleted, none is misread. */
import { beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../src/math/errors.ts';
import { randomU32 } from '../../src/math/random.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { ADAPTER, checkpoint, describeRun, free, replayed, writeLogs } from './stored-run.ts';

/** Every so many bits are flipped, and so many random mutations are made; by hand 1 and 20,000. */
const STRIDE = 499;
const MUTATIONS = 250;

let whole: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
let files: MemoryStore;
let store: RunStore;
const SMALL = /\.json$/;
const WEIGHTS = /safetensors$/;

/** Every file as it was written. */
function restore(): void {
  files = new MemoryStore();
  for (const [path, bytes] of whole) files.files.set(path, bytes.slice());
  store = new RunStore(files);
}

beforeEach(async () => {
  files = new MemoryStore();
  store = new RunStore(files);
  for (const id of ['fox-1', 'fox-2']) {
    await store.create(describeRun(id));
    await writeLogs(store, id, 3);
    await store.save(id, 3, checkpoint(3));
  }
  // What the list takes out of the logs is kept beside them.
  await store.list(free, ADAPTER);
  whole = new Map(files.files);
});

const list = () => store.list(free, ADAPTER);

/** What Resume reads of the first run. */
async function resumed() {
  const { description } = await store.describe('fox-1');
  const { state, files: found } = await store.newest('fox-1');
  const { seen } = await replayed(store, 'fox-1', state.step);
  const weights = await Promise.all([...found.values()].map((file) => file.text()));
  return { description, state, weights, seen };
}

describe('a flipped bit', () => {
  it('of any small file deletes nothing, hides nothing, and changes no setting', async () => {
    const expected = await resumed();
    for (const [path, bytes] of whole) {
      if (!SMALL.test(path) || !path.startsWith('runs/fox-1/')) continue;
      for (let bit = 0; bit < bytes.byteLength * 8; bit += STRIDE) {
        restore();
        files.files.get(path)![bit >> 3]! ^= 1 << (bit & 7);
        const { runs, damaged } = await list();
        expect(runs.map(({ id }) => id).sort(), `${path} bit ${bit}`).toEqual(['fox-1', 'fox-2']);
        expect(damaged).toEqual([]);
        expect([...files.files.keys()]).toEqual([...whole.keys()]);
        expect(await resumed()).toEqual(expected);
      }
    }
  });

  it('of weights is named on Resume and deletes nothing', async () => {
    for (const [path, bytes] of whole) {
      if (!WEIGHTS.test(path) || !path.startsWith('runs/fox-1/')) continue;
      for (let bit = 0; bit < bytes.byteLength * 8; bit += STRIDE) {
        restore();
        files.files.get(path)![bit >> 3]! ^= 1 << (bit & 7);
        await list();
        await expect(resumed()).rejects.toThrow(`${path}: its SHA-256 is`);
        expect(files.files.size).toBe(whole.size);
      }
    }
  });
});

const VALUES = ['null', '[]', '""', '-1', '1e400', '{}', 'true', '"\\u0000"', '[null]', '{"constructor":1}'];

/** A value of some JSON text replaced by another kind of value; else bytes cut, doubled or flipped. */
function mutate(bytes: Uint8Array<ArrayBuffer>, seed: number): Uint8Array<ArrayBuffer> {
  const pick = (n: number, stream: number) => randomU32(7, seed, stream) % n;
  const text = new TextDecoder().decode(bytes);
  const places = [...text.matchAll(/:\s*("[^"]*"|[-\d.e]+|true|false|null|\[|\{)/g)];
  const place = places[pick(Math.max(1, places.length), 1)];
  if (place && pick(3, 2) > 0) {
    const at = place.index + place[0].length - place[1]!.length;
    const value = VALUES[pick(VALUES.length, 3)]!;
    return new TextEncoder().encode(text.slice(0, at) + value + text.slice(at + place[1]!.length));
  }
  const at = pick(bytes.byteLength + 1, 4);
  if (pick(3, 5) === 0) return bytes.slice(0, at);
  if (pick(2, 6) === 0) return new Uint8Array([...bytes.slice(0, at), ...bytes]);
  const flipped = bytes.slice();
  for (let i = 0; i < 4; i++) flipped[pick(bytes.byteLength, 10 + i)]! ^= 1 << pick(8, 20 + i);
  return flipped;
}

describe('seeded damage', () => {
  it('to any file, in both copies or as of an earlier version, never hides the other run', async () => {
    const paths = [...whole.keys()].filter((path) => path.startsWith('runs/fox-1/'));
    for (let seed = 0; seed < MUTATIONS; seed++) {
      restore();
      const path = paths[randomU32(8, seed, 0) % paths.length]!;
      const damaged = mutate(whole.get(path)!, seed);
      files.files.set(path, damaged);
      const copy = path.replace('.copy.json', '.json').replace('.json', '.copy.json');
      const kind = randomU32(8, seed, 1) % 3;
      if (SMALL.test(path) && copy !== path && kind === 1) files.files.set(copy, damaged.slice());
      if (SMALL.test(path) && copy !== path && kind === 2) files.files.delete(copy);
      const kept = files.files.size;
      const found = await list();
      const told = [...found.runs, ...found.damaged].map(({ id }) => id).sort();
      expect(told, `seed ${seed}, ${path}`).toEqual(['fox-1', 'fox-2']);
      expect(found.runs.some(({ id }) => id === 'fox-2')).toBe(true);
      expect(files.files.size).toBe(kept);
      const error = await resumed().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) expect(error, `seed ${seed}, ${path}`).toBeInstanceOf(InputError);
    }
  });

  it.each([
    ['a folder where a file is expected', (path: string) => `${path}/x`, 'x'],
    ['an empty file', (path: string) => path, ''],
    ['a huge file', (path: string) => path, ' '.repeat(9 << 20)],
  ])('%s stops neither the list nor the other run', async (_, at, text) => {
    for (const path of [...whole.keys()].filter(
      (name) => name.startsWith('runs/fox-1/') && SMALL.test(name),
    )) {
      restore();
      files.files.delete(path);
      files.put(at(path), text);
      const { runs, damaged } = await list();
      expect([...runs, ...damaged].map(({ id }) => id).sort(), path).toEqual(['fox-1', 'fox-2']);
      await resumed().catch((error: unknown) => expect(error).toBeInstanceOf(InputError));
    }
  });

  it('odd things beside the runs are listed with their reason', async () => {
    files.put('runs/notes.txt', 'mine');
    files.put('runs/an odd name/config.json', '{');
    files.put('runs/an odd name/checkpoints/step-1/model.safetensors', 'w');
    const { runs, damaged } = await list();
    expect(runs).toHaveLength(2);
    expect(damaged).toMatchObject([
      { id: 'an odd name', reason: expect.stringContaining('config.json is not JSON') },
      { id: 'notes.txt', reason: expect.stringContaining('is a file of 4 bytes, expected a folder') },
    ]);
    expect((await store.files('an odd name')).map(({ path, bytes }) => [path, bytes])).toEqual([
      ['an odd name/config.json', 1],
      ['an odd name/checkpoints/step-1/model.safetensors', 1],
    ]);
    for (const { id } of damaged) await store.remove(id);
    expect((await list()).damaged).toEqual([]);
  });
});
