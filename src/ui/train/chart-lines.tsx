/** The curves of a chart: raw line faint, smoothed line in front, the value under the cursor. */
import { memo, useMemo } from 'react';
import { Area, CartesianGrid, ComposedChart, Line, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts';
import { maximum, minimum } from '../../math/stats.ts';
import type { Alarm } from '../../protocol/alarms.ts';
import { type MetricKey, metricOf } from '../../protocol/metrics.ts';
import { useStudioState } from '../../store/react.ts';
import { type ChartData, type ChartRow, loneSteps, nearestStep } from '../../store/series.ts';
import { useInTurn } from '../parts/turns.ts';
import { usePlace } from '../parts/use-place.ts';
import { axisTicks, type ChartAxis, logTicks, placeWords } from './axes.ts';
import type { ChartSpec } from './chart-list.ts';
import { followCursor, useCursorPlace } from './cursor.ts';
import { formatFor } from './format-for.ts';
import { LineSample } from './line-sample.tsx';
import { useOpenAnswers } from './open-answers.ts';
import { RunCurves } from './run-curves.tsx';
import { nearestRow, type RunLine } from './run-lines.ts';
import { roundTicks } from './ticks.ts';

interface PlotProps {
  spec: ChartSpec;
  data: ChartData;
  smoothing: number;
  axis: ChartAxis;
  /** Whether values stand on a logarithmic axis. */
  isLog: boolean;
  /** Of runs beside the open one. */
  lines: readonly RunLine[];
  /** The open run's colour, where there are such runs. */
  stroke?: string | undefined;
}

interface LinesProps extends PlotProps {
  alarms: readonly Alarm[];
  width: number;
  height: number;
  /** Or the axes alone. */
  isWhole: boolean;
}

/** Room for the curves, which are drawn in turn; while a run goes on, only those near the view are. */
export function ChartPlot({ spec, data, smoothing, axis, isLog, lines, stroke }: PlotProps) {
  const [ref, { width, height, isNear }] = usePlace();
  const alarms = useStudioState((state) => state.alarms);
  const isRunning = useStudioState(({ run }) => run.state === 'running');
  const wanted = useMemo(
    () => ({ spec, data, smoothing, axis, isLog, lines, stroke, alarms, width, height }),
    [spec, data, smoothing, axis, isLog, lines, stroke, alarms, width, height],
  );
  const hasRoom = width > 0 && height > 0;
  const drawn = useInTurn(wanted, hasRoom && (isNear || !isRunning));
  const isWhole = useInTurn(CURVES, drawn !== undefined) !== undefined;
  const opensAnswers = useOpenAnswers();
  return (
    <div
      className="chart-plot"
      ref={ref}
      data-points={isWhole ? pointsOf(drawn?.data) : undefined}
      {...opensAnswers}
    >
      {drawn && <Lines {...drawn} isWhole={isWhole} />}
    </div>
  );
}

/** Points of a run's curves; of the recorded run's, where there are no others. */
const pointsOf = (data: ChartData | undefined): number | undefined => data && (data.own || data.rows.length);

/** What is between a chart's axes has a turn of its own: the first chart of a visit would take 60 ms in one. */
const CURVES = {};

/** Broken steps drawn at most; a run that breaks more often says so at every one of these. */
const MAX_BROKEN = 40;
// What recharts is given anew it draws anew, so whatever stays is the same object from step to step.
const MARGIN = { top: 4, right: 8, bottom: 0, left: 0 };
const placeTicks = {
  step: (place: number) => placeWords('step', place),
  time: (place: number) => placeWords('time', place),
  tokens: (place: number) => placeWords('tokens', place),
};
const ACTIVE_DOT = { r: 3 };

const Lines = memo(function Lines({ spec, data, smoothing, axis, isLog, lines, ...beside }: LinesProps) {
  const { stroke, alarms, width, height, isWhole } = beside;
  const { keys, band } = spec;
  // A chart without a metric has no value, and draws nothing.
  const first = keys[0]!;
  const { rows } = data;
  const ticks = useKept(valueTicks(rows, isLog, lines));
  const [from, to] = reachOf(rows, lines);
  const domain = useKept([from, to]);
  const marks = useMemo(() => alarms.filter(({ metric }) => keys.includes(metric)), [alarms, keys]);
  const range = useMemo(
    () => band && (({ raw }: ChartRow) => band.map((key) => onScale(raw[key] ?? null, isLog))),
    [band, isLog],
  );
  const line = (key: MetricKey, index: number, kind: 'raw' | 'smooth') => (
    <Line
      key={`${kind} ${key}`}
      name={metricOf(key).label}
      dataKey={readerOf(kind, key, isLog)}
      className={`line-${kind}`}
      stroke={stroke ?? `var(--series-${index + 1})`}
      strokeOpacity={kind === 'raw' && smoothing > 0 ? 0.3 : 1}
      strokeWidth={kind === 'raw' && smoothing > 0 ? 1 : 1.75}
      dot={loneDot(loneSteps(rows, key))}
      activeDot={kind === 'smooth' || smoothing === 0 ? ACTIVE_DOT : false}
      isAnimationActive={false}
    />
  );
  return (
    <ComposedChart
      width={width}
      height={height}
      data={rows}
      syncId="steps"
      syncMethod={followCursor}
      margin={MARGIN}
    >
      {isWhole && <CartesianGrid stroke="var(--grid)" vertical={false} />}
      <XAxis
        dataKey="place"
        type="number"
        domain={domain as [number, number]}
        ticks={useKept(axisTicks(axis, from, to))}
        tickFormatter={placeTicks[axis]}
        height={20}
        tickLine={false}
      />
      <YAxis
        ticks={ticks}
        interval={0}
        width={metricOf(first).unit === 'bytes' ? 64 : 48}
        tickLine={false}
        axisLine={false}
        scale={isLog ? 'log' : 'linear'}
        allowDataOverflow={isLog}
        domain={[ticks[0] ?? 0, ticks[ticks.length - 1] ?? 1]}
        tickFormatter={tickOf(first)}
      />
      {isWhole && (
        <Tooltip content={<PointTip {...{ keys, data, axis, lines }} />} isAnimationActive={false} />
      )}
      {isWhole && data.own > 0 && range && (
        <Area
          dataKey={range}
          stroke="none"
          fill="var(--series-1)"
          fillOpacity={0.14}
          isAnimationActive={false}
        />
      )}
      {isWhole && lines.length > 0 && <RunCurves {...{ lines, metric: first, smoothing, isLog }} />}
      {isWhole && rows.some(({ shadow }) => shadow) && keys.map((key) => shadowLine(key, isLog))}
      {isWhole && data.own > 0 && keys.map((key, index) => line(key, index, 'raw'))}
      {isWhole && data.own > 0 && smoothing > 0 && keys.map((key, index) => line(key, index, 'smooth'))}
      {isWhole &&
        marks
          .slice(-MAX_BROKEN)
          .map(({ kind, step }) => (
            <ReferenceLine
              key={`${kind} ${step}`}
              className="alarm-mark"
              x={data.placeOf(step)}
              stroke="var(--danger)"
              label={{ value: '!', position: markSide(step, rows), fill: 'var(--danger)' }}
            />
          ))}
      {isWhole && changeMarks(data)}
      {isWhole &&
        data.broken
          .slice(0, MAX_BROKEN)
          .map((step) => (
            <ReferenceLine key={step} x={data.placeOf(step)} stroke="var(--danger)" strokeDasharray="2 2" />
          ))}
    </ComposedChart>
  );
});

/** What a recorded run had: grey and dashed, behind the run's own curves. */
const shadowLine = (key: MetricKey, isLog: boolean) => (
  <Line
    key={`shadow ${key}`}
    name={`${metricOf(key).label}, recorded run`}
    dataKey={readerOf('shadow', key, isLog)}
    className="line-shadow"
    stroke="var(--recorded)"
    strokeDasharray="4 3"
    strokeWidth={1.5}
    dot={false}
    activeDot={false}
    connectNulls
    isAnimationActive={false}
  />
);

/** A line at each step that was the first to have changed settings. */
const changeMarks = ({ changed, rows, placeOf }: ChartData) =>
  changed.map((step) => (
    <ReferenceLine
      key={`changed ${step}`}
      className="change-mark"
      x={placeOf(step)}
      stroke="var(--muted)"
      strokeDasharray="4 3"
      label={{ value: 'Δ', position: markSide(step, rows), fill: 'var(--muted)' }}
    />
  ));

/** The list as it was before, where its numbers are the same. */
function useKept(list: number[]): number[] {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the numbers are what counts.
  return useMemo(() => list, [list.join()]);
}

/** One function for each kind and metric, made once. */
function once<K extends string, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

/** A value that a logarithmic axis has no place for leaves a gap in its curve. */
const onScale = (value: number | null | undefined, isLog: boolean): number | null | undefined =>
  isLog && value !== null && value !== undefined && value <= 0 ? null : value;

const readers = {
  raw: once((key: MetricKey) => (row: ChartRow) => row.raw[key]),
  smooth: once((key: MetricKey) => (row: ChartRow) => row.smooth[key]),
  shadow: once((key: MetricKey) => (row: ChartRow) => row.shadow?.[key]),
};
const logReaders = {
  raw: once((key: MetricKey) => (row: ChartRow) => onScale(row.raw[key], true)),
  smooth: once((key: MetricKey) => (row: ChartRow) => onScale(row.smooth[key], true)),
  shadow: once((key: MetricKey) => (row: ChartRow) => onScale(row.shadow?.[key], true)),
};

const readerOf = (kind: keyof typeof readers, key: MetricKey, isLog: boolean) =>
  (isLog ? logReaders : readers)[kind](key);

const tickOf = once((key: MetricKey) => (value: number) => formatFor(key, value));

/** Where the sign beside an alarm's line has room: to its right in the left half of the chart, to its left in the other. */
function markSide(step: number, rows: readonly ChartRow[]): 'insideTopLeft' | 'insideTopRight' {
  const middle = ((rows[0]?.step ?? 0) + (rows.at(-1)?.step ?? 0)) / 2;
  return step < middle ? 'insideTopLeft' : 'insideTopRight';
}

function valueTicks(rows: readonly ChartRow[], isLog: boolean, lines: readonly RunLine[]): number[] {
  const all = [rows, ...lines.map((line) => line.rows)].flat();
  const values = all.flatMap(({ raw, shadow = {} }) =>
    [...Object.values(raw), ...Object.values(shadow)].filter((value) => value !== null),
  );
  return isLog ? logTicks(values) : roundTicks(minimum(values), maximum(values));
}

/** The first and the last place of all curves. */
function reachOf(rows: readonly ChartRow[], lines: readonly RunLine[]): [from: number, to: number] {
  const all = [rows, ...lines.map((line) => line.rows)].filter(({ length }) => length > 0);
  if (all.length === 0) return [0, 0];
  return [Math.min(...all.map((one) => one[0]!.place)), Math.max(...all.map((one) => one.at(-1)!.place))];
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
  axis: ChartAxis;
  lines: readonly RunLine[];
  active?: boolean;
  payload?: readonly { payload?: ChartRow }[];
}

/** The value under the cursor, as measured and as smoothed: of the very step that is pointed at, in whichever chart. */
function PointTip({ keys, data, axis, lines, active, payload }: TipProps) {
  const cursor = useCursorPlace();
  const drawn = payload?.[0]?.payload;
  const row = active && drawn ? pointedRow(data, drawn, cursor) : undefined;
  const hasAnswers = useStudioState(({ rollouts }) => row !== undefined && rollouts.has(row.step));
  if (!row) return null;
  return (
    <div className="tip number" data-step={row.step}>
      <b>step {row.step}</b>
      {axis !== 'step' && <span className="muted"> {placeWords(axis, row.place)}</span>}
      {keys.map((key) => (
        <div key={key}>
          {keys.length > 1 && `${metricOf(key).label} `}
          {row.raw[key] !== undefined && (
            <>
              {formatFor(key, row.raw[key])}{' '}
              <span className="muted">smoothed {formatFor(key, row.smooth[key])}</span>
            </>
          )}
          {row.shadow && <span className="muted"> recorded {formatFor(key, row.shadow[key])}</span>}
        </div>
      ))}
      {lines.map((line) => {
        const near = nearestRow(line, row.place);
        return (
          near && (
            <div key={line.run.id}>
              <LineSample style={line.run.style} /> {line.run.name} {formatFor(keys[0]!, near.raw[keys[0]!])}
            </div>
          )
        );
      })}
      {hasAnswers && <div className="muted open-hint">click or Enter: its answers</div>}
    </div>
  );
}

/** The row at the shared cursor's place, where `drawn` is what this chart draws nearest to it; else `drawn` itself. */
function pointedRow(data: ChartData, drawn: ChartRow, cursor: number | undefined): ChartRow {
  if (cursor === undefined) return drawn;
  const near =
    data.rows[
      nearestStep(
        data.rows.map(({ place }) => place),
        cursor,
      )
    ];
  return (near?.step === drawn.step && data.rowAt(cursor)) || drawn;
}
