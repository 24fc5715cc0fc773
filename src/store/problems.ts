/** What did not work, and what is good to know, as the page shows it. */
import type { CommandType, EventOf } from '../protocol/messages.ts';

/** An error, or a note, as shown beside what it is about. */
export interface Problem {
  id: number;
  /** The command it answers, if any. */
  command?: CommandType;
  message: string;
  hint?: string;
  details?: string;
  fatal: boolean;
  /** Nothing failed: it is only good to know. */
  isNote?: boolean;
}

let last = 0;

/** Numbered, so that it can be dismissed. */
export function problemOf(problem: Omit<Problem, 'id'>): Problem {
  return { id: ++last, ...problem };
}

export function noteOf({ message, hint }: EventOf<'note'>): Problem {
  return problemOf({ message, hint, fatal: false, isNote: true });
}

/** What ended a run belongs to Start, wherever the person is. */
export function ofRun(problems: readonly Problem[], message: string | undefined): Problem[] {
  return problems.map((problem) =>
    !problem.command && !problem.fatal && problem.message === message
      ? { ...problem, command: 'start' as const }
      : problem,
  );
}

/** An error that answers no command of the worker's, beside what it is about. */
export function withProblem(
  { problems }: { readonly problems: readonly Problem[] },
  about: CommandType | undefined,
  { message, hint }: { message: string; hint?: string | undefined },
): { problems: Problem[] } {
  const others = problems.filter(({ command }) => about === undefined || command !== about);
  return { problems: [...others, problemOf({ command: about, message, hint, fatal: false })] };
}

/** What goes wrong in these is said where it was asked. */
export const TOLD_BY_ASKER: readonly CommandType[] = [
  'prompts',
  'forecast',
  'tokenValues',
  'alternatives',
  'runMetrics',
  'stepAnswers',
  'findAnswers',
  'clipAnswers',
  'clipFiles',
];
