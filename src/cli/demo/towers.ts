/** Pre-trains the two towers, each on its own cue alone: the face's valence, the voice's arousal. */

import type { NamedArray } from '../../decoder/lora.ts';
import type { Weights } from '../../decoder/weights.ts';
import type { HumanOmniConfig } from '../../families/humanomni/parts.ts';
import { openSiglip, patchGrid, siglipFeatures } from '../../families/humanomni/siglip.ts';
import { openWhisper, whisperFeatures } from '../../families/humanomni/whisper.ts';
import { freeSegments, type Segments, uploadSegments } from '../../families/shared/encoder-layer.ts';
import { Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import { permutation } from '../../math/random.ts';
import { headLogProbs } from '../../ops/tokens/head.ts';
import { averageRows } from '../../ops/vision/pool.ts';
import { AdamW } from '../../optim/adamw.ts';
import { ParameterStore } from '../../optim/parameters.ts';

const BATCH = 8;
const CLASSIFIER = 'classifier.weight';

/** One clip's input to a tower, and whether its cue is present. */
export interface CueExample {
  readonly input: Float32Array;
  readonly present: boolean;
}

interface Tower {
  readonly label: string;
  readonly width: number;
  readonly inputShape: readonly number[];
  /** Mean features [1, width] of one clip. */
  readonly pooled: (tape: Tape, input: Tensor) => Tensor;
}

export interface CueOptions {
  readonly steps: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}

/** The vision tower's tensors after training on whether the face smiles. */
export async function trainVision(
  gpu: Gpu,
  config: HumanOmniConfig,
  tensors: readonly NamedArray[],
  examples: readonly CueExample[],
  options: CueOptions,
): Promise<NamedArray[]> {
  const patches = patchGrid(config.vision) ** 2;
  const segments = uploadSegments(gpu, 'vision', config.frames, patches);
  const { imageSize, hiddenSize } = config.vision;
  return trainTower(gpu, tensors, examples, options, segments, (open) => {
    const model = openSiglip(open, config.vision, config.visionLayer);
    return {
      label: 'vision',
      width: hiddenSize,
      inputShape: [config.frames, 3, imageSize, imageSize],
      pooled: (tape, input) =>
        averageRows(tape, siglipFeatures(tape, model, input, segments), config.frames * patches),
    };
  });
}

/** The audio tower's tensors after training on whether the voice is lively. */
export async function trainAudio(
  gpu: Gpu,
  config: HumanOmniConfig,
  tensors: readonly NamedArray[],
  examples: readonly CueExample[],
  options: CueOptions,
): Promise<NamedArray[]> {
  const audio = config.audio!;
  const segments = uploadSegments(gpu, 'audio', 1, audio.positions);
  return trainTower(gpu, tensors, examples, options, segments, (open) => {
    const model = openWhisper(open, audio);
    return {
      label: 'audio',
      width: audio.hiddenSize,
      inputShape: [audio.melBins, 2 * audio.positions],
      pooled: (tape, input) =>
        averageRows(tape, whisperFeatures(tape, model, input, segments), audio.positions),
    };
  });
}

async function trainTower(
  gpu: Gpu,
  tensors: readonly NamedArray[],
  examples: readonly CueExample[],
  { steps, learningRate, seed, log }: CueOptions,
  segments: Segments,
  open: (weights: Weights) => Tower,
): Promise<NamedArray[]> {
  const wanted = new Set<string>();
  const probe = open((name, shape) => {
    wanted.add(name);
    return { label: name, shape, dtype: 'f32', storage: { kind: 'planned', id: -1 } };
  });
  const own = tensors.filter(({ name }) => wanted.has(name));
  using store = new ParameterStore(gpu, [...own, { name: CLASSIFIER, shape: [2, probe.width] }]);
  const tower = open((name, shape) => ({ ...store.get(name), shape }));
  using optimizer = new AdamW(gpu, store, { learningRate, maxGradNorm: 1 });
  using arena = new Arena(gpu, tower.label);
  const inputs = Array.from({ length: BATCH }, (_, i) => gpu.tensor('inputs', `clip ${i}`, tower.inputShape));
  const targets = Array.from({ length: BATCH }, (_, i) => gpu.tensor('inputs', `cue ${i}`, [1], 'u32'));
  const { plan, losses } = await recordTower(gpu, arena, store, optimizer, tower, inputs, targets);
  const order = Array.from({ length: Math.ceil((steps * BATCH) / examples.length) }, (_, epoch) =>
    permutation(examples.length, seed, epoch),
  ).flat();
  let mean = 1;
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < BATCH; i++) {
      const { input, present } = examples[order[step * BATCH + i]!]!;
      gpu.write(inputs[i]!, input);
      gpu.write(targets[i]!, Uint32Array.of(present ? 1 : 0));
    }
    optimizer.setStep({});
    await plan.run();
    let loss = 0;
    for (const tensor of losses) loss -= (await gpu.read(plan.output(tensor)))[0]! / BATCH;
    mean = 0.9 * mean + 0.1 * loss;
    if ((step + 1) % 20 === 0) log(`${tower.label} tower, step ${step + 1}: loss ${mean.toFixed(3)}`);
  }
  plan[Symbol.dispose]();
  freeSegments(gpu, segments);
  gpu.free(...inputs, ...targets);
  const trained: NamedArray[] = [];
  for (const { name, shape } of own) trained.push({ name, shape, data: await store.read(name) });
  return trained;
}

async function recordTower(
  gpu: Gpu,
  arena: Arena,
  store: ParameterStore,
  optimizer: AdamW,
  tower: Tower,
  inputs: readonly Tensor[],
  targets: readonly Tensor[],
): Promise<{ plan: Plan; losses: Tensor[] }> {
  const tape = Tape.on(gpu);
  store.zeroGradients(tape.recorder);
  const one = gpu.upload('inputs', 'one', [1], new Float32Array([1]));
  const share = gpu.upload('inputs', 'share', [1], new Float32Array([-1 / inputs.length]));
  const losses = inputs.map((input, i) => {
    const features = tower.pooled(tape, input);
    const { logProbs } = headLogProbs(tape, features, [store.get(CLASSIFIER)], targets[i]!, one);
    tape.backward([[logProbs, share]]);
    return tape.recorder.keep(logProbs);
  });
  optimizer.record(tape.recorder);
  return { plan: await Plan.create(gpu, `${tower.label} tower`, tape.recorder, arena), losses };
}
