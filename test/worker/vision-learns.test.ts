/**
 * A toy Qwen2-VL that is asked for the colour of a drawn disc. Its tower is made blind to what matters: all pictures with the same disc
 * become the same tokens, whatever their colour, so that with a frozen tower nothing can be learned from them.
 */
import { describe, expect, it } from 'vitest';
import type { ClipExample, Dataset } from '../../src/data/types.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { uniform } from '../../src/math/random.ts';
import { startTfOnDevice } from '../../src/media/tf-device.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { Decode } from '../../src/worker/clips/decoded.ts';
import { FeatureStore } from '../../src/worker/clips/features.ts';
import { modelUnder } from '../../src/worker/inputs/model.ts';
import { Run } from '../../src/worker/run.ts';
import { testGpu } from '../ops/harness.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { openClipModel } from './clip-model.ts';

const SIDE = 56;
const COLOURS = { red: [220, 200, 40], blue: [40, 200, 220] } as const;
type Colour = keyof typeof COLOURS;
const GREY = 110;

/** Two frames of a disc: its place and size by the picture's number, not by its colour. */
const decode: Decode = async ({ path }) => {
  const [colour, number] = path.split('-') as [Colour, string];
  const at = (what: number): number => uniform(7, what, Number.parseInt(number, 10));
  const [x, y, radius] = [16 + 24 * at(0), 16 + 24 * at(1), 12 + 10 * at(2)];
  const data = Uint8Array.from({ length: 3 * SIDE ** 2 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const [dx, dy] = [(pixel % SIDE) - x, Math.floor(pixel / SIDE) - y];
    return dx * dx + dy * dy <= radius * radius ? COLOURS[colour][i % 3]! : GREY;
  });
  const frame = { width: SIDE, height: SIDE, data };
  return {
    ...{ name: path, frames: [frame, frame], frameIndices: [0, 1], frameCount: 2, fps: 1 },
    ...{ waveform: null, durationSeconds: 2, width: SIDE, height: SIDE, warnings: [] },
  };
};

function example(colour: Colour, number: number, split: 'train' | 'val'): ClipExample {
  const path = `${colour}-${number}.mp4`;
  const file = { path, size: path.length, blob: async () => new Blob([path]) };
  return {
    ...{
      id: path,
      label: colour,
      writtenLabel: colour,
      question: null,
      answer: colour,
      speaker: null,
      split,
    },
    media: [{ kind: 'video', path, files: [file] }],
  };
}

/** Discs of both colours by number; those held out are in other places. */
const EXAMPLES = Array.from({ length: 18 }, (_, number) =>
  (['red', 'blue'] as const).map((colour) => example(colour, number, number < 10 ? 'train' : 'val')),
).flat();
const DATA = { name: 'discs', kind: 'clips', examples: EXAMPLES, issues: [], rows: 36 } as unknown as Dataset;

const SETTINGS: Partial<Config> = {
  ...{ stage: 'sft', steps: 20, promptsPerStep: 4, learningRate: 3e-3, schedule: 'constant' },
  ...{ maxCompletionLength: 6, promptPreset: 'sft-label', question: 'Colour?' },
};
const nothing = () => undefined;
const quiet = { weights: nothing, kernels: nothing, clips: nothing };

/** The golden toy with one of its weights changed. */
async function treeWith(name: string, change: (values: Float32Array, shape: readonly number[]) => void) {
  const tree: FileTree = await qwen2VlTree('published');
  const { weights } = (await openClipModel(tree)).files.main;
  const tensors = weights.names().map((each) => {
    const { shape } = weights.info(each);
    const bytes = async () => {
      const values = Float32Array.from(await weights.float32(each));
      if (each === name) change(values, shape);
      return f32ToBytes('F32', values);
    };
    return { name: each, dtype: 'F32' as const, shape, bytes };
  });
  const others = tree.files.filter(({ path }) => path !== 'model.safetensors');
  const contents = await Promise.all(others.map(async ({ path, blob }) => [path, await blob()] as const));
  return treeFromMemory('blind', {
    ...Object.fromEntries(contents),
    'model.safetensors': await writeSafetensors(tensors),
  });
}

/** A model and what it is shown of the clips. */
async function prepare(gpu: Gpu, tree: FileTree, values: Partial<Config>) {
  const config = parseConfig({ ...SETTINGS, ...values });
  const model = modelUnder(await openClipModel(tree), config);
  const features = new FeatureStore({ gpu }, model, memoryFeatureCache(), decode);
  await startTfOnDevice(gpu.device, gpu.info);
  await features.prepare(EXAMPLES, quiet, () => false);
  return { gpu, model, features, config };
}
type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Share of the held-out discs whose colour is told, after training. */
async function accuracy({ gpu, model, features, config }: Prepared): Promise<number> {
  using run = await Run.load({
    ...{ gpu, model, data: DATA, features, config },
    ...{ before: [], report: quiet, trains: true, stopped: () => false },
  });
  await run.prepareTraining();
  for (let step = 0; step < config.steps; step++) await run.takeStep();
  const measured = await run.evaluate({ split: 'val' }, { ...quiet, answers: nothing });
  expect(measured.n).toBe(16);
  if (measured.scores) throw new Error('Colours are a closed set of labels.');
  return measured.tolerant.correct / measured.n;
}

/** A frozen tower makes the same tokens of both colours, to the bit, so no number of steps would tell them apart: a few are taken. */
const FROZEN_STEPS = 5;
async function expectBlind(gpu: Gpu, tree: FileTree, values: Partial<Config>): Promise<number> {
  const prepared = await prepare(gpu, tree, { ...values, steps: FROZEN_STEPS });
  const seen = async (example: ClipExample) => (await prepared.features.load(example)).vision!;
  for (let at = 0; at < EXAMPLES.length; at += 2)
    expect(await seen(EXAMPLES[at]!)).toEqual(await seen(EXAMPLES[at + 1]!));
  const frozen = await accuracy(prepared);
  expect(frozen).toBeLessThanOrEqual(0.5);
  return frozen;
}

/** Of patches of red, green and blue only the green is seen. */
function seeGreenAlone(kernel: Float32Array, [width = 0, channels = 0, ...rest]: readonly number[]): void {
  const size = rest.reduce((product, side) => product * side, 1);
  for (let out = 0; out < width; out++) {
    for (const channel of [0, 2]) {
      const start = (out * channels + channel) * size;
      kernel.fill(0, start, start + size);
    }
  }
}

describe('a tower that cannot tell what matters', () => {
  it('learns it where all of its weights train, and not where they are frozen', async () => {
    const gpu = await testGpu();
    const tree = await treeWith('visual.patch_embed.proj.weight', seeGreenAlone);
    const decoder = { loraRank: 0, trainDecoder: true };
    const frozen = await expectBlind(gpu, tree, decoder);
    const trained = await accuracy(await prepare(gpu, tree, { ...decoder, trainVision: true }));
    expect(trained - frozen).toBeGreaterThanOrEqual(0.3);
  }, 300_000);

  it('learns it by adapters on its linear layers, and not by those of the decoder alone', async () => {
    const gpu = await testGpu();
    const tree = await treeWith('visual.merger.mlp.2.weight', (values) => values.fill(0));
    const adapter = { loraRank: 8, loraAlpha: 16, learningRate: 1e-2, steps: 30 };
    const frozen = await expectBlind(gpu, tree, adapter);
    const trained = await accuracy(await prepare(gpu, tree, { ...adapter, loraVision: true }));
    expect(trained - frozen).toBeGreaterThanOrEqual(0.3);
  }, 300_000);
});
