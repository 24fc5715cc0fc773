/** Which charts there are. The first eight are always in view; the rest, by group, are one click away. */
import {
  METRIC_GROUPS,
  type Metric,
  type MetricGroup,
  type MetricKey,
  metricOf,
  metricsOf,
} from '../../protocol/metrics.ts';
import type { StepRecord } from '../../store/state.ts';

export interface ChartSpec {
  id: string;
  title: string;
  group: MetricGroup;
  keys: MetricKey[];
  /** Drawn as a band behind the first key. */
  band?: [low: MetricKey, high: MetricKey];
  /** Shown while there is no value, in place of "draws with the first step". */
  absent?: string;
}

export interface Charts {
  /** Always in view. */
  readonly core: readonly ChartSpec[];
  readonly more: readonly { readonly group: MetricGroup; readonly charts: readonly ChartSpec[] }[];
}

/** Charts that are always in view, in this order. */
const CORE = [
  'reward',
  'Rewards by part',
  'kl',
  'loss',
  'completions/mean_length',
  'entropy',
  'grad_norm',
  'tokens_per_second/generate',
];
/** Metrics that are drawn as a band behind another one. */
const BANDS: Partial<Record<MetricKey, ChartSpec['band']>> = {
  'completions/mean_length': ['completions/min_length', 'completions/max_length'],
};
const IN_BANDS = new Set(Object.values(BANDS).flat());

/** Not every step reports every metric: rewards log where they like. So many of the newest are looked at. */
const LOOKED_AT = 100;

/** A chart for each metric there is, shared where their rows in the table of metrics say so. */
export function chartsOf(steps: readonly StepRecord[]): Charts {
  const reported = new Set(steps.slice(-LOOKED_AT).flatMap(({ metrics }) => Object.keys(metrics)));
  const metrics = metricsOf(reported).filter(({ key }) => !IN_BANDS.has(key));
  const charts = new Map<string, ChartSpec>();
  for (const metric of metrics) {
    const known = charts.get(chartId(metric));
    if (known) known.keys.push(metric.key);
    else charts.set(chartId(metric), chartOf(metric));
  }
  const core = CORE.map((id) => charts.get(id) ?? { id, title: id, group: 'Reward' as const, keys: [] });
  const rest = [...charts.values()].filter(({ id }) => !CORE.includes(id));
  const more = METRIC_GROUPS.map((group) => ({
    group,
    charts: rest.filter((chart) => chart.group === group),
  }));
  return { core, more: more.filter((one) => one.charts.length > 0) };
}

const chartId = ({ key, chart }: Metric): string => chart ?? key;

function chartOf(metric: Metric): ChartSpec {
  const { key, label, chart, group, absent } = metric;
  const band = BANDS[key];
  return {
    ...{ id: chartId(metric), title: chart ?? label, group, keys: [key] },
    ...(band ? { band } : {}),
    ...(absent ? { absent } : {}),
  };
}

/** A chart that several metrics share, without those that this run does not report; as it is while there is none. */
export function withValues(spec: ChartSpec, steps: readonly StepRecord[]): ChartSpec {
  if (spec.keys.length < 2) return spec;
  const reported = spec.keys.filter((key) => steps.some(({ metrics }) => metrics[key] !== undefined));
  return reported.length === 0 || reported.length === spec.keys.length ? spec : { ...spec, keys: reported };
}

/** A chart for each metric, as curves of several runs need it. */
export function apart({ core, more }: Charts): Charts {
  const one = (spec: ChartSpec): ChartSpec[] =>
    spec.keys.length < 2
      ? [spec]
      : spec.keys.map((key) => ({
          ...{ id: key, title: `${spec.title}: ${metricOf(key).label}`, group: spec.group, keys: [key] },
        }));
  return {
    core: core.flatMap(one),
    more: more.map(({ group, charts }) => ({ group, charts: charts.flatMap(one) })),
  };
}

/** Charts that are wanted: those that are pinned, in their order, and the others, in view or one click away. */
export interface WantedCharts extends Charts {
  readonly pinned: readonly ChartSpec[];
}

export function withPins({ core, more }: Charts, pins: readonly string[]): WantedCharts {
  const all = allOf({ core, more });
  const isFree = ({ id }: ChartSpec) => !pins.includes(id);
  const free = more.map(({ group, charts }) => ({ group, charts: charts.filter(isFree) }));
  return {
    pinned: pins.flatMap((pin) => all.find(({ id }) => id === pin) ?? []),
    core: core.filter(isFree),
    more: free.filter(({ charts }) => charts.length > 0),
  };
}

export const allOf = ({ core, more }: Charts): ChartSpec[] => [
  ...core,
  ...more.flatMap(({ charts }) => charts),
];

/** Charts whose title or metrics a regular expression finds, in any case; or why it is none. */
export function matching(
  charts: readonly ChartSpec[],
  filter: string,
): readonly ChartSpec[] | { wrong: string } {
  try {
    const pattern = new RegExp(filter, 'i');
    return charts.filter(({ title, keys }) => [title, ...keys].some((name) => pattern.test(name)));
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}

/** The name by which a test finds a chart. */
export function chartTestId(id: string): string {
  return `chart-${id.toLowerCase().replaceAll(/[/ ]/g, '-')}`;
}
