/** What counts as equal to the published code: on the float32 path, and with weights stored in 16 bits. */
import type { FloatDtype } from '../../io/tensors/dtype.ts';

/** Activations, tokens, logits, probabilities, filters: norm(difference) / norm(reference). */
const ACTIVATION = 1e-4;
/** Log-probabilities: largest difference, in nats. */
const LOG_PROBABILITY = 5e-4;
/** Losses, KL, logged metrics, advantages: largest difference. */
export const scalarBound = (reference: number): number => 1e-5 + 1e-4 * Math.abs(reference);
/** A gradient: norm(difference). A tensor of almost no gradient is measured by the norm over all tensors. */
export const gradientBound = (norm: number, globalNorm: number): number =>
  2e-3 * Math.max(norm, 1e-3 * globalNorm);
/** Losses and gradient norms after optimizer steps: share of the reference. */
const STEP_SHARE = 0.01;
/** A tensor after optimizer steps: norm(difference) as a share of norm(change). */
const CHANGE_SHARE = 0.05;
/** Log-mel: largest difference. */
export const LOG_MEL = 1e-3;
/** Pixels in [-1, 1]: largest difference, one step of eight bits, and mean difference. */
export const PIXEL_LARGEST = 0.0079;
export const PIXEL_MEAN = 5e-4;

/** What counts as equal for the quantities of a model. */
export interface Bounds {
  readonly weights: FloatDtype;
  readonly activation: number;
  readonly logProbability: number;
  /** Mean negative log-likelihood. */
  nll(reference: number): number;
  /** Mean KL divergence from the reference model. */
  kl(reference: number): number;
  /** A GRPO loss taken before the policy moved. */
  grpoLoss(reference: number, beta: number): number;
  gradient(norm: number, globalNorm: number): number;
  gradientNorm(reference: number): number;
  /** Loss and gradient norm before one of several optimizer steps. */
  stepLoss(reference: number, beta: number): number;
  stepNorm(reference: number): number;
  /** A tensor behind optimizer steps, by the norms of its change and of itself. */
  change(normOfChange: number, norm: number): number;
}

/** For weights as the reference was computed with. */
export const FLOAT32: Bounds = {
  weights: 'F32',
  activation: ACTIVATION,
  logProbability: LOG_PROBABILITY,
  nll: scalarBound,
  kl: scalarBound,
  grpoLoss: scalarBound,
  gradient: gradientBound,
  gradientNorm: scalarBound,
  stepLoss: (reference) => STEP_SHARE * Math.abs(reference),
  stepNorm: (reference) => STEP_SHARE * Math.abs(reference),
  change: (normOfChange) => CHANGE_SHARE * normOfChange,
};

/** Weight products between pixels and log-probabilities of a toy: about 10 in a tower, 18 in the projector, 12 in the decoder. */
const PRODUCTS = 40;

/**
 * Bounds for weights that were rounded to `weights` after the reference was computed with F32; the arithmetic stays f32.
 *
 * Rounding to nearest moves a weight by at most the share u, the type's unit roundoff: half the spacing of its numbers,
 * 2^-8 for BF16 (7 bits of fraction), 2^-11 for F16 (10 bits). Over weights of all sizes the root mean square is
 * u · sqrt(E[1/m²] / 3) = u / sqrt(6), m a significand in [1, 2). A product y = W x of independent roundings gets that relative
 * error, and n products on a path add in squares: `typical` = u · sqrt(n / 6).
 *
 * - activations: twice that, as normalisation and gates amplify some of it;
 * - mean NLL: `typical`, for logits of at most about one nat of spread; single log-probabilities, of which the largest error of
 *   some tens counts: three times that;
 * - KL: with d = log(reference / policy) it is d²/2 to second order, so that an error e of d moves its mean by at most
 *   rms(d) · rms(e) + rms(e)²/2, and rms(d) = sqrt(2 KL). Before the policy moves all ratios are 1 and only the
 *   KL term of a GRPO loss has an error;
 * - gradients: errors of the forward and of the backward pass, relative to terms that partly cancel in the sum over positions:
 *   eight times `typical`;
 * - tensors behind AdamW steps: a step is nearly the gradient's sign, so entries below the gradient's relative error g may go
 *   the other way: sqrt(g) of the change. Besides, the weights started at most u · norm(weights) apart.
 */
function afterRounding(weights: FloatDtype, u: number): Bounds {
  const typical = u * Math.sqrt(PRODUCTS / 6);
  const share = 8 * typical;
  const kl = (reference: number): number => Math.sqrt(2 * Math.abs(reference)) * typical + typical ** 2 / 2;
  const loss = (reference: number, beta: number): number =>
    scalarBound(reference) + (beta > 0 ? beta * kl(reference / beta) : 0);
  return {
    weights,
    activation: 2 * typical,
    logProbability: 3 * typical,
    nll: () => typical,
    kl,
    grpoLoss: loss,
    gradient: (norm, globalNorm) => share * Math.max(norm, 1e-3 * globalNorm),
    gradientNorm: (reference) => share * Math.abs(reference),
    stepLoss: loss,
    stepNorm: (reference) => share * Math.abs(reference),
    change: (normOfChange, norm) => Math.sqrt(share) * normOfChange + u * norm,
  };
}

/** By what a checkpoint's weights are stored as. */
export const BOUNDS: Readonly<Record<FloatDtype, Bounds>> = {
  F32: FLOAT32,
  F16: afterRounding('F16', 2 ** -11),
  BF16: afterRounding('BF16', 2 ** -8),
};
