import { useEffect, useRef } from 'react';
import type { PromptReport } from '../../protocol/prompt-report.ts';
import { promptsKey, promptsOf } from '../../store/prompts.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { useCalm } from './use-calm.ts';

const CALM_MS = 400;

/** What the prompts come to under the draft, the model and the data as they are; asked for once the draft has come to rest. */
export function usePrompts(): PromptReport | undefined {
  const studio = useStudio();
  const data = useStudioState((state) => state.data);
  const model = useStudioState((state) => state.model);
  const key = useCalm(
    useStudioState(({ draft }) => promptsKey(draft)),
    CALM_MS,
  );
  const report = useStudioState(promptsOf);
  const isKnown = report !== undefined;
  /** Many rows take seconds: what is typed meanwhile is asked once, when the answer is there. */
  const isAsking = useStudioState(({ pending }) => [...pending.values()].includes('prompts'));
  const asked = useRef<readonly unknown[]>([]);
  useEffect(() => {
    const about = [data, model, key];
    if (isKnown || isAsking || about.every((each, i) => each === asked.current[i])) return;
    asked.current = about;
    // What is wrong with the prompts is said where it is asked for.
    studio.readPrompts().catch(() => undefined);
  }, [studio, data, model, key, isKnown, isAsking]);
  return report;
}
