/** How a run of its own goes on from a checkpoint of another under other settings. */
import { type Config, type ConfigKey, diffConfig } from './config.ts';
import { z } from './shapes.ts';

export const forkOptimizer = z.enum(['kept', 'fresh']);
/** Whether the moments of AdamW go on from the checkpoint, or begin at zero. */
export type ForkOptimizer = z.infer<typeof forkOptimizer>;

/** What says which tensors train, and in which shape. */
const OF_TRAINED_PARTS: readonly ConfigKey[] = [
  'loraRank',
  'loraAlpha',
  'loraTargets',
  'loraVision',
  'trainDecoder',
  'trainProjectors',
  'trainGate',
  'trainBert',
  'trainVision',
];

/**
 * Whether a checkpoint of the one trains what the other trains. Where it does not, a fork takes over its weights alone: it is at step
 * 0, has a fresh optimizer, and what was an adapter is one no more unless its shape is the same.
 */
export const trainsTheSame = (a: Config, b: Config): boolean =>
  diffConfig(a, b).every(({ key }) => !OF_TRAINED_PARTS.includes(key));
