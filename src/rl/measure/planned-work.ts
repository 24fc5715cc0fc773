import type { MemoryPlan } from '../../protocol/memory.ts';
import type { RunContext } from '../run-context.ts';
import { type GroupTokens, passCost, rolloutCost } from './cost-model.ts';
import { costShape } from './utilisation.ts';

/** What a step has to compute at most: every prompt and every answer as long as the longest. */
export function plannedWork(context: RunContext): MemoryPlan['work'] {
  const { policy, config, longestPrompt, longestAnswer } = context.setup;
  const { promptsPerStep, groupSize, maxCompletionLength, numIterations, stage } = config;
  const shape = costShape(policy);
  const isSupervised = stage === 'sft';
  const length = isSupervised ? longestAnswer : maxCompletionLength;
  const answers = isSupervised ? 1 : groupSize;
  const group: GroupTokens = {
    prompt: longestPrompt,
    completions: Array.from({ length: answers }, () => length),
  };
  const groups = Array.from({ length: promptsPerStep }, () => group);
  const { reference, forward, backward } = passCost(shape, groups, {
    reference: policy.reference !== undefined,
  });
  const rollout = isSupervised ? undefined : rolloutCost(shape, groups, { rows: context.rolloutRows });
  return {
    promptTokens: promptsPerStep * longestPrompt,
    answerTokens: promptsPerStep * answers * length,
    passFlops: reference.flops + numIterations * (forward.flops + backward.flops),
    prefillFlops: rollout?.prefill.flops ?? 0,
    decodeBytes: rollout?.decode.bytes ?? 0,
  };
}
