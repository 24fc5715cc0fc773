/** Settings of a run that were changed while it went on, as its record has them. Pure. */
import type { Config } from '../../protocol/config.ts';
import { isLiveKey, type LiveValues } from '../../protocol/live-settings.ts';

/** From the step after `step` on, settings are `now` and no longer `was`. */
export interface SettingsChange {
  readonly step: number;
  readonly was: LiveValues;
  readonly now: LiveValues;
}

interface Recorded {
  readonly config: Config;
  readonly changes?: readonly SettingsChange[];
}

export function changeAt(step: number, before: Config, now: LiveValues): SettingsChange {
  const was = Object.keys(now)
    .filter(isLiveKey)
    .map((key) => [key, before[key]]);
  return { step, was: Object.fromEntries(was) as LiveValues, now };
}

/** The settings with which the run stood at a step: what was changed after it is undone. */
export function configAt({ config, changes = [] }: Recorded, step: number): Config {
  const later = changes.filter((change) => change.step > step).reverse();
  return Object.assign({}, config, ...later.map(({ was }) => was)) as Config;
}

/** What the step after this one is the first to have. */
export function newAfter({ changes = [] }: Recorded, step: number): LiveValues {
  return Object.assign({}, ...changes.filter((change) => change.step === step).map(({ now }) => now));
}

/** The record as it was at a step. */
export function recordedAt<T extends Recorded>(record: T, step: number): T {
  const { changes, ...rest } = record;
  if (!changes) return record;
  const kept = changes.filter((change) => change.step <= step);
  return { ...rest, config: configAt(record, step), ...(kept.length > 0 ? { changes: kept } : {}) } as T;
}
