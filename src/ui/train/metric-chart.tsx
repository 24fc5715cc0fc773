/** One metric over the steps: raw line faint, smoothed line in front, latest value in the title, a table as its twin. */
import { memo, useMemo } from 'react';
import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { formatBytes, formatMetric } from '../../math/format.ts';
import { maximum, minimum } from '../../math/stats.ts';
import { type MetricKey, metricOf } from '../../protocol/metrics.ts';
import { type ChartData, type ChartRow, chartData } from '../../store/series.ts';
import type { StepRecord } from '../../store/state.ts';
import { Empty } from '../parts/panel.tsx';
import { type ChartSpec, chartTestId } from './chart-list.ts';
import { ChartTable } from './chart-table.tsx';
import { trend } from './sentences.ts';
import { roundTicks } from './ticks.ts';

interface ChartProps {
  spec: ChartSpec;
  steps: readonly StepRecord[];
  /** Smoothing, 0 to below 1. */
  smoothing: number;
  asTable: boolean;
}

export function formatFor(key: MetricKey, value: number | null | undefined): string {
  if (metricOf(key).unit === 'bytes') return typeof value === 'number' ? formatBytes(value) : '–';
  return formatMetric(value, 3);
}

export const MetricChart = memo(function MetricChart({ spec, steps, smoothing, asTable }: ChartProps) {
  const { keys, band, title } = spec;
  const drawn = useMemo(() => [...keys, ...(band ?? [])], [keys, band]);
  const data = useMemo(() => chartData(steps, drawn, smoothing), [steps, drawn, smoothing]);
  const first = keys[0];
  const hasValue = keys.some((key) => data.latest[key] !== undefined);
  const sentence =
    first === undefined ? `${title} has no value yet.` : trend(steps, first, metricOf(first).label);
  return (
    <figure className="chart" data-testid={chartTestId(spec.id)} data-points={data.rows.length}>
      <ChartTitle title={title} keys={keys} data={data} />
      {hasValue ? (
        <>
          {!asTable && <ChartLines spec={spec} data={data} smoothing={smoothing} />}
          <ChartTable rows={data.rows} keys={drawn} caption={title} shown={asTable} />
        </>
      ) : (
        <Empty>
          {steps.length > 0 ? (spec.absent ?? 'Not reported by this run.') : 'Draws with the first step.'}
        </Empty>
      )}
      <figcaption className="sr-only">{sentence}</figcaption>
    </figure>
  );
});

function ChartTitle({ title, keys, data }: { title: string; keys: readonly MetricKey[]; data: ChartData }) {
  const [first] = keys;
  return (
    <div className="chart-title" title={first === undefined ? undefined : metricOf(first).help}>
      <h3>{title}</h3>
      <span className={keys.length > 1 ? 'chart-legend' : ''}>
        {keys.map((key, index) => (
          <Latest
            key={key}
            metric={key}
            value={data.latest[key]}
            series={keys.length > 1 ? index + 1 : undefined}
          />
        ))}
      </span>
    </div>
  );
}

interface LatestProps {
  metric: MetricKey;
  value: number | undefined;
  /** Place among several lines, which are told apart by name and colour. */
  series: number | undefined;
}

function Latest({ metric, value, series }: LatestProps) {
  if (value === undefined) return null;
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
    </span>
  );
}

/** Broken steps drawn at most; a run that breaks more often says so at every one of these. */
const MAX_BROKEN = 40;

function ChartLines({ spec, data, smoothing }: { spec: ChartSpec; data: ChartData; smoothing: number }) {
  const { keys, band } = spec;
  const dot = data.rows.length === 1;
  const ticks = ticksOf(data.rows);
  const range = ({ raw }: ChartRow) => (band ? [raw[band[0]] ?? null, raw[band[1]] ?? null] : null);
  const line = (key: MetricKey, index: number, kind: 'raw' | 'smooth') => (
    <Line
      key={`${kind} ${key}`}
      name={metricOf(key).label}
      dataKey={(row: ChartRow) => row[kind][key]}
      className={`line-${kind}`}
      stroke={`var(--series-${index + 1})`}
      strokeOpacity={kind === 'raw' && smoothing > 0 ? 0.3 : 1}
      strokeWidth={kind === 'raw' && smoothing > 0 ? 1 : 1.75}
      dot={dot}
      activeDot={kind === 'smooth' || smoothing === 0 ? { r: 3 } : false}
      isAnimationActive={false}
    />
  );
  return (
    <div className="chart-plot">
      <ResponsiveContainer width="100%" height="100%">
        <ComposedChart data={data.rows} syncId="steps" margin={{ top: 4, right: 8, bottom: 0, left: 0 }}>
          <CartesianGrid stroke="var(--grid)" vertical={false} />
          <XAxis
            dataKey="step"
            type="number"
            domain={['dataMin', 'dataMax']}
            allowDecimals={false}
            height={20}
            tickLine={false}
          />
          <YAxis
            ticks={ticks}
            interval={0}
            width={48}
            tickLine={false}
            axisLine={false}
            domain={[ticks[0] ?? 0, ticks[ticks.length - 1] ?? 1]}
            tickFormatter={tickOf(keys[0])}
          />
          <Tooltip content={<PointTip keys={keys} />} isAnimationActive={false} />
          {band && (
            <Area
              dataKey={range}
              stroke="none"
              fill="var(--series-1)"
              fillOpacity={0.14}
              isAnimationActive={false}
            />
          )}
          {keys.map((key, index) => line(key, index, 'raw'))}
          {smoothing > 0 && keys.map((key, index) => line(key, index, 'smooth'))}
          {data.broken.slice(0, MAX_BROKEN).map((step) => (
            <ReferenceLine key={step} x={step} stroke="var(--danger)" strokeDasharray="2 2" />
          ))}
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  );
}

function ticksOf(rows: readonly ChartRow[]): number[] {
  const values = rows.flatMap(({ raw }) => Object.values(raw).filter((value) => value !== null));
  return roundTicks(minimum(values), maximum(values));
}

function tickOf(key: MetricKey | undefined): (value: number) => string {
  return (value) => (key === undefined ? String(value) : formatFor(key, value));
}

interface TipProps {
  keys: readonly MetricKey[];
  active?: boolean;
  payload?: readonly { payload?: ChartRow }[];
}

/** The value under the cursor, as measured and as smoothed. */
function PointTip({ keys, active, payload }: TipProps) {
  const row = payload?.[0]?.payload;
  if (!active || !row) return null;
  return (
    <div className="tip number">
      <b>step {row.step}</b>
      {keys.map((key) => (
        <div key={key}>
          {keys.length > 1 && `${metricOf(key).label} `}
          {formatFor(key, row.raw[key])}{' '}
          <span className="muted">smoothed {formatFor(key, row.smooth[key])}</span>
        </div>
      ))}
    </div>
  );
}
