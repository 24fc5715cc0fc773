/** Figures of rewards and lengths over a step, worked out from its answers. Pure. */
import { groupAdvantages } from '../../math/advantages.ts';
import { mean, sampleStd, scored } from '../../math/stats.ts';
import type { MetricKey } from '../metrics.ts';
import { answersOf, type StepFacts } from './facts.ts';
import { deviationLine, meanLine, printed, sumText, tally, unknown, type Working } from './line.ts';

const NOT_AT_HAND = 'The answers of this step are not at hand, and the figure is made of theirs.';

/** Mean or spread of a reward, or of the totals. */
export function rewardWorkingOf(
  facts: StepFacts,
  of: 'total' | { readonly reward: string },
  spread: boolean,
): Working {
  const answers = answersOf(facts);
  if (answers.length === 0) return unknown(NOT_AT_HAND);
  const values = scored(
    answers.map(({ total, rewards }) => (of === 'total' ? total : (rewards[of.reward] ?? null))),
  );
  const what =
    of === 'total' ? 'the totals of all answers' : `“${of.reward}” over all answers that it applies to`;
  const symbol = of === 'total' ? 'r' : 'reward';
  const centre = mean(values);
  const centreLine = meanLine(`Mean of ${what}`, `mean = Σ ${symbol} / n`, values, centre);
  const left = answers.length - values.length;
  const notes =
    left > 0
      ? [`${left} of ${answers.length} answers have no value: the reward does not apply to them.`]
      : [];
  if (!spread) return { lines: [centreLine], notes };
  if (values.length < 2) {
    return {
      lines: [{ what: 'Standard deviation', filled: '0', value: 0 }],
      notes: ['Of fewer than two values it is 0.'],
    };
  }
  const formula = `std = √(Σ (${symbol} − mean)² / (n − 1))`;
  const deviation = deviationLine(`Standard deviation of ${what}`, formula, values, {
    centre,
    value: sampleStd(values),
  });
  const whole = 'It is that of all answers together, as TRL reports it, and not the mean over groups.';
  return { lines: [centreLine, deviation], notes: of === 'total' ? [whole, ...notes] : notes };
}

export function zeroSpreadWorking({ config, groups }: StepFacts): Working {
  if (groups.length === 0) return unknown(NOT_AT_HAND);
  if (groups.some(({ completions }) => completions.length !== config.groupSize)) {
    return unknown('Some answers of this step could not be read, and the figure is made of all.');
  }
  const rows = groups.flatMap(({ completions }) => completions.map(({ total }) => [total]));
  const { zeroStd } = groupAdvantages(rows, {
    ...{ groupSize: config.groupSize, aggregation: 'sum_then_normalize', scale: 'group', weights: [] },
  });
  const flat = zeroStd.filter(Boolean).length;
  return {
    lines: [
      {
        what: 'Groups whose totals do not differ, of all',
        formula: 'groups with std ≤ 1e−8 / groups',
        filled: `${flat} / ${groups.length}`,
        value: flat / groups.length,
      },
    ],
  };
}

/** What a figure of lengths is of. */
const LENGTHS: Partial<
  Record<MetricKey, { readonly of: 'all' | 'finished'; readonly take: 'mean' | 'least' | 'most' }>
> = {
  'completions/mean_length': { of: 'all', take: 'mean' },
  'completions/min_length': { of: 'all', take: 'least' },
  'completions/max_length': { of: 'all', take: 'most' },
  'completions/mean_terminated_length': { of: 'finished', take: 'mean' },
  'completions/min_terminated_length': { of: 'finished', take: 'least' },
  'completions/max_terminated_length': { of: 'finished', take: 'most' },
};

/** Undefined for figures that are not of lengths. */
export function lengthWorkingOf(key: MetricKey, facts: StepFacts): Working | undefined {
  const spec = LENGTHS[key];
  if (!spec && key !== 'completions/clipped_ratio') return undefined;
  const answers = answersOf(facts);
  if (answers.length === 0) return unknown(NOT_AT_HAND);
  const finished = answers.filter(({ ended }) => ended !== 'length');
  if (!spec) {
    const cut = answers.length - finished.length;
    const most = facts.config.maxCompletionLength;
    return {
      lines: [
        {
          what: `Answers that reached ${most} tokens without an end, of all`,
          formula: 'cut / answers',
          filled: `${cut} / ${answers.length}`,
          value: cut / answers.length,
        },
      ],
    };
  }
  const lengths = (spec.of === 'all' ? answers : finished).map(({ tokens }) => tokens);
  if (lengths.length === 0) {
    return { lines: [{ what: 'No answer ended by itself', filled: '0', value: 0 }] };
  }
  const whose = spec.of === 'all' ? 'all answers' : 'answers that ended by themselves';
  if (spec.take === 'mean')
    return { lines: [meanLine(`Tokens of ${whose}`, 'Σ tokens / answers', lengths, mean(lengths))] };
  const name = spec.take === 'least' ? 'min' : 'max';
  const value = spec.take === 'least' ? Math.min(...lengths) : Math.max(...lengths);
  const distinct = tally(lengths).map(([length]) => printed(length));
  return {
    lines: [
      {
        what: `${spec.take === 'least' ? 'Fewest' : 'Most'} tokens among ${whose}`,
        formula: `${name}(tokens)`,
        filled: `${name}(${distinct.join(', ')})`,
        value,
      },
    ],
  };
}

/** Tokens of all answers of a step, as a sum. */
export function sampledTokens(facts: Pick<StepFacts, 'groups'>): {
  readonly text: string;
  readonly value: number;
} {
  const lengths = answersOf(facts).map(({ tokens }) => tokens);
  return { text: sumText(lengths), value: lengths.reduce((sum, length) => sum + length, 0) };
}
