import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunStorage } from '../../src/cli/headless.ts';
import { findRun, RunMirror } from '../../src/cli/run-mirror.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { checkpoint, describeRun, writeLogs } from '../worker/stored-run.ts';

const ID = 'fox-1';
let files: MemoryStore;
let out: string;
const onDisk = (name: string) => join(out, 'runs', ID, name);

/** The page's storage, as a command sees it. */
const storage = (): RunStorage => ({
  storedFiles: async (id) =>
    (await files.sizes(`runs/${id}`)).map(({ path, bytes }) => ({ name: path, size: bytes })),
  readStored: async (id, name, start, end) => {
    const bytes = files.files.get(`runs/${id}/${name}`);
    return bytes && Buffer.from(bytes.slice(start, end));
  },
  keepRun: async () => undefined,
});

beforeEach(async () => {
  out = mkdtempSync(join(tmpdir(), 'mirror-'));
  files = new MemoryStore();
  const store = new RunStore(files);
  await store.create(describeRun(ID));
  await store.save(ID, 5, checkpoint(5));
  await writeLogs(store, ID, 5);
});
afterEach(() => rmSync(out, { recursive: true }));

async function mirrored(): Promise<void> {
  const mirror = new RunMirror(storage(), out);
  mirror.follow(ID);
  await mirror.settled();
}

describe('a run on disk', () => {
  it('is all that the page keeps, without checkpoints that are being written', async () => {
    files.put(`runs/${ID}/checkpoints/step-10/unfinished`, '');
    files.put(`runs/${ID}/checkpoints/step-10/model.safetensors`, 'w');
    await mirrored();
    for (const [path, bytes] of files.files) {
      if (path.includes('step-10')) continue;
      expect(readFileSync(join(out, path)), path).toEqual(Buffer.from(bytes));
    }
    expect(findRun(out)).toMatchObject({
      id: ID,
      folder: join(out, 'runs', ID),
      config: describeRun(ID).config,
    });
  });

  it('loses the values of tokens that the page keeps no more', async () => {
    await mirrored();
    expect(readdirSync(onDisk('tokens'))).toEqual(['from-1.bin']);
    await files.remove(`runs/${ID}/tokens/from-1.bin`);
    files.put(`runs/${ID}/tokens/from-4.bin`, 'values');
    await mirrored();
    expect(readdirSync(onDisk('tokens'))).toEqual(['from-4.bin']);
    expect(readFileSync(onDisk('tokens/from-4.bin'), 'utf8')).toBe('values');
  });

  it('is found by the copy of its description that is sound, else refused with what is wrong', async () => {
    await mirrored();
    const text = readFileSync(onDisk('config.json'), 'utf8');
    const rate = /"learningRate": [^,]+/;
    for (const damage of ['', 'null', '{"config":', text.replace(rate, '"learningRate": 0.5')]) {
      writeFileSync(onDisk('config.json'), damage);
      expect(findRun(out).config).toEqual(describeRun(ID).config);
    }
    writeFileSync(onDisk('config.copy.json'), '{}');
    expect(() => findRun(out)).toThrow(/no run there can be gone on with.*config\.json: it was damaged/);
    rmSync(onDisk('config.copy.json'));
    writeFileSync(onDisk('config.json'), JSON.stringify(describeRun(ID)));
    expect(findRun(out).id).toBe(ID);
  });

  it('whose copying broke off does not count', async () => {
    for (const path of ['config.json', 'checkpoints/step-5/manifest.json', 'checkpoints/step-5/unfinished']) {
      mkdirSync(dirname(onDisk(path)), { recursive: true });
      writeFileSync(onDisk(path), '{}');
    }
    expect(() => findRun(out)).toThrow('there is no run with a checkpoint to go on from');
    await mirrored();
    expect(findRun(out).id).toBe(ID);
  });
});
