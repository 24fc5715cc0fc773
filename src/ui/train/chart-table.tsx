/** A chart's twin: the same points as a table, for reading aloud, copying and checking. */
import { memo } from 'react';
import { formatMetric } from '../../math/format.ts';
import { type MetricKey, metricOf } from '../../protocol/metrics.ts';
import type { ChartRow } from '../../store/series.ts';
import type { RunLine } from './run-lines.ts';

/** Rows kept in the page while the table is not in view. */
const HIDDEN_ROWS = 40;
/** Metrics up to which all columns may be as wide as each other: hundreds of rows are laid out in half the time then. */
const MOST_EVEN = 3;

/** Cells that are laid out in one task at most: of several runs, rows are left out evenly for that. */
const MOST_CELLS = 1800;

function withinCells(rows: readonly ChartRow[], columns: number): readonly ChartRow[] {
  const stride = columns > MOST_EVEN ? Math.ceil((rows.length * columns) / MOST_CELLS) : 1;
  return stride === 1 ? rows : rows.filter((_, index) => index % stride === 0 || index === rows.length - 1);
}

interface TableProps {
  rows: readonly ChartRow[];
  keys: readonly MetricKey[];
  /** Of runs beside the open one: a column each. */
  lines: readonly RunLine[];
  caption: string;
  shown: boolean;
}

export function ChartTable({ rows, keys, lines, caption, shown }: TableProps) {
  const listed = shown ? withinCells(rows, keys.length + lines.length) : rows.slice(-HIDDEN_ROWS);
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
            {lines.map(({ run }) => (
              <th key={run.id} scope="col">
                {run.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {listed.map((row) => (
            <PointRow key={row.step} row={row} keys={keys} lines={lines} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const PointRow = memo(
  function PointRow({ row, keys, lines }: Pick<TableProps, 'keys' | 'lines'> & { row: ChartRow }) {
    return (
      <tr data-step={row.step}>
        <th scope="row">{row.step}</th>
        {keys.map((key) => (
          <td key={key} data-metric={key}>
            {(row.raw[key] ?? null) === null ? '' : formatMetric(row.raw[key], 6)}
          </td>
        ))}
        {lines.map(({ run, values }) => (
          <td key={run.id} data-run={run.id}>
            {values.has(row.step) ? formatMetric(values.get(row.step), 6) : ''}
          </td>
        ))}
      </tr>
    );
  },
  (before, after) =>
    before.row.step === after.row.step && before.keys === after.keys && before.lines === after.lines,
);
