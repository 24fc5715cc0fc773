/** A chart's twin: the same points as a table, for reading aloud, copying and checking. */
import { memo } from 'react';
import { formatMetric } from '../../math/format.ts';
import { type MetricKey, metricOf } from '../../protocol/metrics.ts';
import type { ChartRow } from '../../store/series.ts';

/** Rows kept in the page while the table is not in view. */
const HIDDEN_ROWS = 40;
/** Metrics up to which all columns may be as wide as each other: hundreds of rows are laid out in half the time then. */
const MOST_EVEN = 3;

interface TableProps {
  rows: readonly ChartRow[];
  keys: readonly MetricKey[];
  caption: string;
  shown: boolean;
}

export function ChartTable({ rows, keys, caption, shown }: TableProps) {
  const listed = shown ? rows : rows.slice(-HIDDEN_ROWS);
  return (
    <div className={shown ? 'chart-table' : 'sr-only'}>
      <table className={keys.length <= MOST_EVEN ? 'even' : undefined}>
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">step</th>
            {keys.map((key) => (
              <th key={key} scope="col">
                {metricOf(key).label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {listed.map((row) => (
            <PointRow key={row.step} row={row} keys={keys} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const PointRow = memo(
  function PointRow({ row, keys }: { row: ChartRow; keys: readonly MetricKey[] }) {
    return (
      <tr data-step={row.step}>
        <th scope="row">{row.step}</th>
        {keys.map((key) => (
          <td key={key} data-metric={key}>
            {row.raw[key] === null ? '' : formatMetric(row.raw[key], 6)}
          </td>
        ))}
      </tr>
    );
  },
  (before, after) => before.row.step === after.row.step && before.keys === after.keys,
);
