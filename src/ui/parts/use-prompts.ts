import { useEffect } from 'react';
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: asks when what the prompts are made of has come to rest.
  useEffect(() => {
    // What is wrong with the prompts is said where it is asked for.
    if (!isKnown) studio.readPrompts().catch(() => undefined);
  }, [studio, data, model, key]);
  return report;
}
