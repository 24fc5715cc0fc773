/** A metric over the steps, as inline SVG. Pure. */
import { formatMetric } from '../../../math/format.ts';
import { downsampleMinMax, emaSmooth, type Point } from '../../../math/series.ts';
import { maximum, minimum } from '../../../math/stats.ts';
import { type Html, html } from './html.ts';

const WIDTH = 360;
const HEIGHT = 150;
const LEFT = 52;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 20;
/** Points of a curve are the lowest and highest of so many runs of steps. */
const BUCKETS = 120;
const SMOOTHING = 0.6;

export interface Series {
  readonly title: string;
  readonly unit: string;
  readonly help: string;
  readonly points: readonly Point[];
}

/** What the curve says in words. */
function sentence({ points }: Pick<Series, 'points'>): string {
  const known = points.filter(({ y }) => Number.isFinite(y));
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return 'No value.';
  const values = known.map(({ y }) => y);
  const word = (value: number) => formatMetric(value, 4);
  if (known.length === 1) return `${word(first.y)} at step ${first.x}.`;
  return `From ${word(first.y)} at step ${first.x} to ${word(last.y)} at step ${last.x}; lowest ${word(minimum(values))}, highest ${word(maximum(values))}.`;
}

export function chart(series: Series): Html {
  const { title, unit, help, points } = series;
  const told = sentence(series);
  const values = points.flatMap(({ y }) => (Number.isFinite(y) ? [y] : []));
  const scale = scaleOf(points, values);
  const smooth = emaSmooth(
    points.map(({ y }) => y),
    SMOOTHING,
  ).map((y, at) => ({ x: points[at]!.x, y }));
  const low = minimum(values);
  const high = maximum(values);
  return html`<figure>
<figcaption><h3><bdi>${title}</bdi></h3> <span title="${help}">${unit}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${`${title}: ${told}`}">
<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}"/>
<text x="${LEFT - 4}" y="${TOP + 8}" text-anchor="end">${formatMetric(high, 3)}</text>
<text x="${LEFT - 4}" y="${HEIGHT - BOTTOM}" text-anchor="end">${formatMetric(low, 3)}</text>
<text x="${LEFT}" y="${HEIGHT - 5}">${points[0]?.x}</text>
<text x="${WIDTH - RIGHT}" y="${HEIGHT - 5}" text-anchor="end">${points.at(-1)?.x}</text>
<path class="raw" d="${pathOf(points, scale)}"/>
<path class="smooth" d="${pathOf(smooth, scale)}"/>
</svg>
<p>${told}</p>
</figure>`;
}

type Scale = (point: Point) => string;

function scaleOf(points: readonly Point[], values: readonly number[]): Scale {
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 1];
  const [low, high] = [minimum(values), maximum(values)];
  const across = (WIDTH - LEFT - RIGHT) / Math.max(1, last - first);
  const up = (HEIGHT - TOP - BOTTOM) / (high - low || 1);
  return ({ x, y }) => `${place(LEFT + (x - first) * across)} ${place(HEIGHT - BOTTOM - (y - low) * up)}`;
}

const place = (value: number): string => value.toFixed(1);

/** Gaps stay gaps; a point between two gaps is a short dash. */
function pathOf(points: readonly Point[], scale: Scale): string {
  let isDrawing = false;
  const thinned = downsampleMinMax(points, BUCKETS);
  return thinned
    .map((point, at) => {
      const begins = !isDrawing;
      isDrawing = Number.isFinite(point.y);
      if (!isDrawing) return '';
      const isLone = begins && !Number.isFinite(thinned[at + 1]?.y);
      return `${begins ? 'M' : 'L'}${scale(point)}${isLone ? 'h2' : ''}`;
    })
    .join('');
}
