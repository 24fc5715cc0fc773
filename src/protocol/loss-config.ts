/** What defines the GRPO loss family, under the names of TRL's GRPOConfig in camel case. */
import type { Config, KlEstimator, LossType } from './config.ts';

export type ImportanceLevel = Config['importanceSamplingLevel'];
export type { KlEstimator, LossType };

/**
 * Correction for log-probabilities that the sampler reported otherwise than the trainer computes them: the policy term is
 * multiplied by exp(old - sampler), per token or per completion, cut to [min, max] or put to 0 outside of it.
 */
export interface SamplerCorrection {
  readonly level: ImportanceLevel;
  readonly mode: 'truncate' | 'mask';
  readonly min: number | null;
  readonly max: number | null;
}

export interface LossConfig {
  readonly lossType: LossType;
  readonly importanceSamplingLevel: ImportanceLevel;
  /** The ratio is clipped below 1 - epsilon … */
  readonly epsilon: number;
  /** … and above 1 + epsilonHigh; null is epsilon. For cispo it is the cap itself. */
  readonly epsilonHigh: number | null;
  /** Cap of the unclipped branch; null is none. */
  readonly delta: number | null;
  /** Largest loss of a token with negative advantage, in units of |advantage| (dual clip); null is none. */
  readonly dualClip: number | null;
  /** Share of tokens, the most uncertain ones, whose policy term counts. */
  readonly topEntropyQuantile: number;
  /** Completions with a negative advantage are dropped beyond this mean of sampler - present log-probability, in nats. */
  readonly offPolicyMaskThreshold: number | null;
  readonly entropyCoef: number;
  readonly sapoTemperaturePos: number;
  readonly sapoTemperatureNeg: number;
  /** Exponents of VESPO's weight φ = exp(λ + k·log w - λ·w), by the sign of the advantage. */
  readonly vespoKPos: number;
  readonly vespoLambdaPos: number;
  readonly vespoKNeg: number;
  readonly vespoLambdaNeg: number;
  /** Weight of the KL term; 0 leaves it out. */
  readonly beta: number;
  readonly klEstimator: KlEstimator;
  /** Largest |reference - present| log-probability that the KL term sees, in nats; null is no clamp. */
  readonly klClamp: number | null;
  readonly useBiasCorrectionKl: boolean;
  readonly samplerCorrection: SamplerCorrection | null;
  /** Tokens a completion may have at most: dr_grpo's divisor. */
  readonly maxCompletionLength: number;
  /**
   * TRL's rules for means, where its releases differ (why: D-198): of today, or of f2cd577, with which numbers were recorded.
   * There the mean of luspo runs over padding, and the entropy bonus has the divisor of the policy's term.
   */
  readonly rules: 'today' | 'f2cd577';
}

/** TRL's defaults. */
export const LOSS_DEFAULTS: LossConfig = {
  lossType: 'dapo',
  importanceSamplingLevel: 'token',
  epsilon: 0.2,
  epsilonHigh: null,
  delta: null,
  dualClip: null,
  topEntropyQuantile: 1,
  offPolicyMaskThreshold: null,
  entropyCoef: 0,
  sapoTemperaturePos: 1,
  sapoTemperatureNeg: 1.05,
  vespoKPos: 2,
  vespoLambdaPos: 3,
  vespoKNeg: 3,
  vespoLambdaNeg: 2,
  beta: 0,
  klEstimator: 'k3',
  klClamp: null,
  useBiasCorrectionKl: true,
  samplerCorrection: null,
  maxCompletionLength: 512,
  rules: 'today',
};

/** The loss settings of a run's config. */
export function lossConfig(config: Config): LossConfig {
  const known = Object.keys(LOSS_DEFAULTS).filter((key) => key in config);
  const values = Object.fromEntries(known.map((key) => [key, config[key as keyof Config]]));
  return { ...LOSS_DEFAULTS, ...values, samplerCorrection: samplerCorrection(config) };
}

function samplerCorrection(config: Config): SamplerCorrection | null {
  if (config.samplerCorrection === 'off') return null;
  const [level, mode] = config.samplerCorrection.split('_') as [ImportanceLevel, SamplerCorrection['mode']];
  return { level, mode, min: config.samplerCorrectionMin, max: config.samplerCorrectionMax };
}
