/** The curves of runs beside the open one, between the axes of a chart: plain paths on its scales (why: D-231). */
import { memo } from 'react';
import { useXAxisScale, useYAxisScale } from 'recharts';
import type { MetricKey } from '../../protocol/metrics.ts';
import type { ChartRow } from '../../store/series.ts';
import type { RunLine } from './run-lines.ts';

interface CurvesProps {
  lines: readonly RunLine[];
  metric: MetricKey;
  smoothing: number;
  isLog: boolean;
}

export const RunCurves = memo(function RunCurves({ lines, metric, smoothing, isLog }: CurvesProps) {
  const x = useXAxisScale();
  const y = useYAxisScale();
  if (!x || !y) return null;
  const path = ({ rows }: RunLine, kind: 'raw' | 'smooth') => {
    let isOn = false;
    let drawn = '';
    for (const row of rows) {
      const value = numberOf(row, kind, metric);
      const at = x(row.place);
      if (value === null || (isLog && value <= 0) || at === undefined) isOn = false;
      else {
        drawn += `${isOn ? 'L' : 'M'}${at.toFixed(1)},${(y(value) ?? 0).toFixed(1)}`;
        // A point that stands alone is a dot: a line of no length with round ends.
        if (!isOn) drawn += 'h0';
        isOn = true;
      }
    }
    return drawn;
  };
  return (
    <g>
      {lines.map((line) => {
        const { id, slot, style } = line.run;
        const look = { className: 'run-line', 'data-slot': slot, 'data-run': id, fill: 'none' } as const;
        const stroke = `var(--run-${style.colour})`;
        return (
          <g key={id}>
            {smoothing > 0 && (
              <path {...look} d={path(line, 'raw')} stroke={stroke} strokeWidth={1} strokeOpacity={0.25} />
            )}
            <path
              {...look}
              d={path(line, 'smooth')}
              stroke={stroke}
              strokeWidth={1.75}
              strokeDasharray={style.dash}
              strokeLinecap="round"
            />
          </g>
        );
      })}
    </g>
  );
});

const numberOf = (row: ChartRow, kind: 'raw' | 'smooth', metric: MetricKey): number | null =>
  row[kind][metric] ?? null;
