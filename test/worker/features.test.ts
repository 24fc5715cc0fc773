/** What the towers make of clips is made once, kept, and found again by content. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { ClipExample, Dataset } from '../../src/data/types.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import {
  type FeatureCache,
  folderFeatureCache,
  memoryFeatureCache,
} from '../../src/io/features/feature-cache.ts';
import { blobSource } from '../../src/io/files/bytes.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { openSafetensors } from '../../src/io/tensors/safetensors.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { describeError, InputError } from '../../src/math/errors.ts';
import { tf } from '../../src/media/tf-device.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { MediaTokenizer } from '../../src/rl/media/media-tokens.ts';
import type { Decode } from '../../src/worker/clips/decoded.ts';
import { FeatureStore } from '../../src/worker/clips/features.ts';
import { clipFingerprint, encoderFingerprint } from '../../src/worker/clips/fingerprint.ts';
import type { ClipModel } from '../../src/worker/inputs/model.ts';
import { Run } from '../../src/worker/run.ts';
import { memoryDirectory } from '../io/memory-directory.ts';
import { numbers, testGpu } from '../ops/harness.ts';
import { openClipModel } from './clip-model.ts';

let gpu: Gpu;
let model: ClipModel;
beforeAll(async () => {
  await tf.setBackend('cpu');
  gpu = await testGpu();
  model = await openClipModel(await treeFromDisk('test/golden/omni-tiny'));
}, 120_000);

const SIDE = 24;
/** Frames whose colours follow from the clip's only byte; a clip of byte 255 cannot be read. */
const decode: Decode = async ({ path, files }, options) => {
  const frames = options.frames as number;
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

const clip = (path: string, byte: number): ClipExample => ({
  ...{ id: path, label: 'sad', writtenLabel: 'sad', question: null, answer: 'sad' },
  ...{ split: 'train', speaker: null },
  media: [{ kind: 'video', path, files: [{ path, blob: async () => new Blob([Uint8Array.of(byte)]) }] }],
});
async function writeFile(
  folder: FileSystemDirectoryHandle,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await stream.write(bytes);
  await stream.close();
}

const quiet = { weights: () => undefined, clips: () => undefined };
const store = (cache: FeatureCache) => new FeatureStore({ gpu }, model, cache, decode);
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
  const features = new FeatureStore({ gpu }, model, folderFeatureCache(memoryDirectory()), counting);
  const { prepare } = features;
  features.prepare = (examples, _, ...rest) => prepare.call(features, examples, report, ...rest);
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
      settle: async () => undefined,
      release: () => undefined,
    };
    const features = store(full);
    await features.prepare([clip('a.mp4', 1)], quiet, never);
    expect((await features.load(clip('a.mp4', 1))).vision!.length).toBeGreaterThan(0);
  });
});

describe('features that are gone or damaged in the middle of a run', () => {
  const clips = [clip('a.mp4', 1), clip('b.mp4', 2), clip('c.mp4', 3)];

  it('are encoded again, all that are gone at once, and are what they were', async () => {
    const folder = memoryDirectory();
    const features = store(folderFeatureCache(folder));
    await features.prepare(clips, quiet, never);
    const before = await Promise.all(clips.map((each) => features.load(each)));
    for await (const [name] of folder.entries()) await folder.removeEntry(name);
    expect(await Promise.all(clips.map((each) => features.load(each)))).toEqual(before);
    expect(features.encoded).toBe(6);
    await features.load(clips[2]!);
    expect(features.encoded).toBe(6);
  });

  it('are encoded again where a byte of them changed', async () => {
    const folder = memoryDirectory();
    const features = store(folderFeatureCache(folder));
    await features.prepare(clips, quiet, never);
    const before = await features.load(clips[1]!);
    for await (const [name, handle] of folder.entries()) {
      const bytes = new Uint8Array(await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer());
      bytes[bytes.length - 1] = bytes.at(-1)! ^ 64;
      await writeFile(folder, name, bytes);
    }
    expect(await features.load(clips[1]!)).toEqual(before);
    expect(features.encoded).toBe(4);
  });

  it('are not taken from a file that was changed since', async () => {
    const folder = memoryDirectory();
    let byte = 1;
    const changing: ClipExample = {
      ...clip('a.mp4', 1),
      media: [
        {
          kind: 'video',
          path: 'a.mp4',
          files: [{ path: 'a.mp4', blob: async () => new Blob([Uint8Array.of(byte)]) }],
        },
      ],
    };
    const features = store(folderFeatureCache(folder));
    await features.prepare([changing], quiet, never);
    byte = 9;
    for await (const [name] of folder.entries()) await folder.removeEntry(name);
    await expect(features.load(changing)).rejects.toThrow(
      'a.mp4: found another clip than the run was started',
    );
  });
});

describe('what towers make', () => {
  /** The model with the last value of one tensor exchanged, far from the tensor's first bytes. */
  async function withChanged(part: 'vision' | 'main', name: string, value: number): Promise<ClipModel> {
    const { main, towers } = model.files;
    const weights = part === 'main' ? main.weights : towers.vision!.weights!;
    const tensors = weights.names().map((each) => ({
      ...weights.info(each),
      bytes: async () => {
        if (each !== name) return weights.bytes(each);
        const values = await weights.float32(name);
        values[values.length - 1] = value;
        return f32ToBytes(weights.info(name).dtype as 'F32', values);
      },
    }));
    expect(weights.has(name)).toBe(true);
    const changed = await openSafetensors(blobSource(await writeSafetensors(tensors)), 'changed');
    const files =
      part === 'main'
        ? { ...model.files, main: { ...main, weights: changed } }
        : { ...model.files, towers: { ...towers, vision: { ...towers.vision!, weights: changed } } };
    return { ...model, files };
  }
  const TENSOR = 'vision_model.encoder.layers.0.mlp.fc2.weight';

  it('is never kept where it is no number, and the clip and the tower are named', async () => {
    const folder = memoryDirectory();
    // Loading refuses weights that are not finite; this one is, and overflows at work.
    const broken = await withChanged('vision', 'vision_model.encoder.layers.0.layer_norm2.weight', 3.4e38);
    const features = new FeatureStore({ gpu }, broken, folderFeatureCache(folder), decode);
    const error = await features.prepare([clip('a.mp4', 1)], quiet, never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(describeError(error)).toMatch(
      /^a\.mp4: the vision tower made \d+ values of \d+ that are not finite.*weights of the vision tower are damaged/,
    );
    for await (const [name] of folder.entries()) expect(name).not.toMatch(/safetensors/);
  });

  it('is made anew by a repaired weight file of the same size, whichever byte was wrong', async () => {
    const [fine, one, other] = [
      model,
      await withChanged('vision', TENSOR, 0.5),
      await withChanged('vision', TENSOR, 0.25),
    ];
    const keys = await Promise.all([fine, one, other].map((each) => encoderFingerprint(each)));
    expect(new Set(keys).size).toBe(3);
    const text = await withChanged('main', 'model.layers.0.mlp.down_proj.weight', 0.5);
    expect(await encoderFingerprint(text)).toBe(keys[0]);
  });
});

describe('clips that cannot be read any more', () => {
  const failing = (path: string, error: unknown): ClipExample => ({
    ...clip(path, 1),
    media: [{ kind: 'video', path, files: [{ path, blob: () => Promise.reject(error) }] }],
  });

  it('are left out and named; the others are prepared', async () => {
    const features = store(memoryFeatureCache());
    const names = ['NotReadableError', 'NotFoundError', 'NotAllowedError'];
    const gone = names.map((name) => failing(`${name}.mp4`, new DOMException('It was changed.', name)));
    await features.prepare([...gone, clip('good.mp4', 3)], quiet, never);
    expect(features.has(clip('good.mp4', 3))).toBe(true);
    expect(features.issues.map(({ file }) => file)).toEqual(gone.map(({ id }) => id));
    for (const { reason, message, hint } of features.issues) {
      expect(reason).toBe('clip unreadable');
      expect(message).toMatch(/found a file that cannot be read \(Not\w+Error: It was changed\.\)/);
      expect(hint).toMatch(/in the cloud only/);
    }
  });

  it('are told apart from faults of the program', async () => {
    const features = store(memoryFeatureCache());
    const bug = failing('a.mp4', new TypeError('x is undefined'));
    await expect(features.prepare([bug], quiet, never)).rejects.toThrow(TypeError);
  });

  it('of many gigabytes are named by their content without being in memory at once', async () => {
    const slices: number[] = [];
    const large = (tail: number) => ({
      size: 3 * 2 ** 30,
      slice: (start: number, end: number) => {
        slices.push(end - start);
        return { arrayBuffer: async () => Uint8Array.of(start < 2 ** 31 ? 1 : tail).buffer };
      },
      arrayBuffer: () => Promise.reject(new DOMException('Too large.', 'NotReadableError')),
    });
    const example = (tail: number) => ({
      media: [
        {
          kind: 'video' as const,
          path: 'a.mp4',
          files: [{ path: 'a.mp4', blob: async () => large(tail) as unknown as Blob }],
        },
      ] as const,
    });
    expect(await clipFingerprint(example(1))).not.toBe(await clipFingerprint(example(2)));
    expect(Math.max(...slices)).toBeLessThanOrEqual(64 << 20);
  });
});

describe('the cache', () => {
  it('keeps 16 bits and never an infinity', async () => {
    const cache = memoryFeatureCache();
    await cache.put('key', { vision: Float32Array.of(1 / 3, 1e9, -1e9) });
    const { vision } = (await cache.get('key'))!;
    expect([...vision!]).toEqual([0.333251953125, 65504, -65504]);
  });

  it('never keeps a value that is no number', async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const cache of [memoryFeatureCache(), folderFeatureCache(memoryDirectory())]) {
        await expect(cache.put('key', { vision: Float32Array.of(1, value) })).rejects.toThrow(
          `vision holds ${value}, expected numbers`,
        );
        expect([await cache.notes('key'), await cache.get('key')]).toEqual([undefined, undefined]);
      }
    }
  });

  it('takes a file with any byte changed for none, or for what it was', async () => {
    const folder = memoryDirectory();
    const cache = folderFeatureCache(folder);
    const notes = { grid: '2 4 6' };
    await cache.put('key', { vision: Float32Array.of(1, 2, 3), audio: Float32Array.of(4) }, notes);
    const [whole, file] = [await cache.get('key'), await folder.getFileHandle('key.safetensors')];
    const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = damaged[at]! ^ 1;
      await writeFile(folder, 'key.safetensors', damaged);
      const [found, told] = [await cache.get('key'), await cache.notes('key')];
      if (found === undefined) refused++;
      else expect(found).toEqual(whole);
      if (told !== undefined) expect(told).toEqual(notes);
    }
    expect(refused).toBeGreaterThan(0.75 * bytes.length);
  });

  it('lets the least recently used go where its budget ends, in this visit and the next', async () => {
    let now = 1000;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now++);
    try {
      const folder = memoryDirectory();
      const entry = { vision: new Float32Array(500) };
      const there = async () => {
        const names: string[] = [];
        for await (const [name] of folder.entries())
          if (name.length === 'a.safetensors'.length) names.push(name[0]!);
        return names.sort().join('');
      };
      const one = folderFeatureCache(folder, 3500);
      for (const key of ['a', 'b', 'c']) await one.put(key, entry);
      // All three are used by the run under way, beyond the budget or not.
      expect(await there()).toBe('abc');
      await one.settle();
      one.release();
      await one.get('b');
      await one.settle();
      const later = folderFeatureCache(folder, 3500);
      await later.put('d', entry);
      expect(await there()).toBe('bd');
      await writeFile(folder, 'uses.json', new TextEncoder().encode('{"b": 12'));
      const last = folderFeatureCache(folder, 3500);
      await last.put('e', entry);
      expect((await there()).length).toBe(2);
    } finally {
      clock.mockRestore();
    }
  });

  it('makes room where the browser grants less than it said', async () => {
    let room = Number.POSITIVE_INFINITY;
    const folder = memoryDirectory(() => room);
    const cache = folderFeatureCache(folder, 1e9);
    await cache.put('old', { vision: new Float32Array(50) });
    cache.release();
    room = 10;
    await expect(cache.put('new', { vision: new Float32Array(50) })).rejects.toThrow('No room');
    expect(await cache.get('old')).toBeUndefined();
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
