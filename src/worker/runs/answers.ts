/** `rollouts.jsonl`: one line per answer of every step. */
import type { Completion, RolloutGroup } from '../../protocol/messages.ts';

export interface AnswerLine extends Completion {
  readonly step: number;
  readonly exampleId: string;
  readonly label: string;
  /** Place in its group, from 0. */
  readonly index: number;
}

export function answerLines(step: number, groups: readonly RolloutGroup[]): AnswerLine[] {
  return groups.flatMap(({ exampleId, label, completions }) =>
    completions.map((completion, index) => ({ step, exampleId, label, index, ...completion })),
  );
}

/** The groups of one step's lines; a new group begins at every index 0. */
export function groupsOfLines(lines: readonly AnswerLine[]): RolloutGroup[] {
  const groups: RolloutGroup[] = [];
  for (const { step: _, exampleId, label, index, ...completion } of lines) {
    if (index === 0) groups.push({ exampleId, label, completions: [] });
    groups.at(-1)?.completions.push(completion);
  }
  return groups;
}
