/** Figures that the loss kernel reports, worked out from what each answer added to them. Pure. */
import { formatMetric } from '../../math/format.ts';
import { maximum, minimum, sum } from '../../math/stats.ts';
import { lossConfig } from '../loss-config.ts';
import { type LossMean, lossFamily, lossMean } from '../losses.ts';
import type { MetricKey } from '../metrics.ts';
import type { AnswerParts } from '../step-basis.ts';
import { answersOf, batchOf, type PassedAnswer, passedAnswers, type StepFacts, whyNoParts } from './facts.ts';
import { inBrackets, type Line, operand, printed, sumText, tally, unknown, type Working } from './line.ts';

/** Weight of a token in words, by what the loss takes its mean over. */
const WEIGHTS: Readonly<Record<LossMean, string>> = {
  answer: 'w = 1 / (tokens of its answer × answers of the step)',
  tokens: 'w = 1 / (tokens of its group × groups)',
  constant: 'w = 1 / (answers of the step × longest answer)',
  batch: 'w = 1 / (trained tokens of the step)',
  length: 'w = 1 / (answers of the step)',
};

/** The part of the loss with the policy's ratio, the part with the KL, and the entropy bonus. */
export function lossWorking(key: 'loss' | 'policy_loss', facts: StepFacts): Working {
  const why = whyNoParts(facts);
  if (why !== undefined) return unknown(why);
  const { config } = facts;
  const passed = passedAnswers(facts);
  if (passed.length === 0) {
    const nothing =
      'No answer went through a pass: all advantages are 0 at β = 0, or all answers are masked.';
    return { lines: [{ what: 'Loss', filled: '0', value: 0 }], notes: [nothing] };
  }
  const policy = policyLine(passed, config.beta);
  const lines: Line[] = [...weightLines(facts, passed), policy];
  let whole = policy;
  if (config.beta !== 0) {
    const kl = klPartLine(passed, config.beta);
    whole = {
      what: 'Policy and KL together',
      formula: 'L = policy + β · KL',
      filled: `${printed(policy.value)} + ${operand(kl.value)}`,
      value: policy.value + kl.value,
    };
    lines.push(kl, whole);
  }
  if (config.entropyCoef !== 0 && key === 'loss') {
    const bonus = bonusLine(passed);
    lines.push(bonus, {
      what: 'Loss',
      formula: 'L − bonus',
      filled: `${printed(whole.value)} − ${operand(bonus.value)}`,
      value: whole.value - bonus.value,
    });
  }
  const recorded = facts.metrics[key];
  return {
    lines,
    notes: [...whyNearZero(facts, policy.value), ...roundingNote(lines.at(-1)!.value, recorded)],
  };
}

/** What a token counts; one line where all count the same. */
function weightLines({ config }: StepFacts, passed: readonly PassedAnswer[]): Line[] {
  const weights = tally(passed.map(({ share }) => share.weight));
  const what =
    weights.length === 1 ? 'What every token counts' : 'What each token of an answer counts, at most';
  const value = maximum(passed.map(({ share }) => share.weight));
  const filled = value > 0 ? `1 / ${printed(1 / value)}` : '0';
  return [
    { what: `${what} (${config.lossType})`, formula: WEIGHTS[lossMean(config.lossType)], filled, value },
  ];
}

/** The weighed sum of an answer's policy terms: what it added without its KL. */
const policyPart = ({ parts, share }: PassedAnswer, beta: number): number =>
  beta === 0 ? parts.loss : parts.loss - share.weight * beta * (parts.kl ?? 0);

function policyLine(passed: readonly PassedAnswer[], beta: number): Line {
  const values = passed.map((answer) => policyPart(answer, beta));
  return {
    what: 'Part of the policy: what each answer added',
    formula: 'Σ over answers of w · Σ over its tokens of the policy’s term',
    filled: sumText(values),
    value: sum(values),
  };
}

function klPartLine(passed: readonly PassedAnswer[], beta: number): Line {
  const byWeight = new Map<number, number[]>();
  for (const { share, parts } of passed) {
    const known = byWeight.get(share.weight) ?? [];
    byWeight.set(share.weight, [...known, parts.kl ?? 0]);
  }
  const terms = [...byWeight].map(([weight, kls]) => `${printed(weight)} × ${inBrackets(sumText(kls))}`);
  const value = beta * sum(passed.map(({ share, parts }) => share.weight * (parts.kl ?? 0)));
  return {
    what: 'Part of the KL',
    formula: 'β · Σ over answers of w · Σ over its tokens of KL',
    filled: `${printed(beta)} × (${terms.join(' + ')})`,
    value,
  };
}

function bonusLine(passed: readonly PassedAnswer[]): Line {
  const values = passed.map(({ parts }) => parts.bonus ?? 0);
  return {
    what: 'Entropy bonus: what each answer added',
    formula: 'Σ over answers of v · Σ over its tokens of entropy',
    filled: sumText(values),
    value: sum(values),
  };
}

/** Why a loss near 0 is no fault, in this step's numbers. */
function whyNearZero({ config, metrics }: StepFacts, policy: number): string[] {
  if (config.numIterations > 1 || lossFamily(config.lossType) !== 'clipped') return [];
  const size =
    Math.abs(policy) < 1e-6 ? 'is 0 but for rounding' : `is ${formatMetric(policy, 3).replaceAll('-', '−')}`;
  const whole = config.multiObjectiveAggregation === 'sum_then_normalize' ? 'a group' : 'the step';
  const why = `Each batch takes one update, so every ratio is 1 and a token’s policy term is minus its answer’s advantage. Advantages of ${whole} add up to 0: the part of the policy ${size}, which is what the weights of answers of different lengths leave. Its gradient is not 0. The loss says nothing of how the run does; the reward does.`;
  if (config.beta === 0 || metrics.kl === undefined) return [why];
  const kl = `What is left is β · KL: ${printed(config.beta)} × a mean KL of ${formatMetric(metrics.kl, 3)} nats a token.`;
  return [why, kl];
}

/** The device adds 32-bit floats: where that shows, it is said. */
function roundingNote(value: number, recorded: number | undefined): string[] {
  if (recorded === undefined || formatMetric(value, 3) === formatMetric(recorded, 3)) return [];
  return [
    `The device found ${printed(recorded)}: it adds up in 32-bit floats, and what is far smaller than its terms is rounding.`,
  ];
}

/** A figure that is a sum over answers by tokens or answers, or an extreme. */
interface MeanOf {
  readonly what: string;
  readonly part: (parts: AnswerParts) => number;
  readonly per: 'token' | 'answer' | 'flag' | 'correction';
}

const correctionAt = (index: number) => (parts: AnswerParts) => parts.correction?.[index] ?? Number.NaN;

const MEANS: Partial<Record<MetricKey, MeanOf>> = {
  kl: { what: 'KL of all tokens, added up by answer', part: ({ kl }) => kl ?? Number.NaN, per: 'token' },
  entropy: {
    what: 'Entropy of all tokens, added up by answer',
    part: ({ entropy }) => entropy,
    per: 'token',
  },
  'clip_ratio/low_mean': { what: 'Clipped low', part: ({ low }) => low ?? Number.NaN, per: 'flag' },
  'clip_ratio/high_mean': { what: 'Clipped high', part: ({ high }) => high ?? Number.NaN, per: 'flag' },
  'clip_ratio/region_mean': {
    what: 'Clipped on either side',
    part: ({ low, high }) => (low ?? Number.NaN) + (high ?? Number.NaN),
    per: 'flag',
  },
  cispo_clip_ratio: { what: 'At the cap', part: ({ capped }) => capped ?? Number.NaN, per: 'flag' },
  'vespo/phi_seq_mean': {
    what: 'Weight φ of each answer',
    part: ({ phi }) => phi ?? Number.NaN,
    per: 'answer',
  },
  'sampling/sampling_logp_difference/mean': {
    what: 'Differences of all tokens, added up by answer',
    part: ({ gap }) => gap,
    per: 'token',
  },
  'sampling/importance_sampling_ratio/mean': {
    what: 'Weights of the correction, added up by answer',
    part: correctionAt(0),
    per: 'correction',
  },
};

interface ExtremeOf {
  readonly what: string;
  readonly take: 'min' | 'max';
  readonly part: (answer: PassedAnswer, perAnswer: boolean) => number;
}

const shareOf = (count: number | undefined, { tokens }: PassedAnswer, perAnswer: boolean): number =>
  (count ?? Number.NaN) / (perAnswer ? 1 : Math.max(1, tokens));

const EXTREMES: Partial<Record<MetricKey, ExtremeOf>> = {
  'clip_ratio/low_min': {
    what: 'Smallest share of an answer’s tokens that is clipped low',
    take: 'min',
    part: (answer, perAnswer) => shareOf(answer.parts.low, answer, perAnswer),
  },
  'clip_ratio/high_max': {
    what: 'Largest share of an answer’s tokens that is clipped high',
    take: 'max',
    part: (answer, perAnswer) => shareOf(answer.parts.high, answer, perAnswer),
  },
  'sampling/sampling_logp_difference/max': {
    what: 'Largest difference of a token, by answer',
    take: 'max',
    part: ({ parts }) => parts.gapMax,
  },
  'sampling/importance_sampling_ratio/min': {
    what: 'Smallest weight of the correction, by answer',
    take: 'min',
    part: ({ parts }) => correctionAt(1)(parts),
  },
  'sampling/importance_sampling_ratio/max': {
    what: 'Largest weight of the correction, by answer',
    take: 'max',
    part: ({ parts }) => correctionAt(2)(parts),
  },
};

/** Undefined for figures that the loss kernel does not report. */
export function kernelWorking(key: MetricKey, facts: StepFacts): Working | undefined {
  const [meanOf, extremeOf] = [MEANS[key], EXTREMES[key]];
  if (!meanOf && !extremeOf) return undefined;
  const why = whyNoParts(facts);
  if (why !== undefined) return unknown(why);
  const passed = passedAnswers(facts);
  const line = meanOf ? meanOfAnswers(meanOf, facts, passed) : extremeOfAnswers(extremeOf!, facts, passed);
  const left = answersOf({ groups: batchOf(facts.groups) }).length - passed.length;
  const notes =
    left > 0
      ? [
          `${left} answers went through no pass and are in no sum: their group taught nothing, or they were cut and are masked.`,
        ]
      : [];
  return {
    lines: [line],
    notes: [...notes, ...aboutRatio(key, facts), ...roundingNote(line.value, facts.metrics[key])],
  };
}

function meanOfAnswers(
  { what, part, per }: MeanOf,
  { config }: StepFacts,
  passed: readonly PassedAnswer[],
): Line {
  const { importanceSamplingLevel, samplerCorrection } = { ...config, ...lossConfig(config) };
  const perAnswer =
    per === 'answer' ||
    (per === 'flag' && importanceSamplingLevel === 'sequence') ||
    (per === 'correction' && samplerCorrection?.level === 'sequence');
  const values = passed.map(({ parts }) => part(parts));
  const count = perAnswer ? passed.length : sum(passed.map(({ tokens }) => tokens));
  const unit = perAnswer ? 'answers' : 'tokens';
  return {
    what: `${what}: mean over the ${unit}`,
    formula: `Σ over answers / ${unit} of the passes`,
    filled: `${inBrackets(sumText(values))} / ${Math.max(1, count)}`,
    value: sum(values) / Math.max(1, count),
  };
}

function extremeOfAnswers(
  { what, take, part }: ExtremeOf,
  { config }: StepFacts,
  passed: readonly PassedAnswer[],
): Line {
  const perAnswer = config.importanceSamplingLevel === 'sequence';
  const values = passed.map((answer) => part(answer, perAnswer));
  return {
    what,
    formula: `${take} over answers`,
    filled: `${take}(${tally(values)
      .map(([value]) => printed(value))
      .join(', ')})`,
    value: take === 'min' ? minimum(values) : maximum(values),
  };
}

/** What is to be known of a figure beside its sum. */
function aboutRatio(key: MetricKey, { config }: StepFacts): string[] {
  if (key === 'kl') {
    const { klEstimator, klClamp, useBiasCorrectionKl } = config;
    const terms = { k1: '−d', k2: 'd² / 2', k3: 'exp(d) − d − 1' }[klEstimator];
    const parts = [
      `Of a token KL = ${terms} with d = reference − policy (estimator ${klEstimator})`,
      klClamp === null ? '' : `d cut to ±${printed(klClamp)}`,
      useBiasCorrectionKl ? 'times the ratio (bias correction)' : '',
    ];
    return [`${parts.filter(Boolean).join(', ')}.`];
  }
  const isClip = key.startsWith('clip_ratio') || key === 'cispo_clip_ratio';
  if (!isClip) return [];
  const { epsilon, epsilonHigh, numIterations, lossType } = config;
  const high = epsilonHigh ?? epsilon;
  const bounds =
    lossFamily(lossType) === 'cispo'
      ? `The cap of the ratio is ${printed(high)}.`
      : `The ratio is clipped below 1 − ${printed(epsilon)} = ${printed(1 - epsilon)} and above 1 + ${printed(high)} = ${printed(1 + high)}.`;
  const once = 'Each batch takes one update, so every ratio is 1 and none is clipped.';
  return numIterations === 1 ? [bounds, once] : [bounds];
}
