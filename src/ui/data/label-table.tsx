/** Labels by count, with their clips by split. */
import { type LabelCount, SPLITS } from '../../protocol/messages.ts';
import { useWords } from '../parts/use-words.ts';
import { fewNote } from './label-notes.ts';

/** Free text as label gives thousands of labels; no more than these are listed. */
export const MOST_LABELS = 100;

interface TableProps {
  labels: readonly LabelCount[];
  /** What a row's label is called. */
  word: 'label' | 'answer';
}

export function LabelTable({ labels, word: label }: TableProps) {
  const most = labels[0]?.count ?? 1;
  const few = label === 'label' ? fewNote(labels) : undefined;
  const things = useWords()('clips');
  return (
    <>
      {few && <p className="muted">{few}</p>}
      <table className="bars labels" data-testid="labels">
        <caption className="sr-only">
          {things} by {label} and split
        </caption>
        <thead>
          <tr>
            <th scope="col">{label}</th>
            <th scope="col" className="right">
              {things}
            </th>
            <th scope="col" className="bar-head">
              <span className="sr-only">share of the most frequent</span>
            </th>
            <th scope="col">{SPLITS.join(' / ')}</th>
          </tr>
        </thead>
        <tbody>
          {labels.slice(0, MOST_LABELS).map((row) => (
            <LabelRow key={row.label} row={row} most={most} />
          ))}
        </tbody>
      </table>
      {labels.length > MOST_LABELS && (
        <p className="muted">
          and {labels.length - MOST_LABELS} rarer {label}s
        </p>
      )}
    </>
  );
}

function LabelRow({ row, most }: { row: LabelCount; most: number }) {
  const { label, count, splits, writtenAs } = row;
  return (
    <tr>
      <th scope="row" title={label}>
        <span className="label-name">
          <bdi>{label}</bdi>
        </span>
        {writtenAs.length > 0 && <small className="muted">also written {writtenAs.join(', ')}</small>}
      </th>
      <td className="number">{count}</td>
      <td className="bar-cell">
        <span className="bar" style={{ inlineSize: `${(100 * count) / most}%` }} />
      </td>
      <td className="muted number">{SPLITS.map((split) => splits[split]).join(' / ')}</td>
    </tr>
  );
}
