import { deriveSeed } from '../math/random.ts';
import type { SamplingSettings } from '../ops/tokens/sampling.ts';
import type { Config } from '../protocol/config.ts';
import type { EvalResult, Mute, SampledDecoding, Split } from '../protocol/messages.ts';
import { passRates, readClip, scoreClips } from './measure/score-clips.ts';
import type { RunExample, SamplingContext } from './run-context.ts';

export interface EvaluateOptions {
  readonly split: Split;
  readonly step: number;
  readonly mute?: Mute;
  /** Several answers per clip at a temperature; greedy decoding without it. */
  readonly sampled?: SampledDecoding;
  /** All labels of the data set. */
  readonly labels: readonly string[];
  readonly progress?: (done: number, total: number) => void;
}

/**
 * Answers on held-out examples, compared with their labels. The same settings draw the same random numbers for the same
 * list of examples, whatever the weights, so that evaluations before and after training differ by the weights alone.
 */
export async function evaluate(
  context: SamplingContext,
  examples: readonly RunExample[],
  { split, step, mute, sampled, labels, progress }: EvaluateOptions,
): Promise<EvalResult> {
  const { tokenizer, config } = context.setup;
  const samples = sampled?.samples ?? 1;
  const generator = await context.evaluationGenerator(samples);
  const completions = await generator.generate(
    examples.map(({ prompt }) => prompt),
    samplingSettings(config, sampled),
    async (index) => (await context.mediaOf(examples[index]!)).tokens,
    { progress: (answered) => progress?.(answered, examples.length) },
  );
  const clips = examples.map(({ id, clipId = id, label, prefill = '' }, index) => {
    const texts = completions[index]!.map(({ ids }) => prefill + tokenizer.decode(ids));
    return readClip({ id: clipId, label }, texts, labels);
  });
  return {
    split,
    step,
    ...(mute ? { mute } : {}),
    ...(sampled ? { sampled, passAtK: passRates(clips, samples) } : {}),
    ...scoreClips(clips, labels, deriveSeed(config.seed, 'bootstrap')),
  };
}

function samplingSettings(config: Config, sampled: SampledDecoding | undefined): SamplingSettings {
  const seed = deriveSeed(config.seed, 'evaluation');
  const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed, step: 0 };
  if (!sampled) return greedy;
  const { topK, topP, minP, repetitionPenalty } = config;
  return { temperature: sampled.temperature, topK, topP, minP, repetitionPenalty, seed, step: 0 };
}
