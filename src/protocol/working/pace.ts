/** Figures of the optimizer, of speed and of time, as far as they follow from what is kept. Pure. */
import { scheduleFactor } from '../../math/schedule.ts';
import { sum } from '../../math/stats.ts';
import type { MetricKey } from '../metrics.ts';
import { isPhase, PHASES } from '../phases.ts';
import { answersOf, batchOf, type StepFacts, whyNoParts } from './facts.ts';
import { type Line, operand, printed, unknown, type Working } from './line.ts';
import { sampledTokens } from './reward-metrics.ts';

const NO_BASIS =
  'The step was taken by an earlier version of the studio, which did not keep what the figure is made of.';

export function learningRateWorking({ config, step }: StepFacts): Working {
  const { schedule: kind, steps: total, warmupSteps, learningRate } = config;
  const at = step - 1;
  const rate = printed(learningRate);
  const value = learningRate * scheduleFactor({ kind, totalSteps: total, warmupSteps }, at);
  const note = `Steps are counted from 0 here: this one is t = ${at}.`;
  const line = (what: string, formula: string, filled: string): Working => ({
    lines: [{ what, formula, filled, value }],
    notes: [note],
  });
  if (at < warmupSteps) {
    return line('Warm-up', 'rate × t / warm-up steps', `${rate} × ${at} / ${warmupSteps}`);
  }
  const span = Math.max(1, total - warmupSteps);
  if (kind === 'constant') return line('Schedule constant', 'rate', rate);
  if (kind === 'linear') {
    const formula = 'rate × max(0, steps − t) / (steps − warm-up steps)';
    return line('Schedule linear', formula, `${rate} × max(0, ${total} − ${at}) / ${span}`);
  }
  const formula = 'rate × (1 + cos(π · (t − warm-up steps) / (steps − warm-up steps))) / 2';
  return line('Schedule cosine', formula, `${rate} × (1 + cos(π × (${at} − ${warmupSteps}) / ${span})) / 2`);
}

export function gradientWorking({ metrics, config, basis }: StepFacts): Working {
  const norm = metrics.grad_norm;
  if (norm === undefined || !Number.isFinite(norm)) {
    return unknown('A gradient was not finite, so there is no norm and the step changed no weight.');
  }
  const most = config.maxGradNorm;
  const factor: Line = {
    what: 'What the gradient was multiplied by',
    formula: 'min(1, largest norm / (norm + 1e−6))',
    filled: `min(1, ${printed(most)} / (${printed(norm)} + 1e−6))`,
    value: Math.min(1, most / (norm + 1e-6)),
  };
  return {
    lines: [],
    follows: most > 0 && basis ? [factor] : [],
    notes: [
      `norm = √(Σ g²) over all numbers that train, before clipping: the device found ${printed(norm)}. The gradient itself is not kept.`,
    ],
  };
}

export function tokensWorking(facts: StepFacts): Working {
  const { basis, config, tokensBefore } = facts;
  if (!basis) return unknown(NO_BASIS);
  if (answersOf(facts).length === 0)
    return unknown('The answers of this step are not at hand, and they are counted.');
  if (tokensBefore === undefined)
    return unknown('The step before this one is not at hand, and its tokens are counted.');
  const sampled = sampledTokens(facts);
  const ofStep: Line = {
    what: 'Tokens of this step',
    formula: 'prompt tokens × answers of each + sampled tokens',
    filled: `${basis.promptTokens} × ${config.groupSize} + ${sampled.text}`,
    value: basis.promptTokens * config.groupSize + sampled.value,
  };
  return {
    lines: [
      ofStep,
      {
        what: 'Tokens since the start',
        formula: 'before + of this step',
        filled: `${tokensBefore} + ${ofStep.value}`,
        value: tokensBefore + ofStep.value,
      },
    ],
  };
}

/** Tokens by the seconds that the step waited for them. */
export function speedWorking(
  key: 'tokens_per_second/generate' | 'tokens_per_second/train',
  facts: StepFacts,
): Working {
  const { basis } = facts;
  if (!basis) return unknown(NO_BASIS);
  if (answersOf(facts).length === 0)
    return unknown('The answers of this step are not at hand, and they are counted.');
  if (key === 'tokens_per_second/generate') {
    const sampled = sampledTokens(facts);
    return { lines: [countLine(sampled), speed('the rollout', sampled.value, basis.rollout)] };
  }
  const sampled = sampledTokens({ groups: batchOf(facts.groups) });
  const value = basis.updatePromptTokens + sampled.value;
  const all: Line = {
    what: 'Tokens of the passes: each prompt once, with its answers',
    formula: 'prompt tokens + sampled tokens',
    filled: `${basis.updatePromptTokens} + ${sampled.value}`,
    value,
  };
  return { lines: [countLine(sampled), all, speed('the update', value, basis.update)] };
}

const countLine = ({ text, value }: ReturnType<typeof sampledTokens>): Line => ({
  what: 'Tokens that were sampled',
  filled: text,
  value,
});

const speed = (what: string, tokens: number, seconds: number): Line => ({
  what: `Tokens by the seconds of ${what}`,
  formula: 'tokens / seconds',
  filled: `${tokens} / ${printed(Math.max(1e-9, seconds))}`,
  value: tokens / Math.max(1e-9, seconds),
});

export function timeWorking({ seconds }: StepFacts): Working {
  const parts = Object.entries(seconds);
  if (parts.length === 0) return unknown('The parts of the step’s time are not kept.');
  const names = parts.map(([name]) => (isPhase(name) ? PHASES[name].label : name));
  return {
    lines: [
      {
        what: 'Seconds of the step’s parts',
        formula: names.join(' + '),
        filled: parts.map(([, value]) => operand(value)).join(' + '),
        value: sum(parts.map(([, value]) => value)),
      },
    ],
  };
}

export function skippedWorking(facts: StepFacts): Working {
  const why = whyNoParts(facts);
  if (why !== undefined) return unknown(why);
  const batch = batchOf(facts.groups);
  const passed = batch.filter(({ completions }) => completions.some(({ parts }) => parts)).length;
  const all = batch.length;
  return {
    lines: [
      {
        what: 'Clips none of whose answers went through a pass',
        formula: 'clips − clips in passes',
        filled: `${all} − ${passed}`,
        value: all - passed,
      },
    ],
  };
}

export function resampledWorking({ groups }: StepFacts): Working {
  if (groups.length === 0) return unknown('The answers of this step are not at hand, and they are counted.');
  const batch = batchOf(groups).length;
  return {
    lines: [
      {
        what: 'Clips that were sampled and gave way to others',
        formula: 'clips sampled − clips of the batch',
        filled: `${groups.length} − ${batch}`,
        value: groups.length - batch,
      },
    ],
  };
}

/** What is said of figures that nothing kept makes again. */
export const MEASURED: Partial<Record<MetricKey, string>> = {
  epoch:
    'Counted by what deals the rows: rows that were dealt, by the rows there are. Which rows those were is not kept with a step.',
  mfu: 'Multiplications and additions that the passes need, by the seconds of forward and backward on the device’s own clock, as a share of the most that this GPU was measured to do. The measurements are not kept with a step.',
  mbu: 'Bytes of weights and caches that decoding reads, by its seconds on the device’s own clock, as a share of the most that this GPU was measured to move. The measurements are not kept with a step.',
  'memory/peak_bytes':
    'The most bytes that were booked at once since the run began, counted at every buffer that is taken or given back.',
  entropy_coef: 'It is a setting of the run.',
  'eval/war': 'Clips whose answer equals the label, by all clips. The screen “Evaluate” has every answer.',
  'eval/uar': 'The recall of each label, then their mean. The screen “Evaluate” has every answer.',
  'eval/score': 'The mean of the rows’ scores, by kind. The screen “Evaluate” has every answer.',
};
