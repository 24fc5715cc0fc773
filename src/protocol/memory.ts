/** The memory of a run before there is a run: what the worker plans and the page shows. */
import { type Config, changedSettings } from './config.ts';
import { counts, z } from './shapes.ts';

export const memoryPlan = z.object({
  /** While the towers encode clips with nothing beside them. */
  encoding: z.number(),
  /** Passes that a clip's answers are split over when all are as long as they may be, and the tokens of the largest. */
  passes: z.object({ perGroup: z.number(), tokens: z.number() }),
  /** While the run samples and trains, by part. */
  training: counts,
  /** Of the models that score answers, all together. */
  rewards: z.number(),
  /**
   * The most that is held while training, with each model that scores loaded only while it does; with all of these beside the run; and
   * with the towers beside it, which encode clips between its steps.
   */
  peak: z.object({ training: z.number(), withRewards: z.number(), withTowers: z.number() }),
  /** What a step computes at most, with the longest prompts and answers: tokens, operations, and bytes that decoding reads. */
  work: z.object({
    promptTokens: z.number(),
    answerTokens: z.number(),
    passFlops: z.number(),
    prefillFlops: z.number(),
    decodeBytes: z.number(),
  }),
});
/** GPU memory that a run takes, in bytes. */
export type MemoryPlan = z.infer<typeof memoryPlan>;

/** What the device gives at best. */
export const deviceCeilings = z.object({ gflops: z.number(), gigabytes: z.number() });
export type DeviceCeilings = z.infer<typeof deviceCeilings>;

export const whatIf = z.object({ label: z.string(), change: changedSettings, peak: z.number() });
/** Another setting, by name, and what the run would take with it. */
export type WhatIf = z.infer<typeof whatIf>;

/** Changes worth asking about, those that save memory first. Pure; `config` decides which of them make sense. */
export function alternatives(config: Config): { label: string; change: Partial<Config> }[] {
  const { groupSize, maxCompletionLength, promptsPerStep, loraRank, trainDecoder, beta } = config;
  const list: { label: string; change: Partial<Config>; offered: boolean }[] = [
    {
      label: 'LoRA of rank 16 instead of the whole decoder',
      change: { trainDecoder: false, loraRank: 16, loraAlpha: 32 },
      offered: trainDecoder,
    },
    {
      label: 'the vision tower frozen',
      change: { trainVision: false, loraVision: false },
      offered: config.trainVision || config.loraVision,
    },
    { label: 'without a reference model (beta 0)', change: { beta: 0 }, offered: beta !== 0 },
    {
      label: `${Math.floor(groupSize / 2)} answers per clip`,
      change: { groupSize: Math.floor(groupSize / 2) },
      offered: groupSize >= 4,
    },
    {
      label: `answers of ${Math.floor(maxCompletionLength / 2)} tokens`,
      change: { maxCompletionLength: Math.floor(maxCompletionLength / 2) },
      offered: maxCompletionLength >= 32,
    },
    { label: 'one clip per step', change: { promptsPerStep: 1 }, offered: promptsPerStep > 1 },
    {
      label: `${2 * groupSize} answers per clip`,
      change: { groupSize: 2 * groupSize },
      offered: groupSize <= 32,
    },
    {
      label: `answers of ${2 * maxCompletionLength} tokens`,
      change: { maxCompletionLength: 2 * maxCompletionLength },
      offered: maxCompletionLength <= 4096,
    },
    {
      label: `LoRA rank ${4 * loraRank}`,
      change: { loraRank: 4 * loraRank, loraAlpha: 4 * config.loraAlpha },
      offered: loraRank > 0 && loraRank <= 128 && !trainDecoder,
    },
    {
      label: 'the whole decoder',
      change: { trainDecoder: true, loraRank: 0 },
      offered: !trainDecoder,
    },
  ];
  return list.filter(({ offered }) => offered).map(({ label, change }) => ({ label, change }));
}
