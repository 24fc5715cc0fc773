/** How long the prompts of the data set are under the draft's settings, and which rows a run would leave out for theirs. */
import { promptLines } from '../../protocol/prompt-report.ts';
import { usePrompts } from '../parts/use-prompts.ts';

/** Rows listed. */
const MOST_ROWS = 100;

export function PromptLengths() {
  const report = usePrompts();
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
