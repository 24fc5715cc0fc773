/** What a run of the form would take, as it was asked and answered. Pure. */
import type { DeviceCeilings, MemoryPlan, WhatIf } from '../protocol/memory.ts';
import type { EventOf } from '../protocol/messages.ts';
import type { Problem } from './problems.ts';
import type { Draft } from './settings.ts';

/** What is known of a run's memory. It speaks of `draft` only: another form needs another plan. */
export interface PlanState {
  readonly requestId: number;
  readonly draft: Draft;
  readonly plan?: MemoryPlan;
  readonly whatIf?: readonly WhatIf[];
  readonly ceilings?: DeviceCeilings;
  readonly error?: Pick<Problem, 'message' | 'hint'>;
}

/** The plan with its answer. One about settings that have changed since says nothing of the form. */
export function answeredPlan(
  asked: PlanState | undefined,
  { type: _, ...answer }: EventOf<'plan'>,
): PlanState | undefined {
  return asked?.requestId === answer.requestId ? { draft: asked.draft, ...answer } : asked;
}

/** The plan with why there is none. */
export function refusedPlan(plan: PlanState | undefined, event: EventOf<'error'>): PlanState | undefined {
  if (plan?.requestId !== event.requestId || !plan) return plan;
  const { message, hint } = event;
  return { requestId: plan.requestId, draft: plan.draft, error: { message, hint } };
}
