/** One metric over the steps: its curves, the latest value in the title, a table as its twin. */
import { memo, useMemo } from 'react';
import { type MetricKey, metricOf } from '../../protocol/metrics.ts';
import { type ChartData, chartData, type Latest } from '../../store/series.ts';
import type { StepRecord } from '../../store/state.ts';
import { Empty } from '../parts/panel.tsx';
import { useInTurn } from '../parts/turns.ts';
import { ChartPlot } from './chart-lines.tsx';
import { type ChartSpec, chartTestId, withValues } from './chart-list.ts';
import { ChartTable } from './chart-table.tsx';
import { formatFor } from './format-for.ts';
import { trend } from './sentences.ts';

interface ChartProps {
  spec: ChartSpec;
  steps: readonly StepRecord[];
  /** Smoothing, 0 to below 1. */
  smoothing: number;
  asTable: boolean;
}

/** Numbers, table and curves follow the steps when it is the chart's turn: many charts change at once. */
export const MetricChart = memo(function MetricChart(props: ChartProps) {
  const { spec, steps } = props;
  const drawn = useInTurn(props);
  const isEmpty = steps.length === 0;
  const newest = drawn?.steps.at(-1)?.step;
  return (
    <figure className="chart" data-testid={chartTestId(spec.id)} data-step={isEmpty ? undefined : newest}>
      {drawn || isEmpty ? (
        <Drawn {...(drawn ?? props)} />
      ) : (
        <ChartTitle title={spec.title} keys={spec.keys} />
      )}
    </figure>
  );
});

const Drawn = memo(function Drawn({ spec: wanted, steps, smoothing, asTable }: ChartProps) {
  const spec = useMemo(() => withValues(wanted, steps), [wanted, steps]);
  const { keys, band, title } = spec;
  const drawn = useMemo(() => [...keys, ...(band ?? [])], [keys, band]);
  const data = useMemo(() => chartData(steps, drawn, smoothing), [steps, drawn, smoothing]);
  const first = keys[0];
  const hasValue = keys.some((key) => data.latest[key] !== undefined);
  const sentence =
    first === undefined ? `${title} has no value yet.` : trend(steps, first, metricOf(first).label);
  return (
    <>
      <ChartTitle title={title} keys={keys} data={data} newest={steps.at(-1)?.step} />
      {hasValue ? (
        <>
          {!asTable && <ChartPlot spec={spec} data={data} smoothing={smoothing} />}
          <ChartTable rows={data.rows} keys={drawn} caption={title} shown={asTable} />
        </>
      ) : (
        <Empty>
          {steps.length > 0 ? (spec.absent ?? 'Not reported by this run.') : 'Draws with the first step.'}
        </Empty>
      )}
      <figcaption className="sr-only">{sentence}</figcaption>
    </>
  );
});

interface TitleProps {
  title: string;
  keys: readonly MetricKey[];
  data?: ChartData;
  /** The run's latest step. */
  newest?: number | undefined;
}

function ChartTitle({ title, keys, data, newest }: TitleProps) {
  const [first] = keys;
  return (
    <div className="chart-title" title={first === undefined ? undefined : metricOf(first).help}>
      <h2>{title}</h2>
      <span className={keys.length > 1 ? 'chart-legend' : ''}>
        {keys.map((key, index) => (
          <LatestValue
            key={key}
            metric={key}
            latest={data?.latest[key]}
            newest={newest}
            series={keys.length > 1 ? index + 1 : undefined}
          />
        ))}
      </span>
    </div>
  );
}

interface LatestProps {
  metric: MetricKey;
  latest: Latest | undefined;
  /** The run's latest step: a value from before it is shown with its own. */
  newest: number | undefined;
  /** Place among several lines, which are told apart by name and colour. */
  series: number | undefined;
}

function LatestValue({ metric, latest, newest, series }: LatestProps) {
  if (latest === undefined) return null;
  const { value, step } = latest;
  const { label, unit } = metricOf(metric);
  return (
    <span className="chart-latest number">
      {series !== undefined && (
        <>
          <i className={`swatch series-${series}`} /> {label}{' '}
        </>
      )}
      <b>{formatFor(metric, value)}</b>
      {series === undefined && unit !== 'bytes' && <small className="muted"> {unit}</small>}
      {step !== newest && <small className="muted"> at step {step}</small>}
    </span>
  );
}
