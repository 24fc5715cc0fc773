/** What else could have stood in the place of each token of an answer. */
import { floats, z } from './shapes.ts';

/** By rising place of the answer's tokens, and at each by falling probability. */
export const alternatives = {
  /** Steps behind the weights that say it: those on the device as it was asked, whichever step the answer is of. */
  step: z.number().int(),
  /** Tokens at each place. */
  count: z.number().int(),
  ids: z.custom<Uint32Array>((value) => value instanceof Uint32Array, 'expected a Uint32Array'),
  /** Text of each of them. */
  pieces: z.array(z.string()),
  /** Nats, at the run's temperature; −∞ where the vocabulary has fewer tokens. */
  logProbs: floats,
  temperature: z.number(),
};
