/** What was left out of a data set, and why: counts by reason, then the rows. */
import type { DataIssue, DataSummary } from '../../protocol/messages.ts';

/** Rows listed per reason. */
const MOST_ROWS = 100;

interface LeftOutProps {
  issues: readonly DataIssue[];
  skipped: DataSummary['skipped'];
}

export function LeftOut({ issues, skipped }: LeftOutProps) {
  if (issues.length === 0) return null;
  return (
    <details className="notice" data-testid="data-issues">
      <summary>
        ⚠ {issues.length} left out ({skipped.map(({ reason, count }) => `${count} ${reason}`).join(', ')});
        everything else was kept
      </summary>
      {skipped.map(({ reason }) => (
        <Rows key={reason} reason={reason} issues={issues.filter((issue) => issue.reason === reason)} />
      ))}
    </details>
  );
}

function Rows({ reason, issues }: { reason: string; issues: readonly DataIssue[] }) {
  return (
    <>
      <h2>
        {reason}, {issues.length}
      </h2>
      <ul>
        {issues.slice(0, MOST_ROWS).map(({ file, row, message, hint }) => (
          <li key={`${file}:${row ?? ''}:${message}`}>
            <code>
              {file}
              {row === undefined ? '' : ` row ${row}`}
            </code>{' '}
            {message} <span className="muted">{hint}</span>
          </li>
        ))}
      </ul>
      {issues.length > MOST_ROWS && <p className="muted">and {issues.length - MOST_ROWS} more</p>}
    </>
  );
}
