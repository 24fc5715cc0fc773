/** Says that another tab is at work on a run: it shares the GPU with this one, and keeps its run to itself. */
import { useEffect, useState } from 'react';
import { RUN_LOCK, runNameOfId } from '../../protocol/kept.ts';
import { useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';

const LOOK_MS = 2_000;

export function OtherTabs() {
  const busy = useStudioState(({ run }) => isUnderWay(run.state));
  const own = useStudioState(({ saved }) => saved?.id);
  const held = useHeldRuns(!busy);
  const others = held.filter((id) => id !== own);
  if (busy || others.length === 0) return null;
  return (
    <p className="notice" role="status" data-testid="other-tab">
      Another tab trains {others.map(runNameOfId).join(', ')}. Both share the GPU: a run here would slow that
      one down. It can be taken up here once it has ended there.
    </p>
  );
}

/** Ids of the runs that tabs of this browser hold, looked up again and again while `looks`. */
function useHeldRuns(looks: boolean): readonly string[] {
  const [held, setHeld] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!looks || !navigator.locks) return;
    const look = async () => {
      if (document.visibilityState === 'hidden') return;
      const now = await heldRuns();
      setHeld((before) => (before.join() === now.join() ? before : now));
    };
    const lookOrNot = () => void look().catch(() => undefined);
    lookOrNot();
    const timer = setInterval(lookOrNot, LOOK_MS);
    document.addEventListener('visibilitychange', lookOrNot);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', lookOrNot);
      setHeld([]);
    };
  }, [looks]);
  return held;
}

async function heldRuns(): Promise<string[]> {
  const { held = [] } = await navigator.locks.query();
  return held.flatMap(({ name }) => (name?.startsWith(RUN_LOCK) ? name.slice(RUN_LOCK.length) : [])).sort();
}
