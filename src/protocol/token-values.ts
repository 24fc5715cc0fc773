/** What a step knew of each token of an answer. */
import { LOSS_TYPES } from './losses.ts';
import { floats, z } from './shapes.ts';

/** Bytes of token values that are kept of a run; the oldest steps' go first. */
export const TOKEN_VALUES_BYTES = 64 * 2 ** 20;

/** Largest relative error of what is stored: values are kept as f16. */
export const STORED_ERROR = 2 ** -11;

/** What a token's clip says, by its number. */
export const CLIP_NAMES = ['none', 'low', 'high'] as const;

const ids = z.custom<Uint32Array>((value) => value instanceof Uint32Array, 'expected a Uint32Array');
const marks = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected a Uint8Array');

/** One number for each token. */
export const tokenValues = z.object({
  ids,
  /** Text of each token; empty where it is only a part of the next one's character. */
  pieces: z.array(z.string()),
  /** Log-probabilities as the sampler reported them. */
  sampler: floats,
  /** What the loss found; absent of an answer that went through no pass. */
  pass: z
    .object({
      logProbs: floats,
      /** Nats. */
      entropies: floats,
      /** Log-probability by the loss pass less that by the sampler, of the same weights. */
      mismatches: floats,
      /** As the loss takes them. */
      ratios: floats,
      /** Log-probabilities of the reference, and the KL term; of a loss that has one. */
      references: floats.optional(),
      /** Log-probability of the reference less that of the policy, as it was kept. */
      differences: floats.optional(),
      kl: floats.optional(),
      /** Numbers of `CLIP_NAMES`; of a loss that clips. */
      clips: marks.optional(),
    })
    .optional(),
  /** Settings of the run that say why something is not there. */
  objective: z.object({
    lossType: z.enum(LOSS_TYPES),
    level: z.enum(['token', 'sequence']),
    klEstimator: z.enum(['k1', 'k2', 'k3']),
    /** Passes over a batch: in the first every ratio is 1. */
    iterations: z.number().int(),
  }),
});
export type TokenValues = z.infer<typeof tokenValues>;

/** Values of an answer, or which are kept instead. */
export const keptTokens = {
  values: tokenValues.optional(),
  /** Answers of the step whose values are kept; 0 where none are. */
  answers: z.number().int(),
  /** The first step whose values are kept; absent where none are. */
  first: z.number().int().optional(),
};
