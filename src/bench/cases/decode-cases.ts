/** One token through a decoder layer, the last norm and a small head, behind keys kept of several hundred tokens. */
import { jit } from '@jax-js/jax';
import { openQwen2 } from '../../decoder/qwen2.ts';
import type { Gpu, Tensor } from '../../gpu/index.ts';
import { tf } from '../../media/tf-device.ts';
import { freeRopeTable } from '../../ops/attention/rope.ts';
import { rolloutCost } from '../../rl/measure/cost-model.ts';
import type { Comparison, Contestants } from '../comparison.ts';
import * as jax from '../peers/decode-jax.ts';
import * as tfjs from '../peers/decode-tfjs.ts';
import { type JaxArray, jaxArray, jaxContestant } from '../peers/jax.ts';
import { startTf, tfjsContestant } from '../peers/tfjs.ts';
import type { Contestant } from '../timing.ts';
import type { Named } from './block.ts';
import { configOf, layerWeights, weightOf } from './blocks.ts';
import { rotaryAngles } from './causal-rows.ts';
import { costShape } from './costs.ts';
import { decodeRows } from './decode-rows.ts';
import { freeAll, uploaded } from './planned.ts';
import { randomData } from './random-data.ts';
import { type DecoderShape, THETA } from './shapes.ts';

const EMBEDDING = 'embed_tokens.weight';

/** A step's extents and its numbers. */
interface DecodeData {
  readonly shape: DecoderShape;
  readonly rows: number;
  readonly promptLength: number;
  readonly extents: Named<readonly number[]>;
  /** Weights by their names in `extents`. */
  readonly weights: Named<Float32Array<ArrayBuffer>>;
  /** [kvHeads, prompt, headDim] each. */
  readonly keys: Float32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
}

function makeData(shape: DecoderShape, rows: number, promptLength: number): DecodeData {
  const { vocabSize } = configOf(shape, 1, 1);
  const extents = {
    ...layerWeights(shape),
    'norm.weight': [shape.hidden],
    [EMBEDDING]: [vocabSize, shape.hidden],
  };
  const weights = Object.entries(extents).map(([name, extent], at) => {
    const scale = extent.length === 2 ? Math.sqrt(3 / extent[1]!) : 1;
    return [name, randomData(extent, at + 1, scale)] as const;
  });
  const cache = [shape.kvHeads, promptLength, shape.headDim];
  const numbers = {
    weights: Object.fromEntries(weights),
    keys: randomData(cache, 81),
    values: randomData(cache, 82),
  };
  return { shape, rows, promptLength, extents, ...numbers };
}

/** [kvHeads, prompt, headDim] as our cache has it: [prompt, kvHeads · headDim]. */
function byToken(data: Float32Array, { shape, promptLength }: DecodeData): Float32Array<ArrayBuffer> {
  const { kvHeads, headDim } = shape;
  const width = kvHeads * headDim;
  return Float32Array.from({ length: data.length }, (_, i) => {
    const [token, head, column] = [Math.floor(i / width), Math.floor((i % width) / headDim), i % headDim];
    return data[(head * promptLength + token) * headDim + column]!;
  });
}

/** What peers are given beside the weights: the rows' input, the prompt's keys and values, and the angles of their position. */
function peerInputs(data: DecodeData): Named<{ data: Float32Array<ArrayBuffer>; extent: readonly number[] }> {
  const { shape, rows, promptLength } = data;
  const { hidden, kvHeads, headDim } = shape;
  const token = data.weights[EMBEDDING]!.slice(hidden, 2 * hidden);
  const x = Float32Array.from({ length: rows * hidden }, (_, i) => token[i % hidden]!);
  const angles = rotaryAngles(promptLength + 1, headDim, THETA);
  const last = (table: Float32Array<ArrayBuffer>) => table.slice((promptLength * headDim) / 2);
  const cache = [kvHeads, promptLength, headDim];
  return {
    x: { data: x, extent: [rows, hidden] },
    keys: { data: data.keys, extent: cache },
    values: { data: data.values, extent: cache },
    cos: { data: last(angles.cos), extent: [1, 1, headDim / 2] },
    sin: { data: last(angles.sin), extent: [1, 1, headDim / 2] },
  };
}

async function openOurs(gpu: Gpu, data: DecodeData): Promise<Contestant> {
  const { shape, rows, promptLength, extents, weights } = data;
  const tensors: Record<string, Tensor> = {};
  for (const [name, extent] of Object.entries(extents))
    tensors[name] = uploaded(gpu, name, extent, weights[name]!);
  const decoder = openQwen2(gpu, configOf(shape, promptLength + 1, 1), {
    open: (name) => weightOf(tensors, name),
    openRows: () => [tensors[EMBEDDING]!],
  });
  const prompt = { keys: byToken(data.keys, data), values: byToken(data.values, data) };
  const contestant = await decodeRows(gpu, decoder, { rows, promptLength, prompt });
  const dispose = (): void => {
    contestant.dispose();
    freeAll(gpu, Object.values(tensors));
    freeRopeTable(gpu, decoder.rope);
  };
  return { ...contestant, dispose };
}

const entriesOf = (data: DecodeData) => [
  ...Object.entries(data.extents).map(([name, extent]) => ({ name, extent, data: data.weights[name]! })),
  ...Object.entries(peerInputs(data)).map(([name, input]) => ({ name, ...input })),
];

async function openTfjs(gpu: Gpu, data: DecodeData): Promise<Contestant> {
  await startTf(gpu);
  const entries = entriesOf(data).map(
    ({ name, extent, data }) => [name, tf.tensor(data, [...extent])] as const,
  );
  const inputs = Object.fromEntries(entries);
  const contestant = tfjsContestant(gpu, () => tfjs.decodeStep(inputs, data.shape));
  const dispose = (): void => {
    contestant.dispose();
    tf.dispose(inputs);
  };
  return { ...contestant, dispose };
}

async function openJax(data: DecodeData): Promise<Contestant> {
  const inputs: Record<string, JaxArray> = {};
  for (const { name, extent, data: numbers } of entriesOf(data))
    inputs[name] = await jaxArray(numbers, extent);
  const step = jit((arrays: Record<string, JaxArray>) => jax.decodeStep(arrays, data.shape));
  const contestant = jaxContestant(() => {
    const lent = Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, array.ref]));
    return step(lent) as JaxArray[];
  });
  const dispose = (): void => {
    contestant.dispose();
    for (const array of Object.values(inputs)) array.dispose();
    step.dispose();
  };
  return { ...contestant, dispose };
}

/** Milliseconds a step of `rows` decode slots against peers, which get the prompt's keys as constants, too. */
export function decodeComparison(shape: DecoderShape, rows: number, promptLength: number): Comparison {
  const decoder = configOf(shape, promptLength + 1, 1);
  const group = { prompt: promptLength + 1, completions: Array<number>(rows).fill(1) };
  const cost = rolloutCost(costShape(decoder, false), [group], { rows });
  const open = async (gpu: Gpu): Promise<Contestants> => {
    const data = makeData(shape, rows, promptLength);
    const peers = { tfjs: () => openTfjs(gpu, data), 'jax-js': () => openJax(data) };
    return { ours: await openOurs(gpu, data), peers };
  };
  return {
    kernel: 'decode step',
    shape: `${shape.name} 1 layer, ${promptLength} keys, G ${rows}`,
    peers: ['tfjs', 'jax-js'],
    cost: cost.decode,
    open,
  };
}
