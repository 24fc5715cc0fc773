/** A run of the demo's HumanOmni on clips that any decoder reads alike: folders of plain pictures, and sound that is neither compressed nor resampled. */
import { join } from 'node:path';
import type { ClipExample, Dataset } from '../../src/data/types.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileEntry } from '../../src/io/files/files.ts';
import { startTfOnDevice } from '../../src/media/tf-device.ts';
import type { RgbFrame } from '../../src/media/types.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { Decode } from '../../src/worker/clips/decoded.ts';
import { FeatureStore } from '../../src/worker/clips/features.ts';
import { handoffBundle } from '../../src/worker/export/handoff.ts';
import { Run } from '../../src/worker/run.ts';
import { numbers } from '../ops/harness.ts';
import { writeTree } from '../reference/layouts.ts';
import { openClipModel } from '../worker/clip-model.ts';
import { quiet } from '../worker/sized-clips.ts';
import { writeFiles } from './write-files.ts';

const LABELS = ['happy', 'sad', 'angry'];
const [WIDTH, HEIGHT, FRAMES, SAMPLES] = [40, 30, 4, 9000];

export const SHOWN_STEPS = 1;
const CONFIG: Partial<Config> = {
  ...{ steps: 3, promptsPerStep: 2, groupSize: 3, maxCompletionLength: 10, beta: 0.04, checkpointEvery: 3 },
  ...{ loraRank: 2, loraAlpha: 4, learningRate: 5e-3, schedule: 'constant', warmupSteps: 0 },
  ...{ trainDecoder: false, trainProjectors: false, question: 'Which emotion do face and voice show?' },
  // Random pictures earn nothing; the bonus for entropy moves the adapter all the same.
  ...{ entropyCoef: 0.1 },
};

const pictures = (clip: number): RgbFrame[] =>
  Array.from({ length: FRAMES }, (_, frame) => ({
    ...{ width: WIDTH, height: HEIGHT },
    data: Uint8Array.from(
      { length: 3 * WIDTH * HEIGHT },
      (_, i) => ((i >> 4) * (clip + 2) + 40 * frame + i) % 256,
    ),
  }));

const sound = (clip: number): Float32Array<ArrayBuffer> => Float32Array.from(numbers(SAMPLES, clip + 1, 0.3));

/** A picture as portable pixmap (P6). */
const pixmap = ({ width, height, data }: RgbFrame): Blob =>
  new Blob([`P6\n${width} ${height}\n255\n`, Uint8Array.from(data)]);

/** Sound as WAVE of 32-bit floats, one channel of 16 kHz. */
function wave(samples: Float32Array<ArrayBuffer>): Blob {
  const head = new DataView(new ArrayBuffer(44));
  const words = (at: number, text: string): void => {
    for (const [i, letter] of [...text].entries()) head.setUint8(at + i, letter.charCodeAt(0));
  };
  words(0, 'RIFF');
  head.setUint32(4, 36 + samples.byteLength, true);
  words(8, 'WAVEfmt ');
  head.setUint32(16, 16, true);
  head.setUint16(20, 3, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, 16_000, true);
  head.setUint32(28, 64_000, true);
  head.setUint16(32, 4, true);
  head.setUint16(34, 32, true);
  words(36, 'data');
  head.setUint32(40, samples.byteLength, true);
  return new Blob([head, samples]);
}

const entry = (path: string, blob: Blob): FileEntry => ({ path, size: blob.size, blob: async () => blob });

const CLIPS = LABELS.map(
  (label, clip): ClipExample => ({
    ...{ id: `clip ${clip}`, label, writtenLabel: label, question: null, answer: label, speaker: null },
    media: [
      {
        ...{ kind: 'video', path: `clips/${clip}` },
        files: pictures(clip).map((picture, frame) => entry(`clips/${clip}/${frame}.ppm`, pixmap(picture))),
      },
      { kind: 'audio', path: `clips/${clip}.wav`, files: [entry(`clips/${clip}.wav`, wave(sound(clip)))] },
    ],
    split: 'train',
  }),
);

const decode: Decode = async ({ kind, path }) => {
  const clip = Number(/\d+/.exec(path)![0]);
  const seen = kind === 'video';
  const frames = seen ? pictures(clip) : [];
  return {
    ...{
      name: path,
      frames,
      frameIndices: frames.map((_, i) => i),
      frameCount: frames.length,
      fps: seen ? 3 : 0,
    },
    ...{ waveform: seen ? null : sound(clip), durationSeconds: seen ? FRAMES / 3 : SAMPLES / 16_000 },
    ...{ width: seen ? WIDTH : 0, height: seen ? HEIGHT : 0, warnings: [] },
  };
};

/** Takes a first step; writes base and bundle, with its clips. */
export async function writeShownRun(gpu: Gpu, folder: string): Promise<void> {
  const model = await openClipModel(await treeFromDisk('public/demo/model'));
  const features = new FeatureStore({ gpu }, model, memoryFeatureCache(), decode);
  await startTfOnDevice(gpu.device, gpu.info);
  const never = (): boolean => false;
  await features.prepare(CLIPS, quiet, never);
  const data = { name: 'shown', kind: 'clips', examples: CLIPS, issues: [], rows: 3 } as unknown as Dataset;
  using run = await Run.load({
    ...{ gpu, model, data, features, config: parseConfig(CONFIG) },
    ...{ before: [], report: quiet, trains: true, stopped: never },
  });
  await run.prepareTraining();
  for (let step = 0; step < SHOWN_STEPS; step++) {
    const { metrics, seconds, groups } = await run.takeStep();
    run.recordStep({ step: step + 1, metrics, seconds });
    run.recordAnswers(step + 1, groups);
  }
  await writeTree(model.tree, join(folder, 'base'));
  await writeFiles(folder, await handoffBundle(run, { clips: true }));
}
