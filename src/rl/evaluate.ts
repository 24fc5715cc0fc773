import { sha256 } from '../io/sealed/hash.ts';
import { deriveSeed } from '../math/random.ts';
import type { SamplingSettings } from '../ops/tokens/sampling.ts';
import type { Config } from '../protocol/config.ts';
import type {
  ClosedEval,
  EvalClip,
  EvalResult,
  Mute,
  OpenEval,
  RewardMean,
  SampledDecoding,
  Split,
} from '../protocol/messages.ts';
import type { ScoredRow } from './measure/row-kinds.ts';
import { passRates, readClip, scoreClips } from './measure/score-clips.ts';
import { readRow, type SaidText, scoreRows } from './measure/score-rows.ts';
import { stopFinder } from './rollout/stops.ts';
import type { RunExample, SamplingContext } from './run-context.ts';

interface Measure {
  readonly split: Split;
  readonly step: number;
  readonly mute?: Mute;
  /** Several answers per clip at a temperature; greedy decoding without it. */
  readonly sampled?: SampledDecoding;
  /** The user's turn that asks about a clip, by the clip's id. */
  readonly questionOf?: (id: string) => string;
  readonly progress?: (done: number, total: number) => void;
  /** What rewards make of the answers, where some count. */
  readonly rewardsOf?: (
    examples: readonly RunExample[],
    said: readonly (readonly SaidText[])[],
  ) => Promise<RewardMean[]>;
}

export interface LabelOptions extends Measure {
  /** All labels of the data set. */
  readonly labels: readonly string[];
}

export interface RowOptions extends Measure {
  /** How the row of a clip is scored, by the clip's id. */
  readonly rowOf: (id: string) => ScoredRow;
}

/**
 * Answers on held-out examples, compared with their labels or scored row by row. The same settings draw the same random
 * numbers for the same list of examples, whatever the weights, so that evaluations before and after training differ by the
 * weights alone.
 */
export async function evaluate(
  context: SamplingContext,
  examples: readonly RunExample[],
  options: LabelOptions,
): Promise<ClosedEval>;
export async function evaluate(
  context: SamplingContext,
  examples: readonly RunExample[],
  options: LabelOptions | RowOptions,
): Promise<EvalResult>;
export async function evaluate(
  context: SamplingContext,
  examples: readonly RunExample[],
  options: LabelOptions | RowOptions,
): Promise<EvalResult> {
  const { tokenizer, config } = context.setup;
  const { split, step, mute, sampled, progress } = options;
  const samples = sampled?.samples ?? 1;
  const generator = await context.evaluationGenerator(samples);
  const completions = await generator.generate(
    examples.map(({ prompt }) => prompt),
    samplingSettings(config, sampled),
    async (index) => (await context.mediaOf(examples[index]!)).tokens,
    {
      progress: (answered) => progress?.(answered, examples.length),
      stop: stopFinder(tokenizer, config.stopStrings),
    },
  );
  const said = completions.map((group, index) => {
    const { prefill = '' } = examples[index]!;
    return group.map(({ ids }) => {
      return { text: prefill + tokenizer.decode(ids), tokens: ids.length, ids: Array.from(ids) };
    });
  });
  const about = {
    ...{ split, step, asked: await whatWasAsked(examples, config) },
    ...oneQuestion(examples, options),
    ...(mute ? { mute } : {}),
    ...(sampled ? { sampled } : {}),
    ...(options.rewardsOf ? { rewards: await options.rewardsOf(examples, said) } : {}),
  };
  return 'labels' in options
    ? { ...about, ...labelScores(examples, said, options, config) }
    : { ...about, ...rowScores(examples, said, options, config) };
}

function labelScores(
  examples: readonly RunExample[],
  said: readonly (readonly SaidText[])[],
  options: LabelOptions,
  config: Config,
) {
  const { labels, sampled } = options;
  const ownQuestion = ownQuestions(examples, options);
  const clips = examples.map(({ id, clipId = id, label }, index): EvalClip => {
    const texts = said[index]!.map(({ text }) => text);
    return { ...readClip({ id: clipId, label }, texts, labels), ...ownQuestion(clipId) };
  });
  return {
    ...(sampled ? { passAtK: passRates(clips, sampled.samples) } : {}),
    ...scoreClips(clips, labels, deriveSeed(config.seed, 'bootstrap')),
  };
}

function rowScores(
  examples: readonly RunExample[],
  said: readonly (readonly SaidText[])[],
  options: RowOptions,
  config: Config,
): Pick<OpenEval, 'n' | 'scores' | 'passAtK' | 'clips'> {
  const ownQuestion = ownQuestions(examples, options);
  const rows = examples.map(({ id, clipId = id }, index) => ({
    ...readRow(clipId, options.rowOf(clipId), said[index]!, config),
    ...ownQuestion(clipId),
  }));
  return scoreRows(rows, deriveSeed(config.seed, 'bootstrap'));
}

/** The question that all are asked; nothing where they are asked different ones. */
function oneQuestion(examples: readonly RunExample[], { questionOf }: Measure): { question?: string } {
  const [question, ...others] = new Set(examples.map(({ id, clipId = id }) => questionOf?.(clipId)));
  return question === undefined || others.length > 0 ? {} : { question };
}

/** What each is asked, where they are asked different questions. */
function ownQuestions(
  examples: readonly RunExample[],
  measure: Measure,
): (id: string) => { question?: string } {
  const { questionOf } = measure;
  if (!questionOf || oneQuestion(examples, measure).question !== undefined) return () => ({});
  return (id) => ({ question: questionOf(id) });
}

/** Which rows were asked, and in which words: hashes to compare evaluations by. */
async function whatWasAsked(
  examples: readonly RunExample[],
  { maxCompletionLength }: Config,
): Promise<EvalResult['asked']> {
  const ids = examples.map(({ id, clipId = id }) => clipId);
  const prompts = examples.map(({ prompt }) => prompt.ids.join(' '));
  return {
    rows: await shortHash(ids),
    prompts: await shortHash(prompts),
    length: maxCompletionLength,
  };
}

const HASH_DIGITS = 16;
const shortHash = async (lines: readonly string[]): Promise<string> =>
  (await sha256(JSON.stringify(lines))).slice(0, HASH_DIGITS);

function samplingSettings(config: Config, sampled: SampledDecoding | undefined): SamplingSettings {
  const seed = deriveSeed(config.seed, 'evaluation');
  const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed, step: 0 };
  if (!sampled) return greedy;
  const { topK, topP, minP, repetitionPenalty } = config;
  return { temperature: sampled.temperature, topK, topP, minP, repetitionPenalty, seed, step: 0 };
}
