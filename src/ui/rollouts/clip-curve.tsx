/** A clip's share of right answers, or their mean reward, over the steps that drew it; held-out evaluations are dots. */
import { useMemo } from 'react';
import { CartesianGrid, ComposedChart, Line, Scatter, Tooltip, XAxis, YAxis } from 'recharts';
import { formatMetric, formatPercent } from '../../math/format.ts';
import { maximum, minimum } from '../../math/stats.ts';
import type { ClipVisit } from '../../protocol/answer-search.ts';
import { usePlace } from '../parts/use-place.ts';
import { roundTicks, stepTicks } from '../train/ticks.ts';
import { type ClipMeasure, type ClipPoint, clipPoints } from './clip-words.ts';

interface CurveProps {
  readonly kind: 'right' | 'reward';
  readonly visits: readonly ClipVisit[];
  readonly measures: readonly ClipMeasure[];
}

const SHARE_TICKS = [0, 0.25, 0.5, 0.75, 1];
const MARGIN = { top: 6, right: 10, bottom: 0, left: 0 };

export function ClipCurve({ kind, visits, measures }: CurveProps) {
  const [ref, { width, height }] = usePlace();
  const points = useMemo(() => clipPoints(kind, visits, measures), [kind, visits, measures]);
  const title = kind === 'right' ? 'Right answers' : 'Mean reward';
  const values = visits.map(({ reward }) => reward).filter(Number.isFinite);
  const ticks = kind === 'right' ? SHARE_TICKS : roundTicks(minimum(values), maximum(values));
  const format =
    kind === 'right' ? (value: number) => formatPercent(value, 0) : (value: number) => formatMetric(value, 3);
  const [first, last] = [points[0]?.step ?? 0, points.at(-1)?.step ?? 0];
  return (
    <figure className="clip-curve" data-testid={`clip-curve-${kind}`} data-points={points.length}>
      <figcaption>
        <h2>{title}</h2>
        {measures.length > 0 && (
          <span className="muted">
            {visits.length > 0 && (
              <>
                <i className="swatch series-1" /> in training{' '}
              </>
            )}
            <i className="swatch series-2" /> held out
          </span>
        )}
      </figcaption>
      <div className="clip-plot" ref={ref}>
        {width > 0 && (
          <ComposedChart width={width} height={height} data={points} margin={MARGIN}>
            <CartesianGrid stroke="var(--grid)" vertical={false} />
            <XAxis
              dataKey="step"
              type="number"
              domain={[first - (first === last ? 1 : 0), last + (first === last ? 1 : 0)]}
              ticks={stepTicks(first, last)}
              height={20}
              tickLine={false}
            />
            <YAxis
              ticks={ticks}
              interval={0}
              width={48}
              tickLine={false}
              axisLine={false}
              domain={[ticks[0] ?? 0, ticks.at(-1) ?? 1]}
              tickFormatter={format}
            />
            <Tooltip content={<PointTip format={format} />} isAnimationActive={false} />
            <Line
              dataKey="value"
              stroke="var(--series-1)"
              strokeWidth={1.75}
              connectNulls
              dot={points.length <= 40 && { r: 2.5, fill: 'var(--series-1)' }}
              isAnimationActive={false}
            />
            <Scatter dataKey="held" fill="var(--series-2)" isAnimationActive={false} />
          </ComposedChart>
        )}
      </div>
    </figure>
  );
}

interface TipProps {
  readonly format: (value: number) => string;
  readonly active?: boolean;
  readonly payload?: readonly { readonly payload?: ClipPoint }[];
}

function PointTip({ format, active, payload }: TipProps) {
  const point = payload?.[0]?.payload;
  if (!active || !point) return null;
  const value = point.value ?? point.held;
  return (
    <p className="tip number">
      step {point.step}: {value === undefined ? '–' : format(value)}
      {point.held !== undefined && ' held out'}
    </p>
  );
}
