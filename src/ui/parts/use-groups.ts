import { useEffect, useState } from 'react';
import type { RolloutGroup } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { answersOf } from '../../store/step-answers.ts';
import { fire } from './fire.ts';

export interface StepGroups {
  readonly step: number;
  readonly groups: readonly RolloutGroup[];
}

/** The answers of a step; until they are here, those of the step before it, and undefined where there was none. */
export function useGroups(step: number): StepGroups | undefined {
  const studio = useStudio();
  const atHand = useStudioState(({ rollouts }) => rollouts.get(step));
  const [shown, setShown] = useState<StepGroups>();
  useEffect(() => {
    let wanted = true;
    fire(
      answersOf(studio, step).then((groups) => {
        if (wanted) setShown({ step, groups });
      }),
    );
    return () => {
      wanted = false;
    };
  }, [studio, step]);
  return atHand ? { step, groups: atHand } : shown;
}
