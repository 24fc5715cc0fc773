import { hasSignal } from '../math/advantages.ts';
import { deriveSeed } from '../math/random.ts';
import type { Config } from '../protocol/config.ts';
import type { RewardTrouble } from '../rewards/panel.ts';
import type { StepClock } from './measure/step-clock.ts';
import type { MediaTokens } from './media/media-input.ts';
import { rewardBatch } from './objective/reward-batch.ts';
import type { ReadCompletion, ScoredCompletion } from './report.ts';
import type { Completion } from './rollout/generator.ts';
import type { LiveAnswers } from './rollout/live-answer.ts';
import { stopFinder } from './rollout/stops.ts';
import type { RunContext, RunExample } from './run-context.ts';
import type { GroupMedia } from './update/micro-batches.ts';

/** What a step is told beside its rows. */
export interface StepOptions {
  /** Tells an answer while it is sampled. */
  readonly live?: LiveAnswers | undefined;
  /** How often the rows have been seen before, and the tokens of prompts and answers since. */
  readonly epoch?: number;
  readonly tokens?: number;
  /** The next so many rows, for groups without signal to be sampled anew. */
  readonly more?: (count: number) => Promise<readonly RunExample[]>;
}

/** A prompt with its answers and what they scored. */
interface Group {
  readonly example: RunExample;
  readonly media: GroupMedia;
  readonly completions: readonly ScoredCompletion[];
}

/** What was sampled together. */
interface Round {
  readonly groups: readonly Group[];
  /** What rewards logged. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly troubles: readonly RewardTrouble[];
  /** By reward. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** All that a step has sampled. */
export interface SampledGroups extends Round {
  /** The first so many of the groups train; the others had no signal and were sampled anew. */
  readonly trained: number;
}

/**
 * Samples a group for each prompt and scores it. Where the run resamples, a group without signal is left out, and the next row of the
 * order is asked in its place, in at most `resampleRounds` further rounds (dynamic sampling of DAPO, arXiv 2503.14476, section 3.2).
 * What no round could replace stays in the batch, which is always as large as the settings say.
 */
export async function sampleGroups(
  context: RunContext,
  examples: readonly RunExample[],
  step: number,
  clock: StepClock,
  options: StepOptions,
): Promise<SampledGroups> {
  const { config } = context.setup;
  const sample = (asked: readonly RunExample[], round: number): Promise<Round> =>
    sampleRound(context, asked, { step, round }, clock, options);
  const rounds = [await sample(examples, 0)];
  const isKept = ({ completions }: Group): boolean => signalOf(config, completions);
  const missing = (): number =>
    examples.length - rounds.flatMap(({ groups }) => groups).filter(isKept).length;
  for (let round = 1; round <= config.resampleRounds && options.more && missing() > 0; round++) {
    const { more } = options;
    const asked = await clock.time('media', () => more(missing()));
    rounds.push(await sample(asked, round));
  }
  const all = rounds.flatMap(({ groups }) => groups);
  return { ...joined(rounds), groups: batchFirst(all, examples.length, isKept), trained: examples.length };
}

/** Those that train before the rest: groups with signal, and as many of the latest without it as they lack. */
function batchFirst(groups: readonly Group[], size: number, isKept: (group: Group) => boolean): Group[] {
  if (groups.length === size) return [...groups];
  const kept = groups.filter(isKept);
  const others = groups.filter((group) => !isKept(group));
  const filled = others.length - (size - kept.length);
  return [...kept, ...others.slice(filled), ...others.slice(0, filled)];
}

function signalOf(
  { multiObjectiveAggregation, rewardWeights }: Config,
  group: Group['completions'],
): boolean {
  return hasSignal(
    group.map(({ rewards }) => rewards),
    { aggregation: multiObjectiveAggregation, weights: rewardWeights },
  );
}

/** What rewards said of all rounds; of what they logged under one name the mean over the answers. */
function joined(rounds: readonly Round[]): Omit<Round, 'groups'> {
  const [only] = rounds;
  if (only && rounds.length === 1) return only;
  const names = [...new Set(rounds.flatMap(({ metrics }) => Object.keys(metrics)))];
  const meanOf = (name: string): number => {
    const having = rounds.filter(({ metrics }) => name in metrics);
    const weight = having.reduce((sum, { groups }) => sum + groups.length, 0);
    return having.reduce((sum, { metrics, groups }) => sum + metrics[name]! * (groups.length / weight), 0);
  };
  const seconds: Record<string, number> = {};
  for (const round of rounds)
    for (const [name, took] of Object.entries(round.seconds)) seconds[name] = (seconds[name] ?? 0) + took;
  return {
    metrics: Object.fromEntries(names.map((name) => [name, meanOf(name)])),
    troubles: rounds.flatMap(({ troubles }) => troubles),
    seconds,
  };
}

interface Place {
  /** From 0. */
  readonly step: number;
  readonly round: number;
}

async function sampleRound(
  context: RunContext,
  examples: readonly RunExample[],
  place: Place,
  clock: StepClock,
  options: StepOptions,
): Promise<Round> {
  const media = await clock.time('media', () => mapInOrder(examples, (example) => context.mediaOf(example)));
  const completions = await clock.time('rollout', () =>
    rollOut(context, examples, media, place, options.live),
  );
  const answers = readAll(context, examples, completions);
  const scored = await clock.time('rewards', () => scoreAll(context, examples, answers, place.step, options));
  const groups = examples.map((example, index) => ({
    example,
    media: media[index]!,
    completions: scored.groups[index]!,
  }));
  return { ...scored, groups };
}

async function rollOut(
  context: RunContext,
  examples: readonly RunExample[],
  media: readonly { tokens: MediaTokens }[],
  { step, round }: Place,
  live: LiveAnswers | undefined,
): Promise<Completion[][]> {
  const { config, tokenizer } = context.setup;
  const generator = await context.rolloutGenerator();
  const { temperature, topK, topP, minP, repetitionPenalty } = config;
  // A round has random numbers of its own, or a row that is asked twice in a step would answer the same.
  const seed = round === 0 ? config.seed : deriveSeed(config.seed, `round ${round}`);
  const settings = { temperature, topK, topP, minP, repetitionPenalty, seed, step };
  const prompts = examples.map(({ prompt }) => prompt);
  const exampleIds = examples.map(({ id }) => id);
  const listener = live?.listen({ step: step + 1, exampleIds, tokenizer });
  const stop = stopFinder(tokenizer, config.stopStrings);
  return generator.generate(prompts, settings, (index) => media[index]!.tokens, { listener, stop });
}

/** Completions as text, what the template begins them with included. */
function readAll(
  { setup: { tokenizer } }: RunContext,
  examples: readonly RunExample[],
  completions: readonly (readonly Completion[])[],
): ReadCompletion[][] {
  return completions.map((group, index) =>
    group.map((completion) => {
      const { prefill = '' } = examples[index]!;
      const text = prefill + tokenizer.decode(completion.ids);
      const rawText = prefill + tokenizer.decode(completion.ids, { skipSpecialTokens: false });
      return { ...completion, text, rawText };
    }),
  );
}

async function scoreAll(
  { setup: { config }, rewards: panel }: RunContext,
  examples: readonly RunExample[],
  answers: readonly (readonly ReadCompletion[])[],
  step: number,
  { epoch = 0, tokens = 0 }: StepOptions,
) {
  const batch = rewardBatch(examples, answers, {
    ...{ global_step: step, max_steps: config.steps, epoch, num_input_tokens_seen: tokens },
    ...{ is_local_process_zero: true, is_world_process_zero: true },
  });
  const { values, extras, metrics, troubles, seconds } = await panel.score(batch);
  const groups = answers.map((group, index) =>
    group.map((answer, place): ScoredCompletion => {
      const row = index * config.groupSize + place;
      return { ...answer, rewards: values[row]!, extras: extras[row]! };
    }),
  );
  return { groups, metrics, troubles, seconds };
}

/** Awaits `make` for one item after the other: plans must not overlap. */
export async function mapInOrder<A, B>(items: readonly A[], make: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const item of items) results.push(await make(item));
  return results;
}
