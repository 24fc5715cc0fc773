/** What the towers make of clips is made once, kept, and found again by content. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Dataset, Example } from '../../src/data/types.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/disk.ts';
import { type FeatureCache, folderFeatureCache, memoryFeatureCache } from '../../src/io/feature-cache.ts';
import { InputError } from '../../src/math/errors.ts';
import { tf } from '../../src/media/tf-device.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { MediaTokenizer } from '../../src/rl/media-tokens.ts';
import { type Decode, FeatureStore } from '../../src/worker/features.ts';
import { frameChoice } from '../../src/worker/media-spec.ts';
import { type OpenModel, openModel } from '../../src/worker/model.ts';
import { Run } from '../../src/worker/run.ts';
import { memoryDirectory } from '../io/memory-directory.ts';
import { numbers, testGpu } from '../ops/harness.ts';

let gpu: Gpu;
let model: OpenModel;
beforeAll(async () => {
  await tf.setBackend('cpu');
  gpu = await testGpu();
  model = await openModel(await treeFromDisk('test/golden/omni-tiny'));
}, 120_000);

const SIDE = 24;
/** Frames whose colours follow from the clip's only byte; a clip of byte 255 cannot be read. */
const decode: Decode = async ({ path, files }, spec) => {
  const frames = frameChoice(spec) as number;
  const [byte = 0] = new Uint8Array(await (await files[0]!.blob()).arrayBuffer());
  if (byte === 255) throw new InputError(`${path}: broken.`);
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (byte * 7 + i) % 256);
  return {
    name: path,
    frames: Array.from({ length: frames }, () => ({ width: SIDE, height: SIDE, data })),
    frameIndices: Array.from({ length: frames }, (_, i) => i),
    waveform: numbers(8000, byte + 1, 0.1),
    durationSeconds: 0.5,
    frameCount: frames,
    fps: 16,
    width: SIDE,
    height: SIDE,
    warnings: [],
  };
};

const clip = (path: string, byte: number): Example => ({
  ...{ id: path, path, label: 'sad', writtenLabel: 'sad', question: null, answer: 'sad' },
  ...{ split: 'train', speaker: null },
  files: [{ path, blob: async () => new Blob([Uint8Array.of(byte)]) }],
});
const quiet = { weights: () => undefined, clips: () => undefined };
const store = (cache: FeatureCache) => new FeatureStore(gpu, model, cache, decode);
const never = () => false;

/** What two epochs of a run on two clips do to clips, towers and projectors, epoch by epoch. */
async function workByEpoch(values: Partial<Config>) {
  const clips = [clip('a.mp4', 1), clip('b.mp4', 2)];
  const work = { decoded: 0, towersLoaded: 0, projected: 0 };
  const counting: Decode = (example, spec) => {
    work.decoded++;
    return decode(example, spec);
  };
  const report = { ...quiet, weights: () => void work.towersLoaded++ };
  const features = new FeatureStore(gpu, model, folderFeatureCache(memoryDirectory()), counting);
  const { prepare } = features;
  features.prepare = (examples, _, stopped) => prepare.call(features, examples, report, stopped);
  const config = parseConfig({
    promptsPerStep: 2,
    groupSize: 2,
    maxCompletionLength: 2,
    question: 'Which?',
    ...values,
  });
  const data = { name: 'clips', examples: clips, issues: [], rows: 2 } as unknown as Dataset;
  using run = await Run.load({
    gpu,
    model,
    data,
    features,
    config,
    before: [],
    report: { ...quiet, kernels: () => undefined },
    trains: true,
    stopped: never,
  });
  const project = vi.spyOn(MediaTokenizer.prototype, 'tokens');
  const epochs = [];
  try {
    await run.prepareTraining();
    for (let step = 0; step < 2; step++) {
      expect((await run.takeStep()).metrics.epoch).toBe(step + 1);
      epochs.push({ ...work, encoded: features.encoded, projected: project.mock.calls.length });
    }
  } finally {
    project.mockRestore();
  }
  return epochs;
}

describe('features of clips', () => {
  it.each([
    ['adapters', {}, 0],
    ['projectors', { trainProjectors: true, loraRank: 0 }, 2],
  ] as const)(
    'serve a second epoch that trains %s without decoding a clip or loading a tower',
    async (_, values, projected) => {
      const [first, second] = await workByEpoch(values);
      expect(first).toMatchObject({ decoded: 2, encoded: 2, projected: 2 });
      expect(first!.towersLoaded).toBeGreaterThan(0);
      expect(second).toEqual({ ...first, projected: 2 + projected });
    },
  );

  it('are made once: a later visit loads no tower and sees the same', async () => {
    const cache = folderFeatureCache(memoryDirectory());
    const clips = [clip('a.mp4', 1), clip('b.mp4', 2)];
    const before = gpu.ledger.total;
    const first = store(cache);
    await first.prepare(clips, quiet, never);
    expect(first.encoded).toBe(2);
    gpu.trim();
    expect(gpu.ledger.total).toBe(before);
    const later = store(cache);
    await later.prepare([clip('renamed.mp4', 2), clip('a.mp4', 1)], quiet, never);
    expect(later.encoded).toBe(0);
    const seen = await later.load(clip('renamed.mp4', 2));
    expect(seen).toEqual(await first.load(clip('b.mp4', 2)));
    expect(seen.vision!.length).toBeGreaterThan(0);
    expect(seen.audio!.some((value) => value !== 0)).toBe(true);
    expect(seen).not.toEqual(await first.load(clip('a.mp4', 1)));
  });

  it('of a clip that cannot be read are an issue, and the rest goes on', async () => {
    const features = store(memoryFeatureCache());
    await features.prepare([clip('bad.mp4', 255), clip('good.mp4', 3)], quiet, never);
    expect(features.issues.map(({ file }) => file)).toEqual(['bad.mp4']);
    expect([features.has(clip('bad.mp4', 255)), features.has(clip('good.mp4', 3))]).toEqual([false, true]);
    await expect(features.load(clip('bad.mp4', 255))).rejects.toThrow('no longer on disk');
  });

  it('go to memory where the disk is full', async () => {
    const full: FeatureCache = {
      notes: async () => undefined,
      get: async () => undefined,
      put: async () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    };
    const features = store(full);
    await features.prepare([clip('a.mp4', 1)], quiet, never);
    expect((await features.load(clip('a.mp4', 1))).vision!.length).toBeGreaterThan(0);
  });
});

describe('the cache', () => {
  it('keeps 16 bits and never an infinity', async () => {
    const cache = memoryFeatureCache();
    await cache.put('key', { vision: Float32Array.of(1 / 3, 1e9, -1e9) });
    const { vision } = (await cache.get('key'))!;
    expect([...vision!]).toEqual([0.333251953125, 65504, -65504]);
  });

  it('takes a damaged file for none', async () => {
    const folder = memoryDirectory();
    const file = await folder.getFileHandle('key.safetensors', { create: true });
    const stream = await file.createWritable();
    await stream.write('half a file');
    await stream.close();
    expect(await folderFeatureCache(folder).get('key')).toBeUndefined();
  });
});
