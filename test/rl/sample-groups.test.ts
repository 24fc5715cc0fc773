/** Groups without signal give way to others, within the rounds that the run allows. */
import { afterEach, expect, it } from 'vitest';
import { hasSignal } from '../../src/math/advantages.ts';
import type { Config } from '../../src/protocol/config.ts';
import { RewardPanel } from '../../src/rewards/panel.ts';
import type { RunExample } from '../../src/rl/run-context.ts';
import { grpoStep, type StepReport } from '../../src/rl/step.ts';
import { testGpu } from '../ops/harness.ts';
import { type TextRun, textRun } from '../reference/text-run.ts';

const GROUP = 4;
/** Labels whose answers all score the same, and those whose answers differ. */
const FLAT = ['happy', 'sad'];
const TELLING = ['angry', 'neutral'];

/** Scores by the place in the group, or not at all, and says how many answers it was asked about. */
const panel = (): RewardPanel =>
  new RewardPanel(
    [
      {
        name: 'accuracy',
        score: ({ labels }) => ({
          values: labels.map((label, row) => (FLAT.includes(label!) ? 1 : row % GROUP)),
          metrics: { asked: labels.length },
        }),
      },
    ],
    2,
  );

let open: TextRun | undefined;
afterEach(() => open?.[Symbol.dispose]());

/** A step on the first labels; the others are what comes next. */
async function stepOn(labels: readonly string[], values: Partial<Config>) {
  open = await textRun(
    await testGpu(),
    { rewards: ['accuracy'], promptsPerStep: 2, groupSize: GROUP, beta: 0, ...values },
    { rewards: panel() },
  );
  const { context, examples } = open;
  const rows = labels.map((label) => examples.find((example) => example.label === label)!);
  const coming = rows.slice(2);
  const asked: number[] = [];
  const more = async (count: number): Promise<RunExample[]> => {
    asked.push(count);
    return coming.splice(0, count);
  };
  const report = await grpoStep(context, rows.slice(0, 2), 0, { more });
  return { report, asked };
}

const labelsOf = ({ groups }: StepReport) =>
  groups.map(({ label, leftOut }) => (leftOut ? `${label}, left out` : label));

it('asks other rows in the place of those without signal, and trains on full batches', async () => {
  const { report, asked } = await stepOn(['happy', 'angry', 'sad', 'neutral'], { resampleRounds: 3 });
  expect(asked).toEqual([1, 1]);
  expect(labelsOf(report)).toEqual(['angry', 'neutral', 'happy, left out', 'sad, left out']);
  const { metrics, groups, tokens = [] } = report;
  // What is said of the rewards is said of all that was sampled.
  expect(metrics).toMatchObject({
    ...{ groups_resampled: 2, groups_skipped: 0, frac_reward_zero_std: 0.5, reward: (1.5 + 1) / 2 },
    // Of eight answers, of four and of four again.
    'log/asked': (8 * 2 + 4 + 4) / 4,
  });
  const advantages = groups.map(({ completions }) => completions.map(({ advantage }) => advantage));
  const spread = [0, 1, 2, 3].map((score) => (score - 1.5) / (Math.sqrt(5 / 3) + 1e-4));
  for (const group of advantages.slice(0, 2))
    group.forEach((advantage, place) => void expect(advantage).toBeCloseTo(spread[place]!, 6));
  expect(advantages.slice(2).flat()).toEqual(new Array(2 * GROUP).fill(0));
  // Only what trained went through a pass.
  expect(tokens.map(({ pass }) => pass !== undefined)).toEqual([
    ...new Array(2 * GROUP).fill(true),
    ...new Array(2 * GROUP).fill(false),
  ]);
  expect(metrics.grad_norm).toBeGreaterThan(0);
  const sampled = groups.flatMap(({ completions }) => completions).reduce((sum, one) => sum + one.tokens, 0);
  const prompts = 4 * GROUP * open!.examples[0]!.prompt.ids.length;
  expect(metrics.num_tokens).toBe(prompts + sampled);
});

it('compares a batch with itself alone, where advantages are scaled by it', async () => {
  const rows = ['happy', 'angry', 'neutral'];
  const { report } = await stepOn(rows, { resampleRounds: 1, scaleRewards: 'batch' });
  const [first] = report.groups[0]!.completions;
  // Two groups that score 0, 1, 2, 3: their deviation without the third, of ones.
  const deviation = Math.sqrt((2 * (2.25 + 0.25 + 0.25 + 2.25)) / 7);
  expect(first!.advantage).toBeCloseTo(-1.5 / (deviation + 1e-4), 6);
});

it('fills the batch with the latest without signal where the rounds are used up', async () => {
  const { report, asked } = await stepOn(['happy', 'angry', 'sad', 'neutral'], { resampleRounds: 1 });
  expect(asked).toEqual([1]);
  expect(labelsOf(report)).toEqual(['angry', 'sad', 'happy, left out']);
  expect(report.metrics).toMatchObject({ groups_resampled: 1, groups_skipped: 1 });
});

it('gives a row that is asked twice in a step other random numbers', async () => {
  const { report } = await stepOn(['happy', 'angry', 'happy'], { resampleRounds: 1 });
  const texts = report.groups
    .filter(({ label }) => label === 'happy')
    .map(({ completions }) => completions.map(({ rawText }) => rawText));
  expect(texts).toHaveLength(2);
  expect(texts[0]).not.toEqual(texts[1]);
});

it('asks nothing where it is off, or all have signal', async () => {
  const off = await stepOn(['happy', 'angry', 'sad'], {});
  expect([off.asked, labelsOf(off.report), off.report.metrics.groups_resampled]).toEqual([
    [],
    ['happy', 'angry'],
    undefined,
  ]);
  open?.[Symbol.dispose]();
  const all = await stepOn([...TELLING, 'sad'], { resampleRounds: 2 });
  expect([all.asked, labelsOf(all.report), all.report.metrics.groups_resampled]).toEqual([[], TELLING, 0]);
});

it('signal is a spread of totals, or of any reward where each is normalised first', () => {
  const evening = [
    [0, 1],
    [1, 0],
  ];
  const sums = { aggregation: 'sum_then_normalize', weights: [] } as const;
  const each = { aggregation: 'normalize_then_sum', weights: [] } as const;
  expect([hasSignal(evening, sums), hasSignal(evening, each)]).toEqual([false, true]);
  expect(hasSignal(evening, { ...sums, weights: [2, 1] })).toBe(true);
  expect(hasSignal(evening, { ...each, weights: [0, 0] })).toBe(false);
  expect(hasSignal([[null], [1]], sums)).toBe(false);
});
