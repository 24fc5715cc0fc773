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
import { useStudioState } from '../../store/react.ts';
import {
  type ChartData,
  type ChartRow,
  chartData,
  type Latest,
  loneSteps,
  nearestStep,
} from '../../store/series.ts';
import type { StepRecord } from '../../store/state.ts';
import { Empty } from '../parts/panel.tsx';
import { type ChartSpec, chartTestId, withValues } from './chart-list.ts';
import { ChartTable } from './chart-table.tsx';
import { followCursor, useCursorStep } from './cursor.ts';
import { trend } from './sentences.ts';
import { roundTicks, stepTicks } from './ticks.ts';

interface ChartProps {
  spec: ChartSpec;
  steps: readonly StepRecord[];
  /** Smoothing, 0 to below 1. */
  smoothing: number;
  asTable: boolean;
}

function formatFor(key: MetricKey, value: number | null | undefined): string {
  if (metricOf(key).unit === 'bytes') return typeof value === 'number' ? formatBytes(value) : '–';
  return formatMetric(value, 3);
}

export const MetricChart = memo(function MetricChart(props: ChartProps) {
  const { steps, smoothing, asTable } = props;
  const spec = useMemo(() => withValues(props.spec, steps), [props.spec, steps]);
  const { keys, band, title } = spec;
  const drawn = useMemo(() => [...keys, ...(band ?? [])], [keys, band]);
  const data = useMemo(() => chartData(steps, drawn, smoothing), [steps, drawn, smoothing]);
  const first = keys[0];
  const hasValue = keys.some((key) => data.latest[key] !== undefined);
  const sentence =
    first === undefined ? `${title} has no value yet.` : trend(steps, first, metricOf(first).label);
  return (
    <figure className="chart" data-testid={chartTestId(spec.id)} data-points={data.rows.length}>
      <ChartTitle title={title} keys={keys} data={data} newest={steps[steps.length - 1]?.step} />
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

interface TitleProps {
  title: string;
  keys: readonly MetricKey[];
  data: ChartData;
  /** The run's latest step. */
  newest: number | undefined;
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
            latest={data.latest[key]}
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

/** Broken steps drawn at most; a run that breaks more often says so at every one of these. */
const MAX_BROKEN = 40;

function ChartLines({ spec, data, smoothing }: { spec: ChartSpec; data: ChartData; smoothing: number }) {
  const { keys, band } = spec;
  const ticks = ticksOf(data.rows);
  const alarms = useStudioState((state) => state.alarms).filter(({ metric }) => keys.includes(metric));
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
      dot={loneDot(loneSteps(data.rows, key))}
      activeDot={kind === 'smooth' || smoothing === 0 ? { r: 3 } : false}
      isAnimationActive={false}
    />
  );
  return (
    <div className="chart-plot">
      <ResponsiveContainer width="100%" height="100%">
        <ComposedChart
          data={data.rows}
          syncId="steps"
          syncMethod={followCursor}
          margin={{ top: 4, right: 8, bottom: 0, left: 0 }}
        >
          <CartesianGrid stroke="var(--grid)" vertical={false} />
          <XAxis
            dataKey="step"
            type="number"
            domain={['dataMin', 'dataMax']}
            ticks={stepTicks(data.rows[0]?.step ?? 0, data.rows.at(-1)?.step ?? 0)}
            height={20}
            tickLine={false}
          />
          <YAxis
            ticks={ticks}
            interval={0}
            width={keys[0] !== undefined && metricOf(keys[0]).unit === 'bytes' ? 64 : 48}
            tickLine={false}
            axisLine={false}
            domain={[ticks[0] ?? 0, ticks[ticks.length - 1] ?? 1]}
            tickFormatter={tickOf(keys[0])}
          />
          <Tooltip content={<PointTip keys={keys} data={data} />} isAnimationActive={false} />
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
          {alarms.slice(-MAX_BROKEN).map(({ kind, step }) => (
            <ReferenceLine
              key={`${kind} ${step}`}
              className="alarm-mark"
              x={step}
              stroke="var(--danger)"
              label={{ value: '!', position: markSide(step, data.rows), fill: 'var(--danger)' }}
            />
          ))}
          {data.broken.slice(0, MAX_BROKEN).map((step) => (
            <ReferenceLine key={step} x={step} stroke="var(--danger)" strokeDasharray="2 2" />
          ))}
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  );
}

/** Where the sign beside an alarm's line has room: to its right in the left half of the chart, to its left in the other. */
function markSide(step: number, rows: readonly ChartRow[]): 'insideTopLeft' | 'insideTopRight' {
  const middle = ((rows[0]?.step ?? 0) + (rows.at(-1)?.step ?? 0)) / 2;
  return step < middle ? 'insideTopLeft' : 'insideTopRight';
}

function ticksOf(rows: readonly ChartRow[]): number[] {
  const values = rows.flatMap(({ raw }) => Object.values(raw).filter((value) => value !== null));
  return roundTicks(minimum(values), maximum(values));
}

function tickOf(key: MetricKey | undefined): (value: number) => string {
  return (value) => (key === undefined ? String(value) : formatFor(key, value));
}

/** Draws the points that stand between two gaps, which a line leaves out; false where there is none. */
function loneDot(lone: ReadonlySet<number>) {
  if (lone.size === 0) return false;
  return ({ cx, cy, stroke, strokeOpacity, payload }: DotProps) =>
    payload && lone.has(payload.step) ? (
      <circle
        key={payload.step}
        className="lone-point"
        cx={cx}
        cy={cy}
        r={2.5}
        fill={stroke}
        fillOpacity={strokeOpacity}
      />
    ) : null;
}

interface DotProps {
  cx?: number;
  cy?: number;
  stroke?: string;
  strokeOpacity?: string | number;
  payload?: ChartRow;
}

interface TipProps {
  keys: readonly MetricKey[];
  data: ChartData;
  active?: boolean;
  payload?: readonly { payload?: ChartRow }[];
}

/** The value under the cursor, as measured and as smoothed: of the very step that is pointed at, in whichever chart. */
function PointTip({ keys, data, active, payload }: TipProps) {
  const cursor = useCursorStep();
  const drawn = payload?.[0]?.payload;
  if (!active || !drawn) return null;
  const row = pointedRow(data, drawn, cursor);
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

/** The row of the shared cursor's step, where `drawn` is what this chart draws nearest to it; else `drawn` itself. */
function pointedRow(data: ChartData, drawn: ChartRow, cursor: number | undefined): ChartRow {
  if (cursor === undefined) return drawn;
  const near =
    data.rows[
      nearestStep(
        data.rows.map(({ step }) => step),
        cursor,
      )
    ];
  return (near?.step === drawn.step && data.rowAt(cursor)) || drawn;
}
