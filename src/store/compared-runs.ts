/** The stored runs whose curves are drawn beside those of the run that is open: chosen for the visit, read when they are chosen. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { AnswerOf, StoredRun } from '../protocol/messages.ts';
import type { MetricKey, MetricValues } from '../protocol/metrics.ts';
import type { Ask } from './asking.ts';
import { type RunStyle, styleFor } from './run-styles.ts';
import type { StepRecord } from './state.ts';

/** More curves in a chart are not told apart. */
export const MOST_COMPARED = 8;

/** What was read of a run. */
export interface ReadRun
  extends Pick<AnswerOf<'runMetrics'>, 'config' | 'model' | 'data' | 'taken' | 'times'> {
  readonly steps: readonly StepRecord[];
}

export interface ComparedRun {
  readonly id: string;
  readonly name: string;
  readonly style: RunStyle;
  /** Left out of the charts for now. */
  readonly isHidden: boolean;
  /** Absent while it is being read. */
  readonly read?: ReadRun;
  /** Why it could not be read. */
  readonly trouble?: string;
}

const store = createStore<{ readonly runs: readonly ComparedRun[] }>(() => ({ runs: [] }));

export const useComparedRuns = (): readonly ComparedRun[] => useStore(store, ({ runs }) => runs);

const isCompared = (id: string): boolean => store.getState().runs.some((run) => run.id === id);

const setRuns = (change: (runs: readonly ComparedRun[]) => readonly ComparedRun[]): void =>
  store.setState(({ runs }) => ({ runs: change(runs) }));

const change = (id: string, news: Partial<ComparedRun>): void =>
  setRuns((runs) => runs.map((run) => (run.id === id ? { ...run, ...news } : run)));

/** Draws a run beside the others and reads it for that; nothing where as many are drawn as can be. */
export async function compareRun(ask: Ask, { id, name }: Pick<StoredRun, 'id' | 'name'>): Promise<void> {
  const { runs } = store.getState();
  if (isCompared(id) || runs.length >= MOST_COMPARED) return;
  const style = styleFor(
    id,
    runs.map((run) => run.style),
  );
  setRuns((all) => [...all, { id, name, style, isHidden: false }]);
  await readRun(ask, id);
}

export const leaveRun = (id: string): void => setRuns((runs) => runs.filter((run) => run.id !== id));

export const hideRun = (id: string, isHidden: boolean): void => change(id, { isHidden });

async function readRun(ask: Ask, id: string): Promise<void> {
  try {
    const { steps, metrics, ...told } = await ask('runMetrics', { runId: id });
    change(id, { read: { ...told, steps: recordsOf(steps, metrics) } });
  } catch (error) {
    change(id, { trouble: (error as Error).message });
  }
}

/** Follows the list of kept runs: what was deleted goes, and what was gone on with meanwhile is read again. */
export function followKept(ask: Ask, stored: readonly StoredRun[], openId: string | undefined): void {
  for (const { id, name, read } of store.getState().runs) {
    const kept = stored.find((run) => run.id === id);
    if (!kept && id !== openId) leaveRun(id);
    else if (kept && kept.name !== name) change(id, { name: kept.name });
    if (kept && read && kept.step !== read.taken) {
      change(id, { read: undefined } as Partial<ComparedRun>);
      void readRun(ask, id);
    }
  }
}

/** Steps as those of the open run are kept. */
export function recordsOf(
  steps: Float64Array,
  metrics: AnswerOf<'runMetrics'>['metrics'],
): readonly StepRecord[] {
  const columns = Object.entries(metrics) as [MetricKey, Float64Array][];
  return Array.from(steps, (step, place) => {
    const values: MetricValues = {};
    for (const [key, column] of columns) {
      const value = column[place]!;
      if (!Number.isNaN(value)) values[key] = value;
    }
    return { step, metrics: values, seconds: {} };
  });
}
