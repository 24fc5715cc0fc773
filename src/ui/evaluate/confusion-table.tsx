/** Truth by row, answer by column; the stronger the ground, the more answers. */
import { type CSSProperties, useState } from 'react';
import { sum } from '../../math/stats.ts';
import type { EvalResult } from '../../protocol/messages.ts';

export function ConfusionTable({ result }: { result: EvalResult }) {
  const [share, setShare] = useState(false);
  const { labels, counts, unreadable } = result.confusion;
  const columns = unreadable ? [...labels, '(unreadable)'] : labels;
  return (
    <>
      <table className="confusion" data-testid="confusion">
        <caption className="muted">rows: truth, columns: answer</caption>
        <thead>
          <tr>
            <td />
            {columns.map((label) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {labels.map((label, i) => (
            <ConfusionRow
              key={label}
              label={label}
              columns={columns}
              counts={[...(counts[i] ?? []), ...(unreadable ? [unreadable[i] ?? 0] : [])]}
              at={i}
              share={share}
            />
          ))}
        </tbody>
      </table>
      <label>
        <input type="checkbox" checked={share} onChange={({ target }) => setShare(target.checked)} /> per cent
        of row
      </label>
      {result.unreadable > 0 && (
        <p className="muted">
          {result.unreadable} of {result.n} answers named no label; they count as wrong
          {unreadable ? '.' : ' and are not in the table.'}
        </p>
      )}
    </>
  );
}

interface RowProps {
  label: string;
  columns: readonly string[];
  counts: readonly number[];
  /** The row's own place: its right answers. */
  at: number;
  share: boolean;
}

function ConfusionRow({ label, columns, counts, at, share }: RowProps) {
  const total = sum(counts);
  return (
    <tr>
      <th scope="row">{label}</th>
      {columns.map((predicted, j) => {
        const count = counts[j] ?? 0;
        const part = total > 0 ? count / total : 0;
        return (
          <td
            key={predicted}
            className={`number ${j === at ? 'right-answer' : ''}`}
            style={{ '--share': part } as CSSProperties}
          >
            {count === 0 ? '·' : share ? Math.round(100 * part) : count}
          </td>
        );
      })}
    </tr>
  );
}
