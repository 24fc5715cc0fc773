import { formatDuration, formatPercent } from '../../math/format.ts';
import { isPhase, PHASES } from '../../protocol/phases.ts';
import type { Bar } from '../parts/bars.tsx';

/** Shares of a step by phase; runs kept by an earlier version have phases that the table does not know. */
export function phaseBars(seconds: Readonly<Record<string, number>>): Bar[] {
  const total = Object.values(seconds).reduce((sum, value) => sum + value, 0);
  return Object.entries(seconds).map(([key, value]) => {
    const share = value / Math.max(total, Number.MIN_VALUE);
    const text = `${formatPercent(share, 0)} · ${formatDuration(value)}`;
    return { name: isPhase(key) ? PHASES[key].label : key, value: 100 * share, text };
  });
}
