/** A stored run of many steps, as the worker writes one: metrics, answers and, of its latest steps, token values. */
import { randomU32, uniform } from '../../src/math/random.ts';
import type { Completion, RolloutGroup } from '../../src/protocol/messages.ts';
import type { MetricValues } from '../../src/protocol/metrics.ts';
import type { AnswerTokens } from '../../src/rl/measure/token-values.ts';
import { AnswerLog } from '../../src/worker/runs/answer-log.ts';
import type { RunStore } from '../../src/worker/runs/run-store.ts';
import { TokenLog } from '../../src/worker/runs/token-log.ts';

export interface LongRun {
  readonly steps: number;
  /** Clips of a step, and answers to each. */
  readonly groups: number;
  readonly groupSize: number;
  /** Tokens of an answer. */
  readonly tokens: number;
  /** The first step of which token values are kept. */
  readonly tokensFrom: number;
  /** The clip of a group; made up without it. */
  readonly clipOf?: (step: number, group: number) => Pick<RolloutGroup, 'exampleId' | 'label'>;
}

/** 10,000 steps and 80,000 answers; token values fill what is kept of them. */
export const LONG_RUN: LongRun = { steps: 10_000, groups: 2, groupSize: 4, tokens: 96, tokensFrom: 5_000 };

const LABELS = ['angry', 'happy', 'neutral', 'sad'] as const;
const WORDS = 'the a man woman raises lowers voice brow eyes mouth and then slowly quickly looks away'.split(
  ' ',
);
const SEED = 11;

const metricNames = [
  ...['reward', 'reward_std', 'frac_reward_zero_std', 'rewards/accuracy/mean', 'rewards/accuracy/std'],
  ...['rewards/format/mean', 'rewards/format/std', 'completions/mean_length', 'completions/min_length'],
  ...['completions/max_length', 'completions/clipped_ratio', 'loss', 'kl', 'entropy', 'grad_norm'],
  ...['clip_ratio/low_mean', 'clip_ratio/high_mean', 'clip_ratio/region_mean', 'learning_rate'],
  ...['num_tokens', 'step_time', 'tokens_per_second/generate', 'tokens_per_second/train', 'epoch'],
  ...['memory/peak_bytes', 'sampling/sampling_logp_difference/mean'],
];
const PHASES = ['media', 'prefill', 'decode', 'rewards', 'forward', 'backward', 'optimizer', 'host'];

const numbersOf = (names: readonly string[], step: number): Record<string, number> =>
  Object.fromEntries(names.map((name, k) => [name, uniform(SEED, step, k)]));

const longMetrics = (step: number): MetricValues => numbersOf(metricNames, step) as MetricValues;

const clipOf: NonNullable<LongRun['clipOf']> = (step, group) => {
  const clip = randomU32(SEED, step, group) % 400;
  return { exampleId: `clips/${clip}.mp4`, label: LABELS[clip % 4]! };
};

/** Answers get right more often the later the step is; one in ten is cut. */
export function longGroups(step: number, run: LongRun): RolloutGroup[] {
  return Array.from({ length: run.groups }, (_, group) => {
    const asked = (run.clipOf ?? clipOf)(step, group);
    const rights = Array.from(
      { length: run.groupSize },
      (_, k) => uniform(SEED, step, group, 7 + k) < step / run.steps,
    );
    const mean = rights.filter(Boolean).length / run.groupSize;
    const completions = rights.map((isRight, k) =>
      completion(run, asked.label, isRight, mean, [step, group, k]),
    );
    return { ...asked, completions };
  });
}

function completion(
  { tokens }: LongRun,
  label: string,
  isRight: boolean,
  mean: number,
  [step, group, k]: readonly [number, number, number],
): Completion {
  const draw = (at: number, below: number) => randomU32(SEED, step, group, k * 1000 + at) % below;
  const isCut = draw(1, 10) === 0;
  const answer = isRight ? label : LABELS[(LABELS.indexOf(label as (typeof LABELS)[number]) + 1) % 4]!;
  const [first, stride] = [draw(2, WORDS.length), 1 + draw(3, WORDS.length - 1)];
  const word = (_: unknown, n: number) => WORDS[(first + n * stride) % WORDS.length]!;
  const thought = Array.from({ length: Math.max(1, tokens - 12) }, word);
  const text = `<think>${thought.join(' ')}</think>\n<answer>${answer}</answer>`;
  return {
    ...{ text, rawText: isCut ? text : `${text}<|im_end|>`, tokens, ended: isCut ? 'length' : 'eos' },
    ...{ rewards: { accuracy: isRight ? 1 : 0, format: 1 }, total: isRight ? 2 : 1 },
    ...{ advantage: (isRight ? 1 : 0) - mean, answer, meanKl: uniform(SEED, step, group, 500 + k) / 10 },
  };
}

function longTokens(run: LongRun, groups: readonly RolloutGroup[]): AnswerTokens[] {
  return groups.flatMap(({ completions }) =>
    completions.map(({ text }) => {
      const cut = text.match(/\s*\S+/g)!.slice(0, run.tokens);
      const column = Float32Array.from(cut, (_, at) => -at / cut.length);
      const pass = { logProbs: column, entropies: column, mismatches: column, references: column };
      const ids = Uint32Array.from(cut, (_, at) => 1000 + 997 * at);
      return { ids, pieces: cut, sampler: column, pass };
    }),
  );
}

/** Steps that are written at a time. */
const PIECE = 500;

/** Writes the logs of a run; its description and checkpoints are the caller's. */
export async function writeLongLogs(store: RunStore, id: string, run: LongRun = LONG_RUN): Promise<void> {
  const answers = new AnswerLog();
  const tokens = new TokenLog();
  const logs = store.logs(id, answers, tokens);
  for (let step = 1; step <= run.steps; step++) {
    const groups = longGroups(step, run);
    logs.addStep({ type: 'step', step, metrics: longMetrics(step), seconds: numbersOf(PHASES, step) });
    answers.add(step, groups);
    if (step >= run.tokensFrom) tokens.append(step, longTokens(run, groups));
    if (step % PIECE === 0 || step === run.steps) await logs.flush();
  }
}
