/** Answers as table rows, and which of them are asked for. Pure. */
import type { Completion, RolloutGroup } from '../../protocol/messages.ts';

export interface RolloutRow {
  /** Unique within a step. */
  id: string;
  exampleId: string;
  label: string;
  /** The row's own, where it was asked. */
  question?: string;
  completion: Completion;
  /** First row of its group: clip and truth are shown once. */
  first: boolean;
}

export interface RolloutFilter {
  /** Only clips of this label. */
  label?: string;
  /** Only answers that are not the label. */
  wrongOnly: boolean;
  /** Only groups in which all answers scored the same. */
  silentOnly: boolean;
  /** Only answers that contain this, whatever the case. */
  search: string;
}

export const NO_FILTER: RolloutFilter = { wrongOnly: false, silentOnly: false, search: '' };

/** A group whose answers all earned the same teaches nothing. */
function isSilent({ completions }: RolloutGroup): boolean {
  return completions.every(({ total }) => total === completions[0]?.total);
}

export function rolloutRows(groups: readonly RolloutGroup[], filter: RolloutFilter): RolloutRow[] {
  return groups.flatMap((group, g) => {
    if (filter.label !== undefined && group.label !== filter.label) return [];
    if (filter.silentOnly && !isSilent(group)) return [];
    const wanted = group.completions.flatMap((completion, c) =>
      wants(filter, group, completion) ? [{ completion, c }] : [],
    );
    return wanted.map(({ completion, c }, index) => ({
      id: `${g}.${c}`,
      exampleId: group.exampleId,
      label: group.label,
      ...(group.question === undefined ? {} : { question: group.question }),
      completion,
      first: index === 0,
    }));
  });
}

function wants(filter: RolloutFilter, group: RolloutGroup, { answer, text }: Completion): boolean {
  if (filter.wrongOnly && answer === group.label) return false;
  return text.toLowerCase().includes(filter.search.toLowerCase());
}

/** Names of the rewards in order of appearance. */
export function rewardNames(groups: readonly RolloutGroup[]): string[] {
  return [
    ...new Set(
      groups.flatMap(({ completions }) => completions.flatMap(({ rewards }) => Object.keys(rewards))),
    ),
  ];
}
