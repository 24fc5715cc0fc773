/**
 * What a step has to compute and to move, from sizes alone. A multiplication with its addition counts as two operations.
 * Counted are matrix products and attention, as for model FLOPs utilisation (Chowdhery et al. 2022, arXiv 2204.02311,
 * appendix B): what is computed again for the backward does not count, nor do norms, softmax and rotary turns. Bytes are
 * the least there can be: weights once a forward, a backward or a decoded token, and what has to be kept.
 */

import { linearShapes, type Qwen2Config } from '../../decoder/qwen2.ts';
import type { LoraLinear } from '../../io/formats/peft.ts';

/** A decoder as far as its cost goes. */
export interface CostShape {
  readonly decoder: Qwen2Config;
  /** Bytes of one weight of the decoder's matrices: 2 as bf16, 4 as f32, 34/32 and 18/32 as int8 and int4. */
  readonly weightBytes: number;
  /** Adapters on these layers, in f32. */
  readonly lora?: { readonly rank: number; readonly targets: readonly LoraLinear[] };
  /** Whether the decoder's own weights get gradients. */
  readonly trainsDecoder: boolean;
}

/** One prompt and its completions, in tokens. */
export interface GroupTokens {
  readonly prompt: number;
  /** Tokens of each completion, its end token included. */
  readonly completions: readonly number[];
}

export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** Bytes of an f32. */
const F32 = 4;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** Pairs of a query and a key when each of n tokens sees itself and those before it. */
const causalPairs = (n: number): number => (n * (n + 1)) / 2;

/** Weights of the seven linear layers of all decoder layers. */
export function linearWeights(decoder: Qwen2Config): number {
  return decoder.layers * sum(Object.values(linearShapes(decoder)).map(([out, depth]) => out * depth));
}

/** Weights of all adapters: rank · (in + out) for each layer that has one. */
export function adapterWeights({ decoder, lora }: CostShape): number {
  if (!lora) return 0;
  const shapes = linearShapes(decoder);
  const ends = lora.targets.map((target) => sum(shapes[target]));
  return decoder.layers * lora.rank * sum(ends);
}

const headWeights = ({ vocabSize, hiddenSize }: Qwen2Config): number => vocabSize * hiddenSize;
/** Operations of QKᵀ and PV for one pair, in all layers. */
const pairFlops = ({ layers, heads, headDim }: Qwen2Config): number => 4 * layers * heads * headDim;
/** Bytes of one token's keys and values in all layers. */
const keyValueBytes = ({ layers, kvHeads, headDim }: Qwen2Config): number =>
  2 * F32 * layers * kvHeads * headDim;

/** Pairs of a query and a key in a packed group; the last token of a completion is predicted but never fed. */
export function packedPairs({ prompt, completions }: GroupTokens): number {
  const fed = completions.map((length) => Math.max(0, length - 1));
  return causalPairs(prompt) + sum(fed.map((length) => length * prompt + causalPairs(length)));
}

/** Tokens that a packed group feeds. */
export function packedTokens({ prompt, completions }: GroupTokens): number {
  return prompt + sum(completions.map((length) => Math.max(0, length - 1)));
}

/** Bytes of activations that all layers keep for one token: eight rows of the hidden width, three of the MLP's. */
const keptBytes = ({ layers, hiddenSize, intermediateSize }: Qwen2Config): number =>
  F32 * layers * (8 * hiddenSize + 3 * intermediateSize);

export type PassPart = 'reference' | 'forward' | 'backward';

/** What training passes over these groups cost, by part. `reference` says whether the reference reads them, too. */
export function passCost(
  shape: CostShape,
  groups: readonly GroupTokens[],
  { reference }: { readonly reference: boolean },
): Record<PassPart, Cost> {
  const { decoder, weightBytes, trainsDecoder } = shape;
  const tokens = sum(groups.map(packedTokens));
  const predictions = sum(groups.flatMap(({ completions }) => completions));
  const attention = pairFlops(decoder) * sum(groups.map(packedPairs));
  const products = 2 * (tokens * linearWeights(decoder) + predictions * headWeights(decoder));
  const adapters = 2 * tokens * adapterWeights(shape);
  const weights = weightBytes * (linearWeights(decoder) + headWeights(decoder));
  const adapterBytes = F32 * adapterWeights(shape);
  const activations = keptBytes(decoder) * tokens;
  // Of a product's two gradients, that of the weight is needed only where the weight trains.
  const gradients = trainsDecoder ? 2 : 1;
  return {
    reference: reference
      ? { flops: products + attention, bytes: weights + 2 * activations }
      : { flops: 0, bytes: 0 },
    forward: {
      flops: products + adapters + attention,
      bytes: weights + adapterBytes + 2 * activations,
    },
    backward: {
      // Attention: dV, dP, dQ and dK are a product each, against two of the forward.
      flops: gradients * products + 2 * adapters + 2 * attention,
      bytes: gradients * weights + 2 * adapterBytes + 3 * activations,
    },
  };
}

const addUp = (costs: readonly Cost[], key: keyof Cost): number => sum(costs.map((cost) => cost[key]));

/** Operations of training passes over these groups. */
export function passFlops(
  shape: CostShape,
  groups: readonly GroupTokens[],
  options: { readonly reference: boolean },
): number {
  return addUp(Object.values(passCost(shape, groups, options)), 'flops');
}

/** Bytes that training passes over these groups move at least. */
export function passBytes(
  shape: CostShape,
  groups: readonly GroupTokens[],
  options: { readonly reference: boolean },
): number {
  return addUp(Object.values(passCost(shape, groups, options)), 'bytes');
}

export type RolloutPart = 'prefill' | 'decode';

/**
 * What sampling these groups costs, by part. A prompt is read once but for its last token, without the head; then each
 * completion feeds as many tokens as it has. `rows` decode together: as many share one reading of the weights.
 */
export function rolloutCost(
  shape: CostShape,
  groups: readonly GroupTokens[],
  { rows }: { readonly rows: number },
): Record<RolloutPart, Cost> {
  const { decoder, weightBytes } = shape;
  const perToken = 2 * (linearWeights(decoder) + adapterWeights(shape));
  const read = groups.map(({ prompt }) => prompt - 1);
  const lengths = groups.flatMap(({ completions }) => completions);
  const sampled = sum(lengths);
  // A fed token sees its prompt and the completion so far: the prompt's last token is fed first.
  const pairs = sum(
    groups.flatMap(({ prompt, completions }) =>
      completions.map((length) => length * (prompt - 1) + causalPairs(length)),
    ),
  );
  const steps = Math.max(0, ...lengths, Math.ceil(sampled / rows));
  const linears = weightBytes * linearWeights(decoder) + F32 * adapterWeights(shape);
  return {
    prefill: {
      flops: perToken * sum(read) + pairFlops(decoder) * sum(read.map(causalPairs)),
      bytes: linears + keyValueBytes(decoder) * sum(read),
    },
    decode: {
      flops: sampled * (perToken + 2 * headWeights(decoder)) + pairFlops(decoder) * pairs,
      bytes:
        steps * (linears + weightBytes * headWeights(decoder)) + keyValueBytes(decoder) * (pairs + sampled),
    },
  };
}

/** Operations of sampling these groups. */
export function rolloutFlops(
  shape: CostShape,
  groups: readonly GroupTokens[],
  options: { readonly rows: number },
): number {
  return addUp(Object.values(rolloutCost(shape, groups, options)), 'flops');
}

/** Bytes that sampling these groups moves at least. */
export function rolloutBytes(
  shape: CostShape,
  groups: readonly GroupTokens[],
  options: { readonly rows: number },
): number {
  return addUp(Object.values(rolloutCost(shape, groups, options)), 'bytes');
}
