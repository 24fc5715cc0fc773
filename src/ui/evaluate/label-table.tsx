/** Recall, precision and F1 of each label, and how its recall changed. */
import { labelScores } from '../../math/classification.ts';
import { formatPercent } from '../../math/format.ts';
import type { ClosedEval } from '../../protocol/messages.ts';
import { Panel } from '../parts/panel.tsx';
import { useWords } from '../parts/use-words.ts';
import { points } from './scores.ts';

/** With fewer clips than this, one clip moves the recall of a label by more than 20 points. */
const FEW_CLIPS = 5;

const COLUMNS = [
  { name: 'n', help: 'Clips with this label' },
  { name: 'precision', help: 'Of the answers with this label, the share right' },
  { name: 'recall', help: 'Of the clips with this label, the share right; UAR is the mean of this column' },
  { name: 'F1', help: 'Harmonic mean of precision and recall' },
  { name: 'Δ recall', help: 'Change of the recall since the baseline, in points' },
];

export function LabelTable({ now, before }: { now: ClosedEval; before?: ClosedEval }) {
  const words = useWords();
  const earlier = before && new Map(labelScores(before.confusion).map((row) => [row.label, row.recall]));
  return (
    <Panel title="By label">
      <div className="scrolls long-list">
        <table data-testid="label-table">
          <thead>
            <tr>
              <th scope="col">label</th>
              {COLUMNS.slice(0, earlier ? 5 : 4).map(({ name, help }) => (
                <th key={name} scope="col" className="right" title={words(help)}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="number">
            {labelScores(now.confusion).map(({ label, n, precision, recall, f1 }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td className="right">
                  {n > 0 && n < FEW_CLIPS && <span className="muted">few </span>}
                  {n}
                </td>
                <td className="right">{formatPercent(precision, 0)}</td>
                <td className="right">{formatPercent(recall, 0)}</td>
                <td className="right">{formatPercent(f1, 0)}</td>
                {earlier && (
                  <td className="right">{points(recall - (earlier.get(label) ?? Number.NaN), 0)}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
