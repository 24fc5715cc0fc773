import { formatBytes, formatMetric } from '../../math/format.ts';
import { type MetricKey, metricOf } from '../../protocol/metrics.ts';

/** A metric's value as its chart writes it. */
export function formatFor(key: MetricKey, value: number | null | undefined): string {
  if (metricOf(key).unit === 'bytes') return typeof value === 'number' ? formatBytes(value) : '–';
  return formatMetric(value, 3);
}
