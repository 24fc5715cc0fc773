/** A stored run as one file: taken out of one browser's storage and into another's, or refused by the name of what is wrong. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type FileToWrite, textFile } from '../../src/io/writing/file-to-write.ts';
import { zipPieces } from '../../src/io/writing/zip.ts';
import type { Event } from '../../src/protocol/messages.ts';
import { archived } from '../../src/worker/runs/run-archive.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { RunShelf } from '../../src/worker/runs/shelf.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { ADAPTER, checkpoint, describeRun, free, replayed, writeLogs } from './stored-run.ts';

const ID = 'fox-1';
let files: MemoryStore;
let store: RunStore;
let other: MemoryStore;

beforeEach(async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() });
  files = new MemoryStore();
  store = new RunStore(files);
  other = new MemoryStore();
  await store.create(describeRun(ID));
  await writeLogs(store, ID, 7);
  for (const step of [5, 7]) await store.save(ID, step, checkpoint(step));
  await store.annotate(ID, { name: 'baseline', tags: ['a'], notes: 'n' });
});

async function zipped(all: readonly FileToWrite[]): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of zipPieces(all)) parts.push(piece.slice());
  return new Blob(parts);
}

/** Takes an archive into the other storage; what the page is told then. */
async function taken(archive: Blob): Promise<Event[]> {
  const events: Event[] = [];
  const shelf = new RunShelf(
    new RunStore(other),
    (event) => void events.push(event),
    () => ADAPTER,
  );
  await shelf.import('run.zip', archive, () => undefined);
  return events;
}

const contentOf = (of: MemoryStore) =>
  new Map(
    [...of.files]
      .filter(([path]) => !path.endsWith('glance.json'))
      .map(([path, bytes]) => [path, [...bytes]]),
  );

it('a run as one file is the same run elsewhere, byte for byte', async () => {
  const events = await taken(await zipped(archived(ID, await store.files(ID))));
  expect(contentOf(other)).toEqual(contentOf(files));
  const there = new RunStore(other);
  const [run] = (await there.list(free, ADAPTER)).runs;
  expect(run).toMatchObject({
    id: ID,
    name: 'baseline',
    step: 7,
    about: { tags: ['a'], notes: 'n' },
    notes: [],
  });
  expect(events.at(-1)).toMatchObject({ type: 'runs', runs: [{ id: ID }], damaged: [] });
  expect(await replayed(there, ID, 7)).toEqual(await replayed(store, ID, 7));
  expect(await there.tokens(ID, 3, 0)).toEqual(await store.tokens(ID, 3, 0));
  await expect(taken(await zipped(archived(ID, await store.files(ID))))).rejects.toThrow(
    'is kept on this device already',
  );
  expect(contentOf(other)).toEqual(contentOf(files));
});

describe('a file that is no whole run', () => {
  const refused = async (all: readonly FileToWrite[], message: string | RegExp) => {
    await expect(taken(await zipped(all))).rejects.toThrow(message);
    // Nothing of it stays.
    expect(other.files.size).toBe(0);
  };
  const whole = async () => archived(ID, await store.files(ID));
  /** The files as the manifest lists them, with some of them changed after it was made. */
  async function changed(change: (files: FileToWrite[]) => FileToWrite[]): Promise<FileToWrite[]> {
    const all = await whole();
    for (const file of all) for await (const _ of file.pieces());
    return change(all);
  }

  it('is refused by the name of the damaged file, whichever it is', async () => {
    for (const { path } of (await whole()).slice(0, -1)) {
      const all = await changed((files) =>
        files.map((file) => {
          if (file.path !== path) return file;
          const flipped = async function* () {
            for await (const piece of file.pieces()) {
              const bytes = piece.slice();
              bytes[0]! ^= 1;
              yield bytes;
            }
          };
          return { ...file, pieces: flipped };
        }),
      );
      await refused(all, `the SHA-256 of ${path} is`);
    }
  });

  it('is refused where files are missing, of another size, or not on its list', async () => {
    const [first] = await whole();
    await refused(await changed((all) => all.slice(1)), `${first!.path} is missing`);
    const longer = textFile(first!.path, 'x'.repeat(first!.bytes + 1));
    await refused(await changed(([, ...rest]) => [longer, ...rest]), 'bytes long, expected');
    await refused(
      await changed((all) => [textFile(`${ID}/stray.txt`, 'x'), ...all]),
      'holds fox-1/stray.txt',
    );
    await refused(await store.files(ID), 'it holds no manifest.json; expected the archive of a run');
  });

  it.each([
    '../fox-2/config.json',
    '/etc/passwd',
    'fox-1/../../models/config.json',
    'fox-1/.hidden',
    'fox-2/config.json',
    'fox-1/a/b/c/d.json',
    'fox-1\\config.json',
  ])('writes nothing to %s', async (path) => {
    await refused(archived(ID, [...(await store.files(ID)), textFile(path, '{}')]), /.+/);
  });

  it.each(['..', 'a/b', '', '.', 'a b'])('is refused with the id "%s"', async (id) => {
    await refused(archived(id, await store.files(ID)), 'manifest.json: id: expected the id of a run');
  });

  it('is refused where the run itself cannot be gone on with', async () => {
    files.files.get(`runs/${ID}/config.json`)![20]! ^= 1;
    files.files.get(`runs/${ID}/config.copy.json`)![20]! ^= 1;
    await refused(await whole(), /config\.json/);
    await store.remove(ID);
    await store.create(describeRun(ID));
    await refused(await whole(), 'has no checkpoint that can be read');
  });

  it('is refused where there is no room, and leaves none taken', async () => {
    other.room = 2000;
    await refused(await whole(), 'There is no room for the run');
    expect(other.room).toBe(2000);
  });
});
