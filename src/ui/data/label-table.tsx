/** Labels by count, with their clips by split. */
import { type LabelCount, SPLITS } from '../../protocol/messages.ts';

/** Free text as label gives thousands of labels; no more than these are listed. */
export const MOST_LABELS = 100;
/** Below this many clips a label's recall says little. */
const FEW = 15;

export function LabelTable({ labels }: { labels: readonly LabelCount[] }) {
  const most = labels[0]?.count ?? 1;
  return (
    <>
      <table className="bars" data-testid="labels">
        <caption className="sr-only">Clips by label and split</caption>
        <thead>
          <tr>
            <th scope="col">label</th>
            <th scope="col" className="right">
              clips
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
      {labels.length > MOST_LABELS && <p className="muted">and {labels.length - MOST_LABELS} rarer labels</p>}
    </>
  );
}

function LabelRow({ row, most }: { row: LabelCount; most: number }) {
  const { label, count, splits, writtenAs } = row;
  const notes = [
    writtenAs.length > 0 ? `from ${writtenAs.join(', ')}` : '',
    count < FEW ? '⚠ few: its recall will be noisy' : '',
  ];
  return (
    <tr>
      <th scope="row">{label}</th>
      <td className="number">{count}</td>
      <td className="bar-cell">
        <span className="bar" style={{ inlineSize: `${(100 * count) / most}%` }} />
      </td>
      <td className="muted number">
        {[SPLITS.map((split) => splits[split]).join(' / '), ...notes].filter(Boolean).join(' · ')}
      </td>
    </tr>
  );
}
