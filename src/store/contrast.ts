/** A clip that was answered wrong when it first came, and right since: what a run has taught, in two sentences. Pure. */
import type { RolloutGroup } from '../protocol/messages.ts';

export interface ToldAnswer {
  readonly step: number;
  readonly text: string;
  readonly answer: string | null;
}

export interface Contrast {
  readonly exampleId: string;
  readonly label: string;
  readonly before: ToldAnswer;
  readonly now: ToldAnswer;
}

export interface Contrasts {
  /** Wrong answers of the run's first steps, by clip: what later ones are compared with. */
  readonly wrong: ReadonlyMap<string, ToldAnswer>;
  /** A clip that was wrong and is right: of those that were wrong first, the newest. */
  readonly shown?: Contrast;
}

export const NO_CONTRASTS: Contrasts = { wrong: new Map() };

/** Wrong answers that are kept: those of the first steps say most. */
const MOST_WRONG = 64;

type Answered = Pick<RolloutGroup, 'exampleId' | 'label'> & {
  readonly completions: readonly Pick<RolloutGroup['completions'][number], 'text' | 'answer'>[];
};

/** What is known after the answers of one more step. */
export function withAnswers(known: Contrasts, step: number, groups: readonly Answered[]): Contrasts {
  const wrong = new Map(known.wrong);
  let { shown } = known;
  for (const { exampleId, label, completions } of groups) {
    const before = wrong.get(exampleId);
    const told = ({ text, answer }: Answered['completions'][number]): ToldAnswer => ({ step, text, answer });
    if (before) {
      // The whole group has to be right: one lucky answer of eight has taught nothing.
      const isRight = completions.every(({ answer }) => answer === label);
      const isFirst = before.step <= (shown?.before.step ?? before.step);
      if (isRight && isFirst && completions[0])
        shown = { exampleId, label, before, now: told(completions[0]) };
    } else if (wrong.size < MOST_WRONG) {
      const mistaken = completions.find(({ answer }) => answer !== label);
      if (mistaken) wrong.set(exampleId, told(mistaken));
    }
  }
  return shown ? { wrong, shown } : { wrong };
}
