/** Truth by row, answer by column; the stronger the ground, the more answers. A cell opens the list of its clips. */
import { type CSSProperties, useId, useState } from 'react';
import { counted } from '../../math/format.ts';
import { sum } from '../../math/stats.ts';
import type { ClosedEval } from '../../protocol/messages.ts';
import { useWords } from '../parts/use-words.ts';
import { isSameCell, type Selection } from './scores.ts';

interface ConfusionProps {
  result: ClosedEval;
  selection: Selection | undefined;
  select: (selection: Selection) => void;
}

/** With more labels, the heads of their columns stand on end. */
const MOST_UPRIGHT = 9;

export function ConfusionTable({ result, selection, select }: ConfusionProps) {
  const [share, setShare] = useState(false);
  const help = useId();
  const words = useWords();
  const { labels, counts, unreadable } = result.confusion;
  const columns = [...labels, null];
  return (
    <>
      <p className="muted confusion-help" id={help}>
        {words('rows: truth, columns: answer; press a cell for its clips')}
      </p>
      <div className="scrolls">
        <table
          className={`confusion ${labels.length > MOST_UPRIGHT ? 'dense' : ''}`}
          data-testid="confusion"
          aria-describedby={help}
        >
          <caption className="sr-only">What is taken for what</caption>
          <thead>
            <tr>
              <td />
              {columns.map((label) => (
                <th key={label} scope="col">
                  {label ?? 'unreadable'}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {labels.map((truth, i) => (
              <ConfusionRow
                key={truth}
                truth={truth}
                columns={columns}
                counts={[...counts[i]!, unreadable[i]!]}
                share={share}
                selection={selection}
                select={select}
              />
            ))}
          </tbody>
        </table>
      </div>
      <label>
        <input type="checkbox" checked={share} onChange={({ target }) => setShare(target.checked)} /> per cent
        of row
      </label>
    </>
  );
}

interface RowProps extends Omit<ConfusionProps, 'result'> {
  truth: string;
  /** Labels an answer may name; null = none of them. */
  columns: readonly (string | null)[];
  counts: readonly number[];
  share: boolean;
}

function ConfusionRow({ truth, columns, counts, share, selection, select }: RowProps) {
  const words = useWords();
  const total = sum(counts);
  return (
    <tr>
      <th scope="row">{truth}</th>
      {columns.map((answer, j) => {
        const count = counts[j]!;
        const part = total > 0 ? count / total : 0;
        return (
          <td
            key={answer}
            className={`number ${answer === truth ? 'right-answer' : ''}`}
            style={{ '--share': part } as CSSProperties}
          >
            {count === 0 ? (
              <span>·</span>
            ) : (
              <button
                type="button"
                aria-pressed={isSameCell(selection, truth, answer)}
                aria-label={`truth ${truth}, answer ${answer ?? 'unreadable'}: ${counted(count, words('clip'))}, ${Math.round(100 * part)} % of the row`}
                onClick={() => select({ kind: 'cell', truth, answer })}
              >
                {share ? Math.round(100 * part) : count}
              </button>
            )}
          </td>
        );
      })}
    </tr>
  );
}
