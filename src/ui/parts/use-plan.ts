import { useEffect } from 'react';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { draftProblems } from '../../store/studio.ts';
import { fire } from './fire.ts';
import { useCalm } from './use-calm.ts';

const CALM_MS = 400;

/** Asks for a plan of the form whenever it has come to rest and has none. `eager`: also where nobody has set anything in it. */
export function useAskedPlan({ eager }: { eager: boolean }): void {
  const studio = useStudio();
  const model = useStudioState((state) => state.model?.name);
  const busy = useStudioState(({ run }) => isUnderWay(run.state));
  const draft = useStudioState((state) => state.draft);
  const known = useStudioState(({ plan }) => plan?.draft);
  const calm = useCalm(draft, CALM_MS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asks when the form has come to rest, and when a plan was let go of.
  useEffect(() => {
    const now = studio.store.getState();
    const isMeant = eager || Object.keys(now.settings.edits).length > 0;
    const isSound = draftProblems(now.draft).length === 0;
    if (model !== undefined && !busy && isMeant && isSound && now.plan?.draft !== now.draft)
      fire(studio.plan(false));
  }, [studio, model, busy, calm, known]);
}
