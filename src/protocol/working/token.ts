/** A token's figures, worked out from what is kept of it. Its numbers are kept as 16-bit floats, and the working is of those. Pure. */

import type { Config } from '../config.ts';
import { lossConfig } from '../loss-config.ts';
import type { LossShare } from '../loss-shares.ts';
import { lossFamily } from '../losses.ts';
import type { AnswerParts } from '../step-basis.ts';
import type { TokenValues } from '../token-values.ts';
import { inBrackets, joined, type Line, operand, printed, unknown, type Working } from './line.ts';

/** A token of an answer, and what its answer earned and counts. */
export interface TokenFacts {
  readonly config: Config;
  readonly values: TokenValues;
  readonly at: number;
  readonly advantage: number;
  /** Absent where the step's other answers are not at hand. */
  readonly share?: LossShare | undefined;
  /** What its answer added to the loss. */
  readonly parts?: AnswerParts | undefined;
}

export type TokenFigure =
  | 'probability'
  | 'logProb'
  | 'sampler'
  | 'entropy'
  | 'mismatch'
  | 'ratio'
  | 'weight'
  | 'clip'
  | 'kl'
  | 'reference'
  | 'loss';

type Pass = NonNullable<TokenValues['pass']>;

const NO_PASS =
  'The answer went through no pass of the update, so of its tokens only the sampler’s numbers are known.';
const LOGITS = 'The logits of the vocabulary are never held as a whole, and not kept.';

export function tokenWorking(figure: TokenFigure, facts: TokenFacts): Working {
  const { values, at } = facts;
  if (figure === 'sampler') return samplerWorking(values.sampler[at]!);
  const { pass } = values;
  return pass ? WORKINGS[figure](facts, pass) : unknown(NO_PASS);
}

const WORKINGS: Readonly<
  Record<Exclude<TokenFigure, 'sampler'>, (facts: TokenFacts, pass: Pass) => Working>
> = {
  probability: ({ at }, { logProbs }) => ({ lines: [probabilityLine(logProbs[at]!)] }),
  logProb: ({ at, config }, { logProbs }) => ({
    lines: [],
    follows: [probabilityLine(logProbs[at]!)],
    notes: [
      `log-probability = logit / T − ln Σ exp(logits / T) with T = ${printed(temperatureOf(config))}: the loss pass found ${printed(logProbs[at]!)}. ${LOGITS}`,
    ],
  }),
  entropy: ({ at }, { entropies }) => ({
    lines: [],
    follows: [
      {
        what: 'As undecided as among so many equally likely tokens',
        formula: 'exp(entropy)',
        filled: `exp(${printed(entropies[at]!)})`,
        value: Math.exp(entropies[at]!),
      },
    ],
    notes: [
      `entropy = −Σ p · ln p over the vocabulary: the loss pass found ${printed(entropies[at]!)} nats. ${LOGITS}`,
    ],
  }),
  mismatch: mismatchWorking,
  ratio: ratioWorking,
  weight: weightWorking,
  clip: clipWorking,
  kl: klWorking,
  reference: ({ at }, { logProbs, differences }) =>
    differences
      ? {
          lines: [
            {
              what: 'Log-probability of the reference',
              formula: 'policy + d',
              filled: joined([printed(logProbs[at]!), printed(differences[at]!)]),
              value: logProbs[at]! + differences[at]!,
            },
          ],
          notes: ['What was kept is d, how far the reference’s log-probability lies above the policy’s.'],
        }
      : unknown('The loss has no KL term, as its weight β is 0, so there is no reference.'),
  loss: lossPartWorking,
};

const temperatureOf = ({ temperature }: Config): number => (temperature > 0 ? temperature : 1);

const probabilityLine = (logProb: number): Line => ({
  what: 'Probability of the token',
  formula: 'exp(log-probability)',
  filled: `exp(${printed(logProb)})`,
  value: Math.exp(logProb),
});

const samplerWorking = (logProb: number): Working => ({
  lines: [],
  follows: [probabilityLine(logProb)],
  notes: [
    `The log-probability of the token at the temperature, as the sampler computed it when it drew the token: ${printed(logProb)}. ${LOGITS}`,
  ],
});

function mismatchWorking({ at, values }: TokenFacts, { mismatches }: Pass): Working {
  const which = values.objective.iterations === 1 ? 'the loss pass' : 'the first pass over the batch';
  return unknown(
    `mismatch = log-probability by ${which} − log-probability by the sampler. The difference, ${printed(mismatches[at]!)}, was taken before either was rounded for storage, so it is not that of the two numbers shown.`,
  );
}

function ratioLine({ at }: TokenFacts, { ratios }: Pass): Line {
  const ratio = ratios[at]!;
  return {
    what: 'Ratio',
    formula: 'ρ = exp(ln ρ)',
    filled: `exp(${printed(Math.log(ratio))})`,
    value: ratio,
  };
}

function ratioWorking(facts: TokenFacts, pass: Pass): Working {
  const { iterations, level } = facts.values.objective;
  if (iterations === 1) {
    const line = { what: 'Ratio', formula: 'ρ = exp(new − old)', filled: 'exp(0)', value: 1 };
    return {
      lines: [line],
      notes: ['Each batch takes one update: old and new are the same, so every ratio is 1.'],
    };
  }
  const what =
    level === 'sequence'
      ? 'ln ρ is the mean of new − old over the answer’s tokens: all have the same ratio.'
      : 'ln ρ = new − old: the log-probability in the last pass less that in the first.';
  return { lines: [ratioLine(facts, pass)], notes: [what] };
}

const weightLine = ({ advantage, at }: TokenFacts, { ratios }: Pass): Line => ({
  what: 'Advantage × ratio',
  formula: 'A · ρ',
  filled: `${operand(advantage)} × ${operand(ratios[at]!)}`,
  value: advantage * ratios[at]!,
});

function weightWorking(facts: TokenFacts, pass: Pass): Working {
  return { lines: [weightLine(facts, pass)], notes: ['The advantage is that of the whole answer.'] };
}

const boundsOf = ({ config }: TokenFacts) => {
  const { epsilon, epsilonHigh, delta, lossType } = config;
  const high = epsilonHigh ?? epsilon;
  return { low: 1 - epsilon, high: lossFamily(lossType) === 'cispo' ? high : 1 + high, delta };
};

function clipWorking(facts: TokenFacts, { ratios, clips }: Pass): Working {
  const { at, advantage, config } = facts;
  if (!clips) return unknown(`The loss ${config.lossType} clips no ratio.`);
  const { low, high, delta } = boundsOf(facts);
  const isCapped = lossFamily(config.lossType) === 'cispo';
  const said = ['It is not clipped', 'It is clipped low', 'It is clipped high'][clips[at]!]!;
  const rule = isCapped
    ? `clipped high where ρ > ${printed(high)} and A > 0`
    : `clipped low where ρ < 1 − ε = ${printed(low)} and A < 0, clipped high where ρ > 1 + ε = ${printed(high)} and A > 0`;
  const cut = delta === null || isCapped ? '' : `, ρ cut to δ = ${printed(delta)} first`;
  return unknown(
    `${rule}${cut}.`,
    `Here ρ = ${printed(ratios[at]!)} and A = ${printed(advantage)}. ${said}.`,
  );
}

const KL_FORMULAS = { k1: 'KL = −d', k2: 'KL = d² / 2', k3: 'KL = exp(d) − d − 1' } as const;

/** The KL term of a token; undefined without one. */
function klLine({ at, config }: TokenFacts, { differences, ratios }: Pass): Line | undefined {
  if (!differences) return undefined;
  const { klEstimator, klClamp, useBiasCorrectionKl } = config;
  const most = klClamp ?? Number.POSITIVE_INFINITY;
  const d = Math.min(most, Math.max(-most, differences[at]!));
  const own = operand(d);
  const term = { k1: -d, k2: (d * d) / 2, k3: Math.expm1(d) - d }[klEstimator];
  const filled = { k1: `0 − ${own}`, k2: `${own}² / 2`, k3: `exp(${printed(d)}) − ${own} − 1` }[klEstimator];
  const formula = `${KL_FORMULAS[klEstimator]},  d = reference − policy`;
  const what = `KL of the token (${klEstimator})`;
  if (!useBiasCorrectionKl) return { what, formula, filled, value: term };
  const ratio = ratios[at]!;
  return {
    what,
    formula: formula.replace('KL = ', 'KL = ρ · (').replace(',', '),'),
    filled: `${operand(ratio)} × (${filled})`,
    value: term * ratio,
  };
}

function klWorking(facts: TokenFacts, pass: Pass): Working {
  const line = klLine(facts, pass);
  if (!line) return unknown('The loss has no KL term, as its weight β is 0.');
  const { klClamp } = facts.config;
  return {
    lines: [line],
    notes: klClamp === null ? [] : [`d is cut to ±${printed(klClamp)} nats first.`],
  };
}

/** w · (f · policy + β · KL) */
function lossPartWorking(facts: TokenFacts, pass: Pass): Working {
  const { config, share } = facts;
  if (!share)
    return unknown(
      'What a token counts follows from the lengths of all answers of the step, and some of them are not at hand.',
    );
  const factor = factorOf(facts, pass);
  if (typeof factor === 'string') return unknown(factor);
  const policy = policyLine(facts, pass);
  if (typeof policy === 'string') return unknown(policy);
  const kl = config.beta === 0 ? undefined : klLine(facts, pass);
  const hasFactor = factor !== 1;
  const inner = [
    hasFactor ? `${operand(factor)} × ${operand(policy.value)}` : printed(policy.value),
    ...(kl ? [`${operand(config.beta)} × ${operand(kl.value)}`] : []),
  ];
  const value = share.weight * (factor * policy.value + (kl ? config.beta * kl.value : 0));
  const weight: Line = {
    what: 'What the token counts',
    formula: 'w, from the lengths of the step’s answers',
    filled: share.weight > 0 ? `1 / ${printed(1 / share.weight)}` : '0',
    value: share.weight,
  };
  return {
    lines: [
      policy,
      ...(kl ? [kl] : []),
      weight,
      {
        what: 'Part of the loss',
        formula: `w · (${hasFactor ? 'f · ' : ''}policy${kl ? ' + β · KL' : ''})`,
        filled: `${printed(share.weight)} × ${inBrackets(joined(inner))}`,
        value,
      },
    ],
    notes: [
      ...(hasFactor ? [factorNote(config)] : []),
      ...(config.entropyCoef === 0 ? [] : [bonusNote(facts, pass)]),
      'The loss of the step is the sum of this over all tokens of all answers.',
    ],
  };
}

function bonusNote({ at, share }: TokenFacts, { entropies }: Pass): string {
  return `The entropy bonus takes ${printed(share!.entropyWeight)} × ${printed(entropies[at]!)} from the loss on top.`;
}

const factorNote = ({ samplerCorrection }: Config): string =>
  samplerCorrection === 'off'
    ? 'f is 0: the answer is left out by the off-policy mask.'
    : 'f is the weight of the sampler correction, 0 where a mask leaves the token out.';

const EXP_MOST = 80;

/** What masks and the sampler correction multiply the policy's term by; a sentence where that is not known. */
function factorOf(facts: TokenFacts, { mismatches }: Pass): number | string {
  const { config, at, values, advantage } = facts;
  const { samplerCorrection, offPolicyMaskThreshold, topEntropyQuantile, lossType } = lossConfig(config);
  if (topEntropyQuantile < 1) {
    return 'Only the most uncertain tokens count in this run, and the entropy from which on they do is not kept.';
  }
  const { sampler, pass } = values;
  const drift = meanOf(sampler) - meanOf(pass!.logProbs);
  if (offPolicyMaskThreshold !== null && advantage < 0 && drift > offPolicyMaskThreshold) return 0;
  if (!samplerCorrection || lossFamily(lossType) === 'vespo') return 1;
  const log =
    samplerCorrection.level === 'token' ? mismatches[at]! : mismatches.reduce((all, each) => all + each, 0);
  const ratio = Math.exp(Math.min(EXP_MOST, Math.max(-EXP_MOST, log)));
  const [least, most] = [samplerCorrection.min ?? 0, samplerCorrection.max ?? Number.POSITIVE_INFINITY];
  if (samplerCorrection.mode === 'truncate') return Math.min(most, Math.max(least, ratio));
  return ratio < least || ratio > most ? 0 : ratio;
}

const meanOf = (numbers: Float32Array): number =>
  numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);

/** The policy's term of a token; a sentence where it is not known. */
function policyLine(facts: TokenFacts, pass: Pass): Line | string {
  const { config, advantage, at, parts } = facts;
  const ratio = pass.ratios[at]!;
  const [a, rho, lp] = [operand(advantage), operand(ratio), operand(pass.logProbs[at]!)];
  const what = 'Policy’s term of the token';
  const kind = lossFamily(config.lossType);
  if (kind === 'clipped') return clippedLine(facts, ratio);
  if (kind === 'cispo') {
    const { high } = boundsOf(facts);
    return {
      what,
      formula: '−min(ρ, cap) · A · log-probability',
      filled: `0 − min(${printed(ratio)}, ${printed(high)}) × ${a} × ${lp}`,
      value: -Math.min(ratio, high) * advantage * pass.logProbs[at]!,
    };
  }
  if (kind === 'sapo') {
    const tau = advantage > 0 ? config.sapoTemperaturePos : config.sapoTemperatureNeg;
    return {
      what,
      formula: '−A · (4 / τ) / (1 + exp(−τ · (ρ − 1)))',
      filled: `0 − ${a} × (4 / ${printed(tau)}) / (1 + exp(0 − ${printed(tau)} × (${rho} − 1)))`,
      value: (-advantage * (4 / tau)) / (1 + Math.exp(-tau * (ratio - 1))),
    };
  }
  if (parts?.phi === undefined)
    return 'The weight φ of the answer was not kept by the version that took the step.';
  return {
    what,
    formula: '−φ · A · log-probability',
    filled: `0 − ${operand(parts.phi)} × ${a} × ${lp}`,
    value: -parts.phi * advantage * pass.logProbs[at]!,
  };
}

function clippedLine(facts: TokenFacts, ratio: number): Line {
  const { advantage, config } = facts;
  const { low, high, delta } = boundsOf(facts);
  const a = operand(advantage);
  const free = delta === null ? operand(ratio) : `min(${printed(ratio)}, ${printed(delta)})`;
  const clip = `max(${printed(low)}, min(${printed(high)}, ${printed(ratio)}))`;
  const capped = Math.min(ratio, delta ?? Number.POSITIVE_INFINITY) * advantage;
  const clipped = Math.max(low, Math.min(high, ratio)) * advantage;
  const plain = -Math.min(capped, clipped);
  const filled = `0 − min(${free} × ${a}, ${clip} × ${a})`;
  const formula = `−min(${delta === null ? 'ρ' : 'min(ρ, δ)'} · A, clip(ρ, 1 − ε, 1 + ε) · A)`;
  const what = 'Policy’s term of the token';
  const { dualClip } = config;
  if (dualClip === null || advantage >= 0) return { what, formula, filled, value: plain };
  return {
    what,
    formula: `min(${formula}, −c · A)`,
    filled: `min(${filled}, 0 − ${printed(dualClip)} × ${a})`,
    value: Math.min(plain, -dualClip * advantage),
  };
}
