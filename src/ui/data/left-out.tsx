/** What was left out of a data set, and why: counts by reason, then the rows. Beside it what is worth knowing and left nothing out. */
import { type DataIssue, type DataSummary, isNote } from '../../protocol/messages.ts';

/** Rows listed per reason. */
const MOST_ROWS = 100;

interface LeftOutProps {
  issues: readonly DataIssue[];
  skipped: DataSummary['skipped'];
}

export function LeftOut({ issues, skipped }: LeftOutProps) {
  const left = issues.filter((issue) => !isNote(issue));
  if (left.length === 0) return null;
  return (
    <details className="notice" data-testid="data-issues">
      <summary>
        ⚠ {left.length} left out ({skipped.map(({ reason, count }) => `${count} ${reason}`).join(', ')});
        everything else was kept
      </summary>
      {skipped.map(({ reason }) => (
        <Rows key={reason} reason={reason} issues={left.filter((issue) => issue.reason === reason)} />
      ))}
    </details>
  );
}

/** What is worth knowing of how the data set was read. */
export function Notes({ issues }: Pick<LeftOutProps, 'issues'>) {
  const notes = issues.filter(isNote);
  if (notes.length === 0) return null;
  return (
    <details className="notice" data-testid="data-notes">
      <summary>
        {notes.length === 1 ? 'A note' : `${notes.length} notes`} on how it was read; nothing was left out for{' '}
        {notes.length === 1 ? 'it' : 'them'}
      </summary>
      <List issues={notes} />
    </details>
  );
}

function Rows({ reason, issues }: { reason: string; issues: readonly DataIssue[] }) {
  return (
    <>
      <h2>
        {reason}, {issues.length}
      </h2>
      <List issues={issues} />
    </>
  );
}

function List({ issues }: Pick<LeftOutProps, 'issues'>) {
  return (
    <>
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
