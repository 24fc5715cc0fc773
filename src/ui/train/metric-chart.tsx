/** One metric over the steps: its curves, the latest value in the title, a table as its twin. */
import { memo, useMemo } from 'react';
import { type MetricKey, metricOf } from '../../protocol/metrics.ts';
import { type ChartData, type ChartRow, chartData, type Latest, withShadow } from '../../store/series.ts';
import type { StepRecord } from '../../store/state.ts';
import { Figure } from '../explain/figure.tsx';
import { Empty } from '../parts/panel.tsx';
import { useInTurn } from '../parts/turns.ts';
import { type ChartAxis, placesOn } from './axes.ts';
import { useChartChoices } from './chart-choices.ts';
import { ChartPlot } from './chart-lines.tsx';
import { type ChartSpec, chartTestId, withValues } from './chart-list.ts';
import { ChartTable } from './chart-table.tsx';
import { ChartTools } from './chart-tools.tsx';
import { formatFor } from './format-for.ts';
import { type DrawnRun, runLines, withLines } from './run-lines.ts';
import { trend } from './sentences.ts';

interface ChartProps {
  spec: ChartSpec;
  steps: readonly StepRecord[];
  axis: ChartAxis;
  /** Where the steps stand on the axis. */
  places: ArrayLike<number>;
  /** Runs to be drawn beside, and the open run's colour then. */
  others: readonly DrawnRun[];
  stroke?: string | undefined;
  /** Steps of a recorded run, to be drawn behind. */
  shadow?: readonly StepRecord[] | undefined;
  /** Smoothing, 0 to below 1. */
  smoothing: number;
  asTable: boolean;
}

/** Numbers, table and curves follow the steps when it is the chart's turn: many charts change at once. */
export const MetricChart = memo(function MetricChart(props: ChartProps) {
  const { spec, steps, shadow, others } = props;
  const isLog = useChartChoices(({ log }) => log.includes(spec.id));
  const wanted = useMemo(() => ({ ...props, isLog }), [props, isLog]);
  const drawn = useInTurn(wanted);
  const isEmpty = steps.length === 0 && shadow === undefined && others.length === 0;
  const newest = drawn?.steps.at(-1)?.step;
  return (
    <figure
      className="chart"
      data-testid={chartTestId(spec.id)}
      data-chart={spec.id}
      data-step={steps.length === 0 ? undefined : newest}
    >
      {drawn || isEmpty ? (
        <Drawn {...(drawn ?? wanted)} />
      ) : (
        <ChartTitle id={spec.id} title={spec.title} keys={spec.keys} />
      )}
    </figure>
  );
});

const NO_SHADOW: readonly StepRecord[] = [];

interface DrawnProps extends ChartProps {
  isLog: boolean;
}

const Drawn = memo(function Drawn({ spec: wanted, steps, places, shadow = NO_SHADOW, ...shown }: DrawnProps) {
  const { smoothing, asTable, axis, isLog, others, stroke } = shown;
  // Until a run has steps, the recorded one is what there is to see and to read.
  const told = steps.length > 0 ? steps : shadow;
  const spec = useMemo(() => withValues(wanted, told), [wanted, told]);
  const { keys, band, title } = spec;
  const drawn = useMemo(() => [...keys, ...(band ?? [])], [keys, band]);
  const behind = useMemo(
    () => chartData(shadow, keys, smoothing, placesOn(axis, shadow)),
    [shadow, keys, smoothing, axis],
  );
  const own = useMemo(() => chartData(steps, drawn, smoothing, places), [steps, drawn, smoothing, places]);
  // Time and tokens of a recorded run are not those of this one: beside its curves it stands by steps only.
  const first = keys[0];
  const lines = useMemo(
    () => (first === undefined ? [] : runLines(others, first, smoothing)),
    [others, first, smoothing],
  );
  const data = useMemo(
    () => withLines(axis === 'step' || own.own === 0 ? withShadow(own, behind) : own, lines),
    [own, behind, axis, lines],
  );
  const hasValue =
    lines.length > 0 || keys.some((key) => (own.latest[key] ?? behind.latest[key]) !== undefined);
  const sentence =
    first === undefined ? `${title} has no value yet.` : trend(told, first, metricOf(first).label);
  return (
    <>
      <ChartTitle
        {...{ id: spec.id, title, keys }}
        data={told === steps ? own : behind}
        newest={told.at(-1)?.step}
        isRecorded={told === shadow && shadow.length > 0}
      />
      {hasValue ? (
        <>
          {isLog && <OffScale rows={told === steps ? own.rows : behind.rows} keys={keys} />}
          {!asTable && <ChartPlot {...{ spec, data, smoothing, axis, isLog, lines, stroke }} />}
          {told === steps ? (
            <ChartTable
              rows={lines.length > 0 ? data.rows : own.rows}
              {...{ keys: drawn, lines, caption: title, shown: asTable }}
            />
          ) : (
            <ChartTable
              rows={behind.rows}
              keys={keys}
              lines={lines}
              caption={`${title}, recorded run`}
              shown={asTable}
            />
          )}
        </>
      ) : (
        <Empty>
          {told.length > 0 || others.length > 0
            ? (spec.absent ?? 'Not reported by this run.')
            : 'Draws with the first step.'}
        </Empty>
      )}
      <figcaption className="sr-only">
        {told !== steps && 'A recorded run: '}
        {sentence}
      </figcaption>
    </>
  );
});

/** A logarithmic axis has no place for zero and below: what is not drawn is said. */
function OffScale({ rows, keys }: { rows: readonly ChartRow[]; keys: readonly MetricKey[] }) {
  const values = rows.flatMap(({ raw }) => keys.map((key) => raw[key] ?? Number.NaN));
  const off = values.filter((value) => value <= 0).length;
  if (off === 0) return null;
  return (
    <small className="muted">
      {off} of {values.filter(Number.isFinite).length} points are 0 or below: not shown
    </small>
  );
}

interface TitleProps {
  id: string;
  title: string;
  keys: readonly MetricKey[];
  data?: ChartData;
  /** The run's latest step. */
  newest?: number | undefined;
  /** Whether the values are a recorded run's. */
  isRecorded?: boolean;
}

function ChartTitle({ id, title, keys, data, newest, isRecorded = false }: TitleProps) {
  const [first] = keys;
  return (
    <div className="chart-title" title={first === undefined ? undefined : metricOf(first).help}>
      <h2>{title}</h2>
      <ChartTools id={id} title={title} />
      <span className={keys.length > 1 ? 'chart-legend' : ''}>
        {keys.map((key, index) => (
          <LatestValue
            key={key}
            metric={key}
            latest={data?.latest[key]}
            newest={newest}
            isRecorded={isRecorded}
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
  isRecorded: boolean;
  /** Place among several lines, which are told apart by name and colour. */
  series: number | undefined;
}

function LatestValue({ metric, latest, newest, isRecorded, series }: LatestProps) {
  if (latest === undefined) return null;
  const { value, step } = latest;
  const { label, unit } = metricOf(metric);
  return (
    <span className={isRecorded ? 'chart-latest number muted' : 'chart-latest number'}>
      {series !== undefined && (
        <>
          <i className={`swatch series-${series}`} /> {label}{' '}
        </>
      )}
      <b>
        {isRecorded ? (
          formatFor(metric, value)
        ) : (
          <Figure name={label} of={{ kind: 'metric', step, key: metric }}>
            {formatFor(metric, value)}
          </Figure>
        )}
      </b>
      {series === undefined && unit !== 'bytes' && <small className="muted"> {unit}</small>}
      {step !== newest && <small className="muted"> at step {step}</small>}
    </span>
  );
}
