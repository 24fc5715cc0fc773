/** Clips of two sizes without files behind them, and runs on them, for models that take frames of any size. */
import type { ClipExample, Dataset } from '../../src/data/types.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import type { FeatureCache } from '../../src/io/features/feature-cache.ts';
import { startTfOnDevice } from '../../src/media/tf-device.ts';
import type { Config } from '../../src/protocol/config.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import type { Decode } from '../../src/worker/clips/decoded.ts';
import { FeatureStore } from '../../src/worker/clips/features.ts';
import type { ClipModel } from '../../src/worker/inputs/model.ts';
import { Run } from '../../src/worker/run.ts';

/** Tall clips of four frames, and wide ones of six; two frames a second. */
export const decode: Decode = async ({ path }) => {
  const [tall, seed] = [path.startsWith('tall'), path.length + path.charCodeAt(5)];
  const [width, height, count] = tall ? [56, 84, 4] : [112, 56, 6];
  const frames = Array.from({ length: count }, (_, frame) => ({
    width,
    height,
    data: Uint8Array.from({ length: 3 * width * height }, (_, i) => (seed * 37 + frame * 11 + i) % 256),
  }));
  return {
    ...{ name: path, frames, frameIndices: frames.map((_, i) => i), frameCount: count, fps: 2 },
    ...{ waveform: null, durationSeconds: count / 2, width, height, warnings: [] },
  };
};

const example = (path: string, label: string): ClipExample => ({
  ...{ id: path, label, writtenLabel: label, question: null, answer: label, speaker: null },
  media: [{ kind: 'video', path, files: [{ path, size: path.length, blob: async () => new Blob([path]) }] }],
  split: 'train',
});
export const CLIPS = [example('tall-a.mp4', 'happy'), example('wide-b.mp4', 'sad')];
const DATA = { name: 'clips', kind: 'clips', examples: CLIPS, issues: [], rows: 2 } as unknown as Dataset;
const nothing = () => undefined;
export const quiet = { weights: nothing, kernels: nothing, clips: nothing };
const never = () => false;

export const CONFIG: Partial<Config> = {
  ...{ promptsPerStep: 2, groupSize: 3, maxCompletionLength: 6, question: 'Which?', beta: 0.04 },
  ...{ loraRank: 4, loraAlpha: 8, learningRate: 1e-3, schedule: 'constant', warmupSteps: 0 },
  // A random model earns nothing; the bonus for entropy moves it all the same.
  ...{ entropyCoef: 0.1, trainProjectors: true },
};

/** A store over `cache` in which the clips are prepared. */
export async function preparedClips(
  gpu: Gpu,
  model: ClipModel,
  cache: FeatureCache,
  read = decode,
): Promise<FeatureStore> {
  const features = new FeatureStore({ gpu }, model, cache, read);
  await startTfOnDevice(gpu.device, gpu.info);
  await features.prepare(CLIPS, quiet, never);
  return features;
}

export const loadRun = (
  gpu: Gpu,
  model: ClipModel,
  features: FeatureStore,
  values: Partial<Config> = {},
): Promise<Run> =>
  Run.load({
    ...{ gpu, model, data: DATA, features, config: parseConfig({ ...CONFIG, ...values }) },
    ...{ before: [], report: quiet, trains: true, stopped: never },
  });
