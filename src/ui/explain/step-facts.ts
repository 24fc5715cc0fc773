/** What is at hand of a step, for its figures to be worked out from. */
import { useMemo } from 'react';
import type { RolloutGroup } from '../../protocol/messages.ts';
import { configOf, type StepFacts } from '../../protocol/working/facts.ts';
import { useStudioState } from '../../store/react.ts';
import { useGroups } from '../parts/use-groups.ts';

const NONE: readonly RolloutGroup[] = [];

/** Undefined while the answers are read back; a sentence where the run's settings are not known. */
export function useStepFacts(step: number): StepFacts | string | undefined {
  const config = useStudioState(({ running }) => running);
  const record = useStudioState(({ steps }) => steps.find((each) => each.step === step));
  const before = useStudioState(({ steps }) => steps.find((each) => each.step === step - 1));
  const hasAnswers = useStudioState(({ rollouts }) => rollouts.has(step));
  const told = useGroups(step);
  const groups = told?.step === step ? told.groups : hasAnswers ? undefined : NONE;
  return useMemo(() => {
    if (!config) return 'The settings of the run are not at hand any more, as other data were opened.';
    if (!record) return `Of step ${step} no figures are kept.`;
    if (!groups) return undefined;
    const { metrics, seconds, basis } = record;
    const tokensBefore = step === 1 ? 0 : before?.metrics.num_tokens;
    return { step, config: configOf(config, basis), metrics, seconds, basis, groups, tokensBefore };
  }, [step, config, record, before, groups]);
}
