/** What counts as equal to the published code on the float32 path. */

/** Activations, tokens, logits, probabilities, filters: norm(difference) / norm(reference). */
export const ACTIVATION = 1e-4;
/** Log-probabilities: largest difference, in nats. */
export const LOG_PROBABILITY = 5e-4;
/** Losses, KL, logged metrics, advantages: largest difference. */
export const scalarBound = (reference: number): number => 1e-5 + 1e-4 * Math.abs(reference);
/** A gradient: norm(difference). A tensor of almost no gradient is measured by the norm over all tensors. */
export const gradientBound = (norm: number, globalNorm: number): number =>
  2e-3 * Math.max(norm, 1e-3 * globalNorm);
/** Losses and gradient norms after optimizer steps: share of the reference. */
export const STEP_SHARE = 0.01;
/** A tensor after optimizer steps: norm(difference) as a share of norm(change). */
export const CHANGE_SHARE = 0.05;
/** Log-mel: largest difference. */
export const LOG_MEL = 1e-3;
/** Pixels in [-1, 1]: largest difference, one step of eight bits, and mean difference. */
export const PIXEL_LARGEST = 0.0079;
export const PIXEL_MEAN = 5e-4;
