/** Runs one loss case on the GPU: padded arrays in, packed through the kernels, padded gradients out. */
import { Arena, type Gpu, Plan, Recorder, type Tensor } from '../../gpu/index.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import type { LossCompletion } from '../../protocol/loss-shares.ts';
import { type LossInputs, lossBatchTensor, lossMetrics, recordLoss } from '../../rl/objective/loss.ts';
import { encodeLossBatch } from '../../rl/objective/loss-batch.ts';
import type { Matrix, PaddedBatch } from './loss-cases.ts';

export interface LossRun {
  readonly loss: number;
  readonly metrics: Record<string, number>;
  readonly gradient: Matrix;
  readonly entropyGradient: Matrix;
}

/** Positions between completions that belong to none: their gradients must stay 0. */
const GAP = 3;

interface Packing {
  readonly completions: readonly LossCompletion[];
  /** Row and column of each packed position; null for a gap. */
  readonly places: readonly (readonly [number, number] | null)[];
}

/** Each completion's valid tokens, then its padding, then a gap. */
function packingOf({ mask, advantages }: PaddedBatch): Packing {
  const places: ([number, number] | null)[] = [];
  const completions = mask.map((row, i): LossCompletion => {
    const start = places.length;
    const columns = row.map((_, t) => t);
    const valid = columns.filter((t) => row[t]! > 0);
    const padding = columns.filter((t) => !(row[t]! > 0));
    for (const t of [...valid, ...padding]) places.push([i, t]);
    for (let gap = 0; gap < GAP; gap++) places.push(null);
    return { start, length: valid.length, padding: padding.length, advantage: advantages[i]! };
  });
  return { completions, places };
}

/** Loss, metrics and gradients of `config` on `batch`. */
export async function runLoss(gpu: Gpu, config: LossConfig, batch: PaddedBatch): Promise<LossRun> {
  const { completions, places } = packingOf(batch);
  const uploaded: Tensor[] = [];
  const upload = (name: string, values: Matrix): Tensor => {
    const packed = Float32Array.from(places, (place) => (place ? values[place[0]]![place[1]]! : 0.5));
    const tensor = gpu.upload('inputs', name, [places.length], packed);
    uploaded.push(tensor);
    return tensor;
  };
  const optional = (name: string, values: Matrix | undefined) => (values ? upload(name, values) : undefined);
  const inputs: LossInputs = {
    logProbs: upload('logProbs', batch.logps),
    oldLogProbs: optional('old', batch.oldLogps),
    refLogProbs: optional('reference', batch.refLogps),
    samplerLogProbs: optional('sampler', batch.samplerLogps),
    entropies: upload('entropies', batch.entropies),
  };
  const words = lossBatchTensor(gpu, completions.length);
  gpu.write(words, encodeLossBatch(config, { ...batch, completions }));
  const recorder = new Recorder();
  const outputs = recordLoss(recorder, config, inputs, words);
  for (const tensor of Object.values(outputs)) recorder.keep(tensor);
  using arena = new Arena(gpu, 'loss case');
  using plan = await Plan.create(gpu, 'loss case', recorder, arena);
  await plan.run();
  const read = (tensor: Tensor) => gpu.read(plan.output(tensor));
  const result = await read(outputs.result);
  const gradient = unpack(await read(outputs.dLogProbs), places, batch.mask);
  const entropyGradient = unpack(await read(outputs.dEntropies), places, batch.mask);
  gpu.free(...uploaded, words);
  const { loss, ...metrics } = lossMetrics(config, result, batch.samplerLogps !== undefined);
  return { loss: loss!, metrics, gradient, entropyGradient };
}

function unpack(packed: Float32Array, places: Packing['places'], like: Matrix): number[][] {
  const padded = like.map((row) => row.map(() => 0));
  places.forEach((place, index) => {
    const value = packed[index]!;
    if (place) padded[place[0]]![place[1]] = value;
    else if (value !== 0) throw new Error(`A token of no completion got the gradient ${value}.`);
  });
  return padded;
}
