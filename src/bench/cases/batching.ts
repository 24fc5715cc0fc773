/** Continuous batching: decode slots take the next completion when one ends, against batches that wait for their longest. */

import type { Qwen2Config } from '../../decoder/qwen2.ts';
import type { PromptTokens } from '../../families/api.ts';
import { Arena, type Gpu } from '../../gpu/index.ts';
import type { SamplingSettings } from '../../ops/tokens/sampling.ts';
import { type Cost, rolloutCost } from '../../rl/measure/cost-model.ts';
import type { MediaTokens } from '../../rl/media/media-input.ts';
import { type Completion, Generator, type LimitOf } from '../../rl/rollout/generator.ts';
import type { Comparison } from '../comparison.ts';
import type { Contestant } from '../timing.ts';
import { configOf } from './blocks.ts';
import { costShape, perUnit, sumCosts } from './costs.ts';
import { randomDecoder } from './random-decoder.ts';
import type { DecoderShape } from './shapes.ts';

/** Completions of a prompt, and decode slots. */
const GROUP = 8;
const PROMPT_TOKENS = 64;
const VOCABULARY = 384;
const NO_MEDIA: MediaTokens = { rows: new Float32Array(0) };
const SAMPLING: SamplingSettings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: 1,
  step: 0,
};

export interface BatchingSize {
  readonly prompts: number;
  /** Tokens of the shortest completion; the longest has eight times as many. */
  readonly shortest: number;
}

/** Every group holds each of the lengths 1 : 2 : … : 8 once, in an order of its own. */
export const spreadLimit =
  (shortest: number): LimitOf =>
  (prompt, index) =>
    shortest * (1 + ((3 * index + 5 * prompt) % GROUP));

type Generate = () => Promise<Completion[]>;

const makePrompts = (count: number): PromptTokens[] =>
  Array.from({ length: count }, (_, prompt) => ({
    ids: Uint32Array.from({ length: PROMPT_TOKENS }, (_, i) => (7 * prompt + i) % VOCABULARY),
  }));

/** All completions at once: as decode slots become free, waiting completions begin. */
function continuous(generator: Generator, { prompts, shortest }: BatchingSize): Generate {
  const options = { limit: spreadLimit(shortest) };
  return async () =>
    (await generator.generate(makePrompts(prompts), SAMPLING, () => NO_MEDIA, options)).flat();
}

/** A batch is one prompt's group; the next begins when its longest completion is done. The tokens drawn are the same. */
function inBatches(generator: Generator, { prompts, shortest }: BatchingSize): Generate {
  const limitOf = spreadLimit(shortest);
  return async () => {
    const all: Completion[] = [];
    for (const [at, prompt] of makePrompts(prompts).entries()) {
      const limit: LimitOf = (_, index) => limitOf(at, index);
      const settings = { ...SAMPLING, firstRow: GROUP * at };
      all.push(...(await generator.generate([prompt], settings, () => NO_MEDIA, { limit })).flat());
    }
    return all;
  };
}

const countTokens = (completions: readonly Completion[]): number =>
  completions.reduce((sum, { ids }) => sum + ids.length, 0);

/** Times are per token; the first run, which also compiles, counts them. */
async function rollout(gpu: Gpu, generate: Generate): Promise<Contestant> {
  let drawn = await generate();
  return {
    units: countTokens(drawn),
    start: async () => {
      drawn = await generate();
    },
    settle: () => gpu.device.queue.onSubmittedWorkDone(),
    result: async () => Float32Array.from(drawn.flatMap(({ ids }) => [...ids])),
    dispose: () => undefined,
  };
}

/** Of one token: the rollout's, shared by all. */
function tokenCost(config: Qwen2Config, { prompts, shortest }: BatchingSize): Cost {
  const limitOf = spreadLimit(shortest);
  const groups = Array.from({ length: prompts }, (_, prompt) => ({
    prompt: PROMPT_TOKENS,
    completions: Array.from({ length: GROUP }, (_, index) => limitOf(prompt, index)),
  }));
  const { prefill, decode } = rolloutCost(costShape(config, false), groups, { rows: GROUP });
  const tokens = groups.flatMap(({ completions }) => completions).reduce((sum, length) => sum + length, 0);
  return perUnit(sumCosts([prefill, decode]), tokens);
}

/** Milliseconds a token of continuous batching against static batches, the lengths spread 1 : 8. */
export function batchingComparison(shape: DecoderShape, layers: number, size: BatchingSize): Comparison {
  const longest = GROUP * size.shortest;
  const config = { ...configOf(shape, PROMPT_TOKENS + longest, layers), vocabSize: VOCABULARY };
  const extents = {
    rows: GROUP,
    groupSize: GROUP,
    places: 2,
    promptTokens: PROMPT_TOKENS,
    mediaRows: 0,
    prefillTogether: 1,
    maxNewTokens: longest,
  };
  return {
    kernel: 'batching ms a token',
    shape: `${shape.name} ${layers} layers, ${GROUP * size.prompts} of ${size.shortest}-${longest} tokens`,
    peers: ['static'],
    cost: tokenCost(config, size),
    open: async (gpu) => {
      const { decoder, free } = randomDecoder(gpu, config, false);
      const arena = new Arena(gpu, 'rollout');
      const options = { endIds: [0], adapters: false };
      const generator = await Generator.create(gpu, arena, decoder, extents, options);
      const dispose = (): void => {
        generator[Symbol.dispose]();
        arena[Symbol.dispose]();
        free();
      };
      return {
        ours: { ...(await rollout(gpu, continuous(generator, size))), dispose },
        peers: { static: () => rollout(gpu, inBatches(generator, size)) },
      };
    },
  };
}
