/** The curves of one metric of a run that is drawn beside the open one. Pure. */
import type { MetricKey } from '../../protocol/metrics.ts';
import type { RunStyle } from '../../store/run-styles.ts';
import { type ChartData, type ChartRow, chartData } from '../../store/series.ts';
import type { StepRecord } from '../../store/state.ts';

/** A run as all charts draw it. */
export interface DrawnRun {
  readonly id: string;
  readonly name: string;
  readonly style: RunStyle;
  /** Which of the runs beside it is, from 1. */
  readonly slot: number;
  readonly steps: readonly StepRecord[];
  /** Where the steps stand on the axis. */
  readonly places: ArrayLike<number>;
}

export interface RunLine {
  readonly run: DrawnRun;
  readonly rows: readonly ChartRow[];
  /** By step, of every step of the run. */
  readonly values: ReadonlyMap<number, number>;
}

/** A line for each run that reports the metric. */
export function runLines(runs: readonly DrawnRun[], key: MetricKey, weight: number): RunLine[] {
  return runs.flatMap((run) => {
    const values = new Map<number, number>();
    for (const { step, metrics } of run.steps)
      if (Number.isFinite(metrics[key])) values.set(step, metrics[key]!);
    return values.size === 0
      ? []
      : { run, values, rows: chartData(run.steps, [key], weight, run.places).rows };
  });
}

/** Rows that go on where the open run has not come to, so that the cursor and the table go as far as the longest line. */
export function withLines(data: ChartData, lines: readonly RunLine[]): ChartData {
  const last = data.rows.at(-1)?.place ?? Number.NEGATIVE_INFINITY;
  const end = ({ rows }: RunLine) => rows.at(-1)?.place ?? Number.NEGATIVE_INFINITY;
  const longest = lines.toSorted((a, b) => end(b) - end(a))[0];
  const ahead = longest?.rows.filter(({ place }) => place > last) ?? [];
  if (ahead.length === 0) return data;
  return {
    ...data,
    rows: [...data.rows, ...ahead.map(({ step, place }) => ({ step, place, raw: {}, smooth: {} }))],
  };
}

/** The row of a line that stands nearest to a place; none behind its end. */
export function nearestRow({ rows }: RunLine, place: number): ChartRow | undefined {
  if (rows.length === 0 || place > rows.at(-1)!.place) return undefined;
  return rows.reduce((best, row) =>
    Math.abs(row.place - place) < Math.abs(best.place - place) ? row : best,
  );
}
