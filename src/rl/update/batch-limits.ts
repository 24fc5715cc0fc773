/** How much one recorded pass and one rollout may hold, so that every tensor fits a binding. */

import type { Qwen2Config } from '../../decoder/qwen2.ts';
import { InputError } from '../../math/errors.ts';
import { formatBytes } from '../../math/format.ts';
import type { PassSize } from './pass-arrays.ts';

/** Tokens of one forward and backward, at most. */
const MOST_TOKENS = 8192;
/** Tokens that keep a GPU busy: a pass holds more than one group only below this. More prompts follow as micro-batches. */
const BUSY_TOKENS = 4096;
/** Bytes that the activations of all layers may take until the backward. */
const KEPT_BYTES = 2 ** 30;
/** Bytes of keys and values that one rollout may keep. */
const CACHE_BYTES = 512 * 2 ** 20;

/** Tokens whose widest activation [tokens, intermediate] f32 still fits a binding of `bindingBytes`. */
const fittingTokens = ({ intermediateSize }: Qwen2Config, bindingBytes: number): number =>
  Math.floor(bindingBytes / (4 * intermediateSize));

/** Tokens that a pass over several sequences holds. */
export function tokensPerPass(decoder: Qwen2Config, bindingBytes: number): number {
  return Math.min(MOST_TOKENS, fittingTokens(decoder, bindingBytes));
}

/** Tokens that a prompt may have for a pass to hold it with a single answer of `length` tokens. */
export function promptRoom(decoder: Qwen2Config, bindingBytes: number, length: number): number {
  return fittingTokens(decoder, bindingBytes) - largestPass(1, 0, 1, length).tokens;
}

/** Bytes that all layers keep of that many tokens for the backward: eight rows of the hidden width, three of the MLP's. */
function keptBytes({ layers, hiddenSize, intermediateSize }: Qwen2Config, tokens: number): number {
  return 4 * tokens * layers * (8 * hiddenSize + 3 * intermediateSize);
}

/** The largest pass over `prompts` groups: a completion's last token is predicted but never fed. */
function largestPass(prompts: number, promptTokens: number, completions: number, length: number): PassSize {
  const fed = completions * Math.max(0, length - 1);
  return { tokens: prompts * (promptTokens + fed), predictions: prompts * completions * length };
}

export interface PassPlan {
  /** Groups of the greatest length that one pass holds. */
  readonly promptsPerPass: number;
  /** Passes that the completions of such a group are dealt into, each with the prompt; 1 where one holds them all. */
  readonly passesPerGroup: number;
  readonly largest: PassSize;
  /** Keep only each layer's input for the backward: the whole would take too much memory. */
  readonly checkpoint: boolean;
}

/** What a step's passes have to hold: `completions` of up to `length` tokens for each prompt. */
interface StepExtents {
  readonly prompts: number;
  readonly promptTokens: number;
  readonly completions: number;
  readonly length: number;
}

/**
 * How large the passes of a step are: so few that each group fits one, and all about as large. A group too long for one
 * pass is split over several. @throws InputError when a prompt with a single completion is too long
 */
export function planPasses(decoder: Qwen2Config, bindingBytes: number, step: StepExtents): PassPlan {
  const { prompts, promptTokens, completions, length } = step;
  const single = largestPass(1, promptTokens, 1, length).tokens;
  const fitting = fittingTokens(decoder, bindingBytes);
  if (single > fitting) throw tooLong(step, single, { fitting, bindingBytes });
  const most = Math.max(single, tokensPerPass(decoder, bindingBytes));
  const fed = single - promptTokens;
  const fittingBeside = fed === 0 ? completions : Math.floor((most - promptTokens) / fed);
  const passesPerGroup = Math.ceil(completions / fittingBeside);
  const perPass = Math.ceil(completions / passesPerGroup);
  const one = largestPass(1, promptTokens, perPass, length);
  const together = Math.max(1, Math.floor(Math.min(most, BUSY_TOKENS) / one.tokens));
  const passes = Math.ceil(prompts / together);
  const promptsPerPass = passesPerGroup > 1 ? 1 : Math.ceil(prompts / passes);
  const largest = largestPass(promptsPerPass, promptTokens, perPass, length);
  const checkpoint = keptBytes(decoder, largest.tokens) > KEPT_BYTES;
  return { promptsPerPass, passesPerGroup, largest, checkpoint };
}

function tooLong(
  { promptTokens, length }: StepExtents,
  single: number,
  { fitting, bindingBytes }: { fitting: number; bindingBytes: number },
): InputError {
  const room = fitting - promptTokens + 1;
  return new InputError(
    `One clip with a single answer of up to ${length} tokens is ${single} tokens; a pass of this model holds ${fitting} on this device, whose largest binding is ${formatBytes(bindingBytes)}.`,
    {
      hint:
        room > 0
          ? `Keep answers within ${room} tokens, or make the prompt of ${promptTokens} tokens shorter.`
          : `The prompt alone is ${promptTokens} tokens: make it shorter, or train on a GPU with larger bindings.`,
    },
  );
}

export interface RolloutPlan {
  /** Groups whose rows decode together. */
  readonly groups: number;
  /** Prompts that the cache has room for. */
  readonly places: number;
  /** Completions that are sampled at a time: all of those groups, or fewer of a group that no binding holds. */
  readonly rows: number;
}

/** What a rollout has to hold: `groupSize` completions of up to `length` tokens for each prompt. */
interface RolloutExtents {
  /** Prompts of one rollout, and how many of them may decode together. */
  readonly prompts: number;
  readonly together: number;
  readonly promptTokens: number;
  readonly groupSize: number;
  readonly length: number;
}

/**
 * How many groups are sampled together, as far as the cache has room, and logits and a layer's keys fit a binding. Where
 * others wait, twice as many prompts lie in the cache: the next ones enter while the last rows of a group go on. (A group of
 * one leaves no row behind.)
 */
export function planRollout(decoder: Qwen2Config, bindingBytes: number, shape: RolloutExtents): RolloutPlan {
  const { prompts, together, promptTokens, groupSize, length } = shape;
  const keyBytes = 4 * decoder.kvHeads * decoder.headDim;
  const mostRows = Math.floor(bindingBytes / (4 * decoder.vocabSize));
  const most = (placesPerGroup: number): number => {
    const bytes = keyBytes * (placesPerGroup * promptTokens + groupSize * length);
    const fitting = Math.min(
      CACHE_BYTES / (2 * decoder.layers * bytes),
      bindingBytes / bytes,
      mostRows / groupSize,
    );
    return Math.max(1, Math.min(together, Math.floor(fitting)));
  };
  const alone = most(1) >= prompts || groupSize === 1;
  const groups = most(alone ? 1 : 2);
  const places = alone ? groups : Math.min(prompts, 2 * groups);
  const besidePrompts = Math.floor((bindingBytes / keyBytes - places * promptTokens) / length);
  return { groups, places, rows: Math.max(1, Math.min(groups * groupSize, mostRows, besidePrompts)) };
}
