/** How a person wants the charts: over what, which ones, which of them first and on which scale. Axis, pins and scales are kept on this device. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { CHART_AXES, type ChartAxis } from './axes.ts';

interface Kept {
  readonly axis: ChartAxis;
  /** Ids of charts that stand first, in the order in which they were pinned. */
  readonly pinned: readonly string[];
  /** Ids of charts whose values stand on a logarithmic axis. */
  readonly log: readonly string[];
}

interface Choices extends Kept {
  /** A regular expression over titles and names of metrics; empty: all charts. */
  readonly filter: string;
}

const KEY = 'studio.charts';

const store = createStore<Choices>(() => ({ ...kept(), filter: '' }));

export const useChartChoices = <T>(select: (choices: Choices) => T): T => useStore(store, select);

export const filterCharts = (filter: string): void => store.setState({ filter });

export const drawOver = (axis: ChartAxis): void => keep({ axis });

export const togglePin = (id: string): void => keep({ pinned: toggled(store.getState().pinned, id) });

export const toggleLog = (id: string): void => keep({ log: toggled(store.getState().log, id) });

const toggled = (ids: readonly string[], id: string): string[] =>
  ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id];

function keep(news: Partial<Kept>): void {
  store.setState(news);
  const { axis, pinned, log } = store.getState();
  try {
    localStorage.setItem(KEY, JSON.stringify({ axis, pinned, log }));
  } catch {
    // A browser that keeps nothing forgets it with the visit.
  }
}

function kept(): Kept {
  try {
    const { axis, pinned, log } = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return { axis: CHART_AXES.includes(axis) ? axis : 'step', pinned: idsOf(pinned), log: idsOf(log) };
  } catch {
    return { axis: 'step', pinned: [], log: [] };
  }
}

function idsOf(found: unknown): string[] {
  return Array.isArray(found) ? found.filter((id): id is string => typeof id === 'string') : [];
}
