/** In what a run differs from another, in words. Pure. */
import { type ConfigKey, diffConfig } from '../../protocol/config.ts';
import type { StoredRun } from '../../protocol/messages.ts';
import { shortened } from '../parts/shortened.ts';

/** A setting, and what it was and is, as people read it. */
export interface Difference {
  /** A setting's key, `model` or `data`. */
  readonly key: ConfigKey | 'model' | 'data';
  readonly from: string;
  readonly to: string;
}

/** What a run is compared with: the one that it was forked from, else the one that was begun before it on such a model. */
export function compared(run: StoredRun, runs: readonly StoredRun[]): StoredRun | undefined {
  if (run.from) return runs.find(({ id }) => id === run.from?.id);
  const earlier = runs.filter(
    ({ id, createdAt, model }) => id !== run.id && model === run.model && createdAt < run.createdAt,
  );
  return earlier.reduce<StoredRun | undefined>(
    (latest, each) => (latest && latest.createdAt >= each.createdAt ? latest : each),
    undefined,
  );
}

type Described = Pick<StoredRun, 'config' | 'model' | 'data'>;

export function differences(before: Described, run: Described): Difference[] {
  const named = (['model', 'data'] as const)
    .filter((key) => before[key] !== run[key])
    .map((key) => ({ key, from: before[key], to: run[key] }));
  const settings = diffConfig(before.config, run.config).map(({ key, from, to }) => ({
    ...{ key, from: valueWords(from), to: valueWords(to) },
  }));
  // The same word for both is of values that differ in what has no room here.
  return [...named, ...settings.map((each) => (each.from === each.to ? { ...each, to: 'changed' } : each))];
}

/** Characters of a value that are shown. */
const MOST_SHOWN = 40;

/** A setting's value as people read it. */
export function valueWords(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (value === null || value === undefined || value === '') return 'none';
  if (Array.isArray(value))
    return value.length === 0 ? 'none' : shortened(value.map(itemWords).join(', '), MOST_SHOWN);
  return shortened(String(value), MOST_SHOWN);
}

const itemWords = (item: unknown): string =>
  typeof item === 'object' && item !== null && 'name' in item ? String(item.name) : String(item);
