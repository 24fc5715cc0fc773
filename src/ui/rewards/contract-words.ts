/** Names that a reward function is called with, their types and meaning: what the editor completes and explains. */
import type { CompletionForm, RewardBatch } from '../../rewards/contract.ts';
import type { Language } from './own-files.ts';

export interface ContractWord {
  readonly name: string;
  /** In the file's language. */
  readonly type: string;
  readonly help: string;
}

interface Row {
  readonly js: string;
  readonly py: string;
  readonly help: string;
}

type Given = Exclude<keyof RewardBatch, 'columns' | 'labels'> | 'log_metric' | 'log_extra';

const completions: Readonly<Record<CompletionForm, Row>> = {
  messages: {
    js: '{ role: string; content: string }[][]',
    py: 'list[list[dict[str, str]]]',
    help: 'The answers of the step, each a chat of one message.',
  },
  text: { js: 'string[]', py: 'list[str]', help: 'The answers of the step, each as its text.' },
};

const GIVEN: Readonly<Record<Exclude<Given, 'completions'>, Row>> = {
  prompts: {
    js: '(string | { role: string; content: string | object[] }[])[]',
    py: 'list[str | list[dict]]',
    help: 'What was asked, one for each answer.',
  },
  completion_ids: {
    js: 'number[][]',
    py: 'list[list[int]]',
    help: 'Each answer in tokens, its end token included.',
  },
  trainer_state: {
    js: '{ global_step: number; max_steps: number; epoch: number; num_input_tokens_seen: number }',
    py: 'SimpleNamespace(global_step, max_steps, epoch, num_input_tokens_seen)',
    help: 'Where the run stands: steps before this one, steps in all, how often the rows were seen, tokens so far.',
  },
  log_metric: {
    js: '(name: string, value: number) => void',
    py: 'Callable[[str, float], None]',
    help: 'Logs a number of this step; of several under one name, their mean.',
  },
  log_extra: {
    js: '(column: string, values: unknown[]) => void',
    py: 'Callable[[str, list], None]',
    help: 'Logs a column of the table of answers, one value for each answer.',
  },
};

/** Columns that are there whatever the data set, by their help. */
const ALWAYS: Readonly<Record<string, string>> = {
  id: 'The row of each answer.',
  label: 'The right label of each row.',
  solution: 'The right label of each row, by the name that TRL has for it.',
  answer: 'The whole answer of each row, which supervised training imitates.',
  question: 'What each row asks.',
  split: 'train, validation or test.',
};

/** `columns`: of the data set that is open. */
export function contractWords(
  language: Language,
  form: CompletionForm,
  columns: readonly string[],
): ContractWord[] {
  const isPython = language === 'py';
  const given = Object.entries({ completions: completions[form], ...GIVEN }).map(
    ([name, { js, py, help }]) => ({ name, type: isPython ? py : js, help }),
  );
  const ofData = columns
    .filter((name) => /^[A-Za-z_]\w*$/.test(name) && !given.some((word) => word.name === name))
    .map((name) => columnWord(name, isPython ? 'list' : 'unknown[]', 'A column of the data that is open.'));
  const ofStudio = Object.entries(ALWAYS)
    .filter(([name]) => !columns.includes(name))
    .map(([name, help]) => columnWord(name, isPython ? 'list[str | None]' : '(string | null)[]', help));
  return [...given, ...new Map([...ofData, ...ofStudio].map((word) => [word.name, word])).values()];
}

const columnWord = (name: string, type: string, help: string): ContractWord => ({ name, type, help });
