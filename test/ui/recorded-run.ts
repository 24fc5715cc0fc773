/**
 * A real run of the demo, as the worker told it (recorded by `npm run record-run`), played back over a run of any length: its
 * recorded steps are spread over the run's. Only numbers of steps and names of clips are replaced.
 */
import type { Config } from '../../src/protocol/config.ts';
import { decodeEvent } from '../../src/protocol/decode.ts';
import type { ClosedEval, CommandOf, Event, EventOf, EventType } from '../../src/protocol/messages.ts';
import type { ScoredAnswers } from '../../src/protocol/scored-answers.ts';
import type { AnswerParts } from '../../src/protocol/step-basis.ts';
import { isRewardName, REWARDS } from '../../src/rewards/index.ts';
import text from './recorded-run.jsonl?raw';

const EVENTS: readonly Event[] = text
  .trim()
  .split('\n')
  .map((line) => decodeEvent(JSON.parse(line)));

export const recorded = <T extends EventType>(type: T): EventOf<T>[] =>
  EVENTS.filter((event): event is EventOf<T> => event.type === type);

const STEPS = recorded('step').map(({ step }) => step);
/** Those of the run itself: greedy and of both senses, by step. */
const HISTORY = recorded('eval').filter(({ result }) => !result.mute && !result.sampled);
/** Steps of a played run between two of its evaluations. */
const EVAL_EVERY = 10;

/** The label of the pretended data's i-th clip. */
export const labelOf = (i: number): string => LABELS[i % 7 === 6 ? 0 : i % 4]!;
export const LABELS = ['angry', 'happy', 'neutral', 'sad'];
export const clipId = (i: number): string => `clip-${i}`;

/** The recorded step that a step of a run of so many plays. */
function playedStep(step: number, steps: number): number {
  const at = Math.floor(((step - 1) * STEPS.length) / Math.max(1, steps));
  return STEPS[Math.min(at, STEPS.length - 1)]!;
}

/** A step that was not evaluated has no scores among its metrics. */
export function playStep(step: number, steps: number, isEvaluated = false): EventOf<'step'> {
  const event = recorded('step').find((one) => one.step === playedStep(step, steps))!;
  const { 'eval/war': war, 'eval/uar': uar, ...metrics } = event.metrics;
  const played = isEvaluated ? { ...metrics, 'eval/war': war, 'eval/uar': uar } : metrics;
  return { ...event, step, metrics: played, basis: basisOf(event) };
}

/** Prompts of the recorded demo, in tokens each. */
const PROMPT_TOKENS = 47;

/** What a step keeps for its workings; the recording is older than that, and its figures say most of it. */
function basisOf({ step, metrics }: EventOf<'step'>): NonNullable<EventOf<'step'>['basis']> {
  const { groups } = recorded('rollouts').find((one) => one.step === step)!;
  const prompts = PROMPT_TOKENS * groups.length;
  const sampled = tokensOf(groups);
  return {
    promptTokens: prompts,
    updatePromptTokens: prompts,
    rollout: sampled / metrics['tokens_per_second/generate']!,
    update: (prompts + sampled) / metrics['tokens_per_second/train']!,
    gradientFactor: Math.min(1, 1 / (metrics.grad_norm! + 1e-6)),
    settings: {},
  };
}

const tokensOf = (groups: EventOf<'rollouts'>['groups']): number =>
  groups.flatMap(({ completions }) => completions).reduce((sum, { tokens }) => sum + tokens, 0);

/** The run had one update a batch, no KL and the loss dapo: a token's term is minus its answer's advantage. */
function partsOf(advantage: number, tokens: number, all: number, entropy: number): AnswerParts {
  const loss = (-advantage * tokens) / all;
  return { loss, entropy: entropy * tokens, low: 0, high: 0, gap: 1e-7 * tokens, gapMax: 1e-6 };
}

export function playRollouts(step: number, steps: number): EventOf<'rollouts'> {
  const event = recorded('rollouts').find((one) => one.step === playedStep(step, steps))!;
  const { metrics } = recorded('step').find((one) => one.step === event.step)!;
  const all = tokensOf(event.groups);
  const groups = event.groups.map((group) => ({
    ...group,
    exampleId: nameOf(group.exampleId),
    completions: group.completions.map((completion) => ({
      ...completion,
      parts: partsOf(completion.advantage, completion.tokens, all, metrics.entropy!),
    })),
  }));
  return { ...event, step, groups };
}

export function playLive(step: number, steps: number): EventOf<'live'>[] {
  const pieces = recorded('live').filter((piece) => piece.step === playedStep(step, steps));
  return pieces.map((piece) => ({ ...piece, step, exampleId: nameOf(piece.exampleId) }));
}

export type EvalQuestion = Omit<CommandOf<'evaluate'>, 'type' | 'requestId' | 'config' | 'start'>;

/** What a run's weights after a step answer; with a sense muted, or drawn so many times, they were asked once. */
export function playEval(step: number, { split, mute, sampled }: EvalQuestion): ClosedEval {
  const asked = recorded('eval').find(({ result }) =>
    mute ? result.mute : sampled && result.sampled?.samples === sampled.samples,
  );
  if (sampled && !asked)
    throw new Error(`No evaluation of ${sampled.samples} answers per clip was recorded.`);
  const { result } = asked ?? HISTORY[Math.min(Math.ceil(step / EVAL_EVERY), HISTORY.length - 1)]!;
  if (result.scores) throw new Error('The recorded run is of labels.');
  const clips = result.clips.map((clip) => ({ ...clip, exampleId: nameOf(clip.exampleId) }));
  return { ...result, ...(mute ? { mute } : {}), split, step, clips };
}

export function playSaved(step: number, run: Partial<EventOf<'saved'>> = {}): EventOf<'saved'> {
  return { ...recorded('saved')[0]!, ...run, step };
}

/** The pretended clip in the place of each recorded one, of the same label. */
const NAMES: ReadonlyMap<string, string> = renamed();
const nameOf = (exampleId: string): string => NAMES.get(exampleId)!;

function renamed(): Map<string, string> {
  const clips = [
    ...recorded('rollouts').flatMap(({ groups }) => groups),
    ...recorded('eval').flatMap(({ result }) => result.clips),
  ];
  const labels = new Map(clips.map(({ exampleId, label }) => [exampleId, label]));
  const names = new Map<string, string>();
  const next = new Map<string, number>();
  for (const [exampleId, label] of labels) {
    let i = next.get(label) ?? 0;
    while (labelOf(i) !== label) i++;
    next.set(label, i + 1);
    names.set(exampleId, clipId(i));
  }
  return names;
}

/** All answers of a played run, scored by the built-in rewards that are asked for. */
export function playScores(step: number, steps: number, config: Config): ScoredAnswers {
  const played = Array.from({ length: step }, (_, i) => playRollouts(i + 1, steps));
  const groups = played.flatMap((event) => event.groups);
  const answers = groups.flatMap(({ label, completions }) =>
    completions.map((completion) => ({ label, ...completion })),
  );
  const groupSize = groups[0]!.completions.length;
  const names = Object.keys(answers[0]!.rewards);
  const scoreOf = (name: string, { text, label, tokens }: (typeof answers)[number]) => {
    const about = { label, tokens, ids: new Array<number>(tokens).fill(0), row: {}, first: {} };
    // A program of the person's is not run here.
    if (!isRewardName(name)) return 1;
    return REWARDS[name].score(text, { ...config, ...about }) ?? Number.NaN;
  };
  return {
    ...{ groupSize, of: answers.length },
    steps: Int32Array.from(
      played.flatMap((event) => event.groups.flatMap(() => new Array(groupSize).fill(event.step))),
    ),
    exampleIds: groups.map(({ exampleId }) => exampleId),
    stored: {
      names,
      values: names.map((name) => Float64Array.from(answers, ({ rewards }) => rewards[name] ?? Number.NaN)),
      advantages: Float64Array.from(answers, ({ advantage }) => advantage),
    },
    scored: {
      names: [...config.rewards],
      values: config.rewards.map((name) => Float64Array.from(answers, (answer) => scoreOf(name, answer))),
    },
    troubles: [],
  };
}
