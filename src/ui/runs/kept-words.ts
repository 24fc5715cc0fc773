import { counted, formatBytes } from '../../math/format.ts';
import type { DamagedRun, StoredRun } from '../../protocol/messages.ts';

/** What metrics of evaluations are called, where that is not a score. */
export const SCORES: Readonly<Record<string, string>> = { 'eval/war': 'WAR', 'eval/uar': 'UAR' };

/** Whether a run has steps left to take. */
export const isUnfinished = ({ step, steps }: StoredRun): boolean => step < steps;

/** How many runs are kept, how many of them wait for something, and what they take. */
export function keptWords(runs: readonly StoredRun[], damaged: readonly DamagedRun[]): string {
  const all = [...runs, ...damaged];
  const unfinished = runs.filter(isUnfinished).length;
  const said = [
    `${counted(all.length, 'run')} kept on this device`,
    ...(unfinished > 0 ? [`${unfinished} not finished`] : []),
    ...(damaged.length > 0 ? [`${damaged.length} damaged`] : []),
  ];
  return `${said.join(', ')} · ${formatBytes(all.reduce((sum, { bytes }) => sum + bytes, 0))}`;
}
