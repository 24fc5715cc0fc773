/** How long the prompts of the data set are under the draft's settings, and which rows a run would leave out for theirs. */
import { useEffect, useState } from 'react';
import type { Config } from '../../protocol/config.ts';
import { type PromptReport, promptLines } from '../../protocol/prompt-report.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { promptOf } from '../../store/state.ts';
import { draftProblems } from '../../store/studio.ts';
import { useCalm } from '../parts/use-calm.ts';

const CALM_MS = 400;
/** Rows listed. */
const MOST_ROWS = 100;

export function PromptLengths() {
  const report = useReport();
  if (!report) return null;
  const { lengths, warnings } = promptLines(report);
  const rows = [
    ...report.refused.map(({ id, message, hint }) => ({ id, message, hint })),
    ...report.tooLong.map(({ id, tokens }) => ({ id, message: `${tokens} tokens.`, hint: undefined })),
  ];
  return (
    <div data-testid="prompt-report">
      <p className="muted number">{lengths}</p>
      {warnings.map((warning) => (
        <p key={warning} className="notice" data-testid="prompt-warning">
          ⚠ {warning}
        </p>
      ))}
      {rows.length > 0 && (
        <details className="notice" data-testid="prompt-left-out">
          <summary>The rows that a run leaves out</summary>
          <ul>
            {rows.slice(0, MOST_ROWS).map(({ id, message, hint }) => (
              <li key={id}>
                <code>{id}</code> {message} <span className="muted">{hint}</span>
              </li>
            ))}
          </ul>
          {rows.length > MOST_ROWS && <p className="muted">and {rows.length - MOST_ROWS} more</p>}
        </details>
      )}
    </div>
  );
}

/** Always about the draft, the model and the data as they are. */
function useReport(): PromptReport | undefined {
  const studio = useStudio();
  const data = useStudioState((state) => state.data);
  const model = useStudioState((state) => state.model);
  const key = useStudioState(({ draft }) =>
    JSON.stringify([promptOf(draft), draft.maxCompletionLength, draft.stage]),
  );
  const calm = useCalm(key, CALM_MS);
  const [report, setReport] = useState<PromptReport>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: asks when what the prompts are made of has come to rest.
  useEffect(() => {
    setReport(undefined);
    const { draft } = studio.store.getState();
    if (!data || !model || draftProblems(draft).length > 0) return;
    let isWanted = true;
    const config = draft as Config;
    studio.ask('prompts', { config }).then(
      (answer) => {
        if (isWanted) setReport(answer?.report);
      },
      // What is wrong with the prompts is said where it is asked for.
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
  }, [studio, data, model, calm]);
  return report;
}
