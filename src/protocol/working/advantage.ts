/** An answer's rewards, total and advantage, worked out from what its step kept. Pure. */
import { ADVANTAGE_EPSILON, groupAdvantages, normalizeColumns, weightedSum } from '../../math/advantages.ts';
import { mean, sampleStd, scored } from '../../math/stats.ts';
import { isRewardName, REWARDS } from '../../rewards/index.ts';
import type { Config } from '../config.ts';
import type { Completion, RolloutGroup } from '../results.ts';
import { batchOf } from './facts.ts';
import {
  deviationLine,
  joined,
  type Line,
  meanLine,
  operand,
  printed,
  sumText,
  unknown,
  type Working,
} from './line.ts';

/** What advantages of a step follow from. */
export interface Weighed {
  readonly config: Pick<
    Config,
    'rewards' | 'rewardWeights' | 'groupSize' | 'multiObjectiveAggregation' | 'scaleRewards'
  >;
  /** All of the step. */
  readonly groups: readonly RolloutGroup[];
}

/** An answer by its places. */
export interface Place {
  readonly group: number;
  readonly answer: number;
}

type Row = readonly (number | null)[];

const rowOf = ({ config }: Weighed, { rewards }: Completion): Row =>
  config.rewards.map((name) => rewards[name] ?? null);

const isScored = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && !Number.isNaN(value);

const weightOf = ({ config }: Weighed, k: number): number => config.rewardWeights[k] ?? 1;

const completionAt = ({ groups }: Weighed, { group, answer }: Place): Completion =>
  groups[group]!.completions[answer]!;

/** Rewards by answer of the whole step. */
const allRows = (weighed: Weighed): Row[] =>
  weighed.groups.flatMap(({ completions }) => completions.map((completion) => rowOf(weighed, completion)));

const optionsOf = ({ config }: Weighed) => ({
  groupSize: config.groupSize,
  aggregation: config.multiObjectiveAggregation,
  scale: config.scaleRewards,
  weights: config.rewardWeights,
});

/** What a reward gave, and what of it went into the total. */
export function rewardWorking(weighed: Weighed, place: Place, name: string): Working {
  const value = completionAt(weighed, place).rewards[name];
  const k = weighed.config.rewards.indexOf(name);
  const about = isRewardName(name)
    ? REWARDS[name].help
    : 'It is no built-in reward: a program of your own, or a model that scores texts.';
  if (!isScored(value))
    return unknown(about, 'It does not apply to this answer, so it counts in no sum and no mean.');
  const given: Line = { what: `What “${name}” gave this answer`, value };
  if (k < 0) return { lines: [given], notes: [about, 'The run’s settings have no such reward.'] };
  const part = { what: 'Its part of the total', ...product(weightOf(weighed, k), value) };
  return { lines: [given], follows: [part], notes: [about] };
}

const product = (weight: number, value: number) => ({
  formula: 'weight × reward',
  filled: `${operand(weight)} × ${operand(value)}`,
  value: weight * value,
});

/** r = Σ w · reward */
function totalLine(weighed: Weighed, place: Place): Line {
  const row = rowOf(weighed, completionAt(weighed, place));
  const terms = row.flatMap((value, k) =>
    isScored(value) ? `${operand(weightOf(weighed, k))} × ${operand(value)}` : [],
  );
  const value = weightedSum(row, weighed.config.rewardWeights);
  const what = `Total of this answer (${weighed.config.rewards.filter((_, k) => isScored(row[k])).join(', ')})`;
  return { what, formula: 'r = Σ weight × reward', filled: joined(terms), value };
}

export function totalWorking(weighed: Weighed, place: Place): Working {
  const row = rowOf(weighed, completionAt(weighed, place));
  if (scored(row).length === 0) return unknown('No reward applies to this answer, so it has no total.');
  const left = row.length - scored(row).length;
  return {
    lines: [totalLine(weighed, place)],
    notes: left > 0 ? ['Rewards that do not apply to the answer (–) are left out of the sum.'] : [],
  };
}

export function advantageWorking(weighed: Weighed, place: Place): Working {
  const { groups, config } = weighed;
  if (groups.some(({ completions }) => completions.length !== config.groupSize)) {
    return unknown(
      'Some answers of this step could not be read, and an advantage compares with all of its group.',
    );
  }
  if (groups[place.group]!.leftOut) {
    return zero('The group had no signal and another clip was asked in its place: it trained nothing.');
  }
  const batch = { ...weighed, groups: batchOf(groups) };
  const own = rowOf(weighed, completionAt(weighed, place));
  if (scored(own).length === 0) return zero('No reward applies to this answer, so its advantage is 0.');
  return config.multiObjectiveAggregation === 'sum_then_normalize'
    ? sumThenNormalize(batch, place)
    : normalizeThenSum(batch, place);
}

const zero = (...notes: string[]): Working => ({
  lines: [{ what: 'Advantage', filled: '0', value: 0 }],
  notes,
});

function sumThenNormalize(weighed: Weighed, place: Place): Working {
  const { groupSize, scaleRewards: scale } = weighed.config;
  const { totals, advantages } = groupAdvantages(allRows(weighed), optionsOf(weighed));
  const start = place.group * groupSize;
  const group = scored(totals.slice(start, start + groupSize));
  const total = totals[start + place.answer]!;
  const centre = mean(group);
  const among = scale === 'batch' ? scored(totals) : group;
  if (scale !== 'none' && among.length < 2) {
    return zero(
      'Fewer than two answers have a total, so there is no standard deviation and the advantage is 0.',
    );
  }
  const spread = sampleStd(among);
  const lines: Line[] = [
    totalLine(weighed, place),
    meanLine('Mean of the group', 'mean = Σ r / n', group, centre),
  ];
  const difference = `${printed(total)} − ${operand(centre)}`;
  const value = advantages[start + place.answer]!;
  if (scale === 'none') {
    lines.push({ what: 'Advantage', formula: 'A = r − mean', filled: difference, value });
    return { lines, notes: ['The run divides by no standard deviation (scale_rewards: none).'] };
  }
  const whose = scale === 'batch' ? 'of all answers of the step' : 'of the group';
  lines.push(
    deviationLine(`Standard deviation ${whose}`, 'std = √(Σ (r − mean)² / (n − 1))', among, {
      centre: mean(among),
      value: spread,
    }),
    {
      what: 'Advantage',
      formula: 'A = (r − mean) / (std + ε)',
      filled: `(${difference}) / (${printed(spread)} + ${ADVANTAGE_EPSILON})`,
      value,
    },
  );
  const isFlat = sampleStd(group) <= 1e-8;
  return {
    lines,
    notes: isFlat ? ['All answers of the group have the same total: it teaches nothing.'] : [],
  };
}

function normalizeThenSum(weighed: Weighed, place: Place): Working {
  const { groupSize, rewards, rewardWeights } = weighed.config;
  const rows = allRows(weighed);
  const chunks = weighed.groups.map((_, g) => rows.slice(g * groupSize, (g + 1) * groupSize));
  const normalized = chunks.map(normalizeColumns);
  const sums = normalized.flat().map((row) => weightedSum(row, rewardWeights));
  const own = normalized[place.group]![place.answer]!;
  const at = place.group * groupSize + place.answer;
  const lines = rewards.flatMap((name, k) =>
    comparedLines(name, own[k], chunks[place.group]!, k, place.answer),
  );
  const all = scored(sums);
  if (Number.isNaN(sums[at]!) || all.length < 2) {
    return { lines, notes: ['What is left of it has no standard deviation, so its advantage is 0.'] };
  }
  const terms = own.flatMap((value, k) =>
    isScored(value) ? `${operand(weightOf(weighed, k))} × ${operand(value)}` : [],
  );
  const centre = mean(all);
  const spread = sampleStd(all);
  return {
    lines: [
      ...lines,
      { what: 'Weighted sum', formula: 's = Σ weight × z', filled: joined(terms), value: sums[at]! },
      meanLine('Mean of all answers of the step', 'mean = Σ s / n', all, centre),
      deviationLine('Standard deviation of them', 'std = √(Σ (s − mean)² / (n − 1))', all, {
        centre,
        value: spread,
      }),
      {
        what: 'Advantage',
        formula: 'A = (s − mean) / (std + ε)',
        filled: `(${printed(sums[at]!)} − ${operand(centre)}) / (${printed(spread)} + ${ADVANTAGE_EPSILON})`,
        value: (sums[at]! - centre) / (spread + ADVANTAGE_EPSILON),
      },
    ],
    notes: ['Each reward is compared within the group first, then they are added (normalize_then_sum).'],
  };
}

/** A reward compared with the others of its group; nothing where it drops out. */
function comparedLines(
  name: string,
  value: number | null | undefined,
  group: readonly Row[],
  k: number,
  answer: number,
): Line[] {
  if (!isScored(value)) return [];
  const column = scored(group.map((row) => row[k] ?? null));
  const centre = mean(column);
  const spread = sampleStd(column);
  const given = group[answer]![k]!;
  return [
    meanLine(`“${name}”: mean of the group`, 'Σ reward / n', column, centre),
    deviationLine(`“${name}”: standard deviation`, '√(Σ (reward − mean)² / (n − 1))', column, {
      centre,
      value: spread,
    }),
    {
      what: `“${name}” of this answer, compared`,
      formula: 'z = (reward − mean) / (std + ε)',
      filled: `(${printed(given)} − ${operand(centre)}) / (${printed(spread)} + ${ADVANTAGE_EPSILON})`,
      value,
    },
  ];
}

/** Tokens of an answer. */
export function lengthWorking({ tokens, ended }: Completion, most: number): Working {
  const why = {
    eos: 'It ended by itself: the end token is one of them.',
    stop: 'One of the run’s stop strings ended it.',
    length: `It reached the longest answer of the run, ${most} tokens, and was cut.`,
  };
  return { lines: [{ what: 'Tokens that were sampled', value: tokens }], notes: [why[ended]] };
}

/** The mean KL of an answer, which is shown by the estimator k3 whatever the loss has. */
export function answerKlWorking(
  { meanKl, parts, tokens }: Completion,
  config: Pick<Config, 'klEstimator' | 'klClamp' | 'useBiasCorrectionKl' | 'numIterations'>,
): Working {
  const formula = 'KL = Σ (exp(d) − d − 1) / tokens,  d = reference − policy, in nats';
  if (meanKl === undefined) return unknown('The answer was not compared with the reference.');
  const isLoss = config.klEstimator === 'k3' && config.klClamp === null;
  const isPlain = config.numIterations === 1 || !config.useBiasCorrectionKl;
  if (!isLoss || !isPlain || parts?.kl === undefined) {
    return unknown(
      `${formula}. The sum over the tokens was not kept; the table of tokens below an opened answer shows d of each.`,
    );
  }
  const filled = `${sumText([parts.kl])} / ${tokens}`;
  return {
    lines: [{ what: 'Mean over the tokens of the answer', formula, filled, value: parts.kl / tokens }],
  };
}
