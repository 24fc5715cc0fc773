import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FileToWrite, textFile } from '../../src/io/writing/file-to-write.ts';
import type { Event, ExportPlace, ExportRequest } from '../../src/protocol/messages.ts';
import { demandSame } from '../../src/worker/export/same-weights.ts';
import { reportBrokenExport, writeExport } from '../../src/worker/export/write.ts';
import { memoryDirectory } from '../io/memory-directory.ts';

/** IndexedDB, which Node has not. */
const database = vi.hoisted(() => new Map<string, unknown>());
vi.mock('idb-keyval', () => ({
  get: async (key: string) => database.get(key),
  set: async (key: string, value: unknown) => void database.set(key, value),
  del: async (key: string) => void database.delete(key),
}));

const run = { id: 'brave-otter-1', name: 'brave-otter', step: 5 };
const PARTS = { adapter: true, checkpoint: false, handoff: false, metrics: true, rollouts: false };
const requestTo = (place: ExportPlace): ExportRequest => ({ parts: { merged: 'f32', ...PARTS }, place, run });
const nothing = () => undefined;

/** Begins a file and never goes on, as a tab that was killed. */
const killed: FileToWrite = {
  path: 'model/weights.bin',
  bytes: 8,
  async *pieces() {
    yield new Uint8Array(4);
    await new Promise(nothing);
  },
};

let root: FileSystemDirectoryHandle;
let chosen: FileSystemDirectoryHandle;

/** What the page is told at the beginning of a visit. */
async function told(): Promise<Event[]> {
  const events: Event[] = [];
  await reportBrokenExport((event) => events.push(event));
  return events;
}

/** Begins an export and leaves it when its last file has been begun. */
async function breakOff(place: ExportPlace, request?: ExportRequest): Promise<void> {
  const target = { place, archive: 'tiny.zip', ...(request ? { request } : {}) };
  const begun = vi.fn(nothing);
  void writeExport([textFile('config.json', '{}'), killed], target, begun);
  await vi.waitFor(() => expect(begun.mock.calls.length).toBeGreaterThanOrEqual(2));
}

async function namesIn(folder: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = [];
  for await (const [name] of folder.entries()) names.push(name);
  return names.sort();
}

beforeEach(() => {
  database.clear();
  root = memoryDirectory();
  chosen = memoryDirectory();
  const locks = { request: async (...args: unknown[]) => (args.at(-1) as (lock: object) => unknown)({}) };
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => root }, locks });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('an export whose tab was killed', () => {
  it('is told of with all it takes to begin it again, the chosen folder included', async () => {
    const place = { kind: 'folder', folder: chosen } as const;
    await breakOff(place, requestTo(place));
    const [event] = await told();
    expect(event).toMatchObject({
      type: 'exportBroken',
      broken: { request: requestTo(place), written: [], files: [{ path: 'config.json' }, { bytes: 8 }] },
    });
    const { request } = (event as Extract<Event, { type: 'exportBroken' }>).broken;
    expect(request?.place).toHaveProperty('folder', chosen);
  });

  it('is written over by the same one, which leaves neither mark nor memory', async () => {
    const place = { kind: 'folder', folder: chosen } as const;
    await breakOff(place, requestTo(place));
    expect(await namesIn(chosen)).toContain('manifest.json.part');
    const files = [textFile('config.json', '{"a": 1}'), textFile('model/weights.bin', 'whole')];
    const target = { place, archive: '', request: requestTo(place) };
    const written = await writeExport(files, target, nothing);
    expect(await Promise.all(written.map(({ blob }) => blob.text()))).toEqual(['{"a": 1}', 'whole']);
    expect(await namesIn(chosen)).toEqual(['config.json', 'model']);
    expect(database.size).toBe(0);
    expect(await told()).toEqual([]);
  });

  it('is told of without a request where there was none, or another export has left it', async () => {
    const place = { kind: 'archive' } as const;
    database.set('export-under-way', { started: 'earlier', request: requestTo(place) });
    await breakOff(place);
    const [bare] = await told();
    expect(bare).toHaveProperty('broken.started');
    expect(bare).not.toHaveProperty('broken.request');
    database.set('export-under-way', { started: 'another time', request: requestTo(place) });
    expect((await told())[0]).not.toHaveProperty('broken.request');
  });

  it('is told of without a request that another version of the page has left', async () => {
    const place = { kind: 'archive' } as const;
    await breakOff(place, { ...requestTo(place), parts: { merged: 'f64' } as never });
    expect(database.size).toBe(1);
    expect((await told())[0]).not.toHaveProperty('broken.request');
  });
});

it('says so when the folder of an earlier visit is gone', async () => {
  const refuse = async () => {
    throw new DOMException('gone', 'NotFoundError');
  };
  const gone = Object.assign(memoryDirectory(), { name: 'models', getFileHandle: refuse });
  const target = { place: { kind: 'folder', folder: gone } as const, archive: '' };
  await expect(writeExport([textFile('a', 'b')], target, nothing)).rejects.toMatchObject({
    message: 'The folder models is not there any more, or may not be written.',
    hint: expect.stringContaining('Save to folder'),
  });
});

describe('an export of a kept run', () => {
  it('is refused when another run, or none, is on the device', () => {
    for (const present of [undefined, { ...run, id: 'calm-heron-2' }]) {
      expect(() => demandSame(run, present)).toThrow('The run brave-otter could not be opened');
    }
  });

  it('is refused at another step, and allowed at the same', () => {
    expect(() => demandSame(run, { ...run, step: 7 })).toThrow(
      'stands at step 7; the export that broke off was of step 5',
    );
    expect(() => demandSame(run, { ...run })).not.toThrow();
  });
});
