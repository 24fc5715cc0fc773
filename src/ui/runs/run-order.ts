/** Which of the kept runs the list shows, and in which order. Pure. */
import type { StoredRun } from '../../protocol/messages.ts';
import { isMetricKey, metricOf } from '../../protocol/metrics.ts';

export const ORDERS = {
  saved: 'last saved',
  begun: 'last begun',
  name: 'name',
  curve: 'end of the curve',
  score: 'best score',
  size: 'size',
} as const;
export type Order = keyof typeof ORDERS;

export interface Wanted {
  /** Words that all have to be in it. */
  readonly text: string;
  /** '' for any. */
  readonly tag: string;
  readonly order: Order;
}

/** A run in its place, and how many runs it is a fork of a fork of. */
export interface Placed {
  readonly run: StoredRun;
  readonly depth: number;
}

export const isFiltered = ({ text, tag }: Wanted): boolean => text.trim() !== '' || tag !== '';

export function tagsOf(runs: readonly StoredRun[]): string[] {
  return [...new Set(runs.flatMap(({ about }) => about.tags))].sort((a, b) => a.localeCompare(b));
}

export function placed(runs: readonly StoredRun[], wanted: Wanted): Placed[] {
  const shown = runs.filter((run) => isWanted(run, wanted)).sort(BY[wanted.order]);
  const isTree = wanted.order === 'saved' || wanted.order === 'begun';
  return isTree ? asTree(shown) : shown.map((run) => ({ run, depth: 0 }));
}

function isWanted({ name, about, model, data }: StoredRun, { text, tag }: Wanted): boolean {
  if (tag !== '' && !about.tags.includes(tag)) return false;
  const said = [name, ...about.tags, about.notes, model, data].join('\n').toLowerCase();
  const words = text.toLowerCase().split(/\s+/);
  return words.every((word) => said.includes(word));
}

type Compare = (a: StoredRun, b: StoredRun) => number;

/** Where a run has no such number, it comes last. */
const byNumber =
  (numberOf: (run: StoredRun) => number | undefined): Compare =>
  (a, b) =>
    (numberOf(b) ?? Number.NEGATIVE_INFINITY) - (numberOf(a) ?? Number.NEGATIVE_INFINITY) || 0;

/** Higher for what is better; the curve of a supervised run is its loss. */
function worth(metric: string, value: number | undefined): number | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const isLess = metric === 'loss' || (isMetricKey(metric) && metricOf(metric).direction === 'down');
  return isLess ? -value : value;
}

const BY: Readonly<Record<Order, Compare>> = {
  saved: byNumber(({ savedAt }) => savedAt),
  begun: byNumber(({ createdAt }) => createdAt),
  name: (a, b) => a.name.localeCompare(b.name),
  curve: byNumber(({ glance: { curve, last } }) => curve && worth(curve.metric, last)),
  score: byNumber(({ glance: { score } }) => score && worth(score.metric, score.best)),
  size: byNumber(({ bytes }) => bytes),
};

/** Every run under the one that it was forked from, where that is shown, too. */
function asTree(runs: readonly StoredRun[]): Placed[] {
  const ids = new Set(runs.map(({ id }) => id));
  const isUnder = ({ id, from }: StoredRun) => from !== undefined && from.id !== id && ids.has(from.id);
  const forksOf = (id: string) => runs.filter((run) => isUnder(run) && run.from!.id === id);
  const seen = new Set<string>();
  const withForks = (run: StoredRun, depth: number): Placed[] => {
    if (seen.has(run.id)) return [];
    seen.add(run.id);
    return [{ run, depth }, ...forksOf(run.id).flatMap((fork) => withForks(fork, depth + 1))];
  };
  const trees = runs.filter((run) => !isUnder(run)).flatMap((run) => withForks(run, 0));
  // Files of strangers may name each other as origins: those have no root.
  return [...trees, ...runs.flatMap((run) => withForks(run, 0))];
}
