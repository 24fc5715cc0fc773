/** From a row and a run's settings to the words of its prompt, before media tags and chat template. Pure. */
import { InputError } from '../math/errors.ts';
import { columnOf, optionsOf } from '../rewards/row-options.ts';
import type { ChatMessage, TemplateVariables } from './chat-template.ts';
import { askWith, type PromptPreset, presetRow, requestOf } from './prompt.ts';
import { withLetters } from './row-options.ts';
import { renderRow } from './row-template.ts';

/** What of a run's settings makes its prompts. */
export interface WordSettings {
  readonly promptPreset: PromptPreset;
  /** Asked of rows that bring no question. */
  readonly question: string;
  /** Jinja over the row's columns; '' for what the preset makes. */
  readonly promptTemplate?: string;
  /** Before the question of rows that bring no system message; '' for none but the preset's. */
  readonly systemPrompt?: string;
  /** In place of the preset's request for tags; '' for the preset's own. */
  readonly instruction?: string;
  /** JSON object: what the chat template is told. */
  readonly chatTemplateKwargs?: string;
}

/** What a row brings to its prompt. */
export interface PromptRow {
  readonly question: string | null;
  readonly system?: string;
  readonly turns?: readonly ChatMessage[];
  readonly columns?: Readonly<Record<string, unknown>>;
  readonly label: string;
}

/** What is said to the model, in words. */
export interface Words {
  /** The last turn of the user, without media. */
  readonly text: string;
  readonly system?: string;
  readonly turns?: readonly ChatMessage[];
  readonly variables?: TemplateVariables;
}

const NO_ROW: PromptRow = { question: null, label: '' };

/**
 * The words of a row; without one, those that stand for all rows. `ofText`: nothing is shown or played with it.
 * @throws InputError where the preset or the template cannot ask this row
 */
export function wordsOf(settings: WordSettings, ofText: boolean, row?: PromptRow): Words {
  const { columns = {}, system, turns } = row ?? NO_ROW;
  const before = system ?? (settings.systemPrompt || presetSystem(settings, ofText));
  const variables = { ...templateVariables(settings.chatTemplateKwargs), ...rowVariables(columns) };
  return {
    text: textOf(settings, ofText, row),
    ...(before === undefined ? {} : { system: before }),
    ...(turns && turns.length > 0 ? { turns } : {}),
    ...(Object.keys(variables).length > 0 ? { variables } : {}),
  };
}

const presetSystem = ({ promptPreset }: WordSettings, ofText: boolean): string | undefined =>
  ofText ? presetRow(promptPreset).textSystem : undefined;

function textOf(settings: WordSettings, ofText: boolean, row: PromptRow = NO_ROW): string {
  const { promptPreset, promptTemplate, instruction } = settings;
  const { fixed } = presetRow(promptPreset);
  const asked = row.question || settings.question;
  const question = fixed !== undefined && !ofText ? fixed : asked;
  const request = instruction || requestOf(promptPreset, ofText);
  const { columns = {} } = row;
  // Without a row it stands for itself.
  if (promptTemplate && row === NO_ROW) return promptTemplate;
  if (promptTemplate) {
    return renderRow(promptTemplate, {
      ...columns,
      ...{ question, instruction: request, options: optionsOf(columns), columns },
    });
  }
  if (question === fixed) return askWith(promptPreset, question, request, ofText);
  const type = row === NO_ROW ? undefined : typeOf(promptPreset, columns);
  const sentence = instruction || type === undefined ? '' : presetRow(promptPreset).types![type]!;
  return askWith(promptPreset, withOptions(promptPreset, question, row, type), request + sentence, ofText);
}

/** The row's problem_type; undefined where the preset asks for none. */
function typeOf(preset: PromptPreset, columns: Readonly<Record<string, unknown>>): string | undefined {
  const { types } = presetRow(preset);
  if (!types) return undefined;
  const type = columnOf(columns, ['problem_type']);
  if (typeof type === 'string' && Object.hasOwn(types, type)) return type;
  const expected = Object.keys(types).join(', ');
  throw new InputError(
    type === undefined
      ? `The row has no problem_type, which the prompt ${preset} asks by; expected one of ${expected}.`
      : `The problem_type is ${JSON.stringify(type)}; the prompt ${preset} knows ${expected}.`,
    { hint: 'Correct the column, choose another prompt, or write a prompt template.' },
  );
}

const MULTIPLE_CHOICE = 'multiple choice';

/** A question with the row's choices behind it, where it does not name them itself. */
function withOptions(
  preset: PromptPreset,
  question: string,
  { columns = {}, label }: PromptRow,
  type: string | undefined,
): string {
  const { options: way } = presetRow(preset);
  if (way === 'none' || (way === 'video-r1' && type !== MULTIPLE_CHOICE)) return question;
  const options = optionsOf(columns);
  if (way === 'video-r1') {
    if (options.length > 0) return `${question}Options:\n${options.map((option) => `${option}\n`).join('')}`;
    throw new InputError('The row is of multiple choice, but has no options.', {
      hint: 'Name the column of the choices "options".',
    });
  }
  if (options.length === 0 || options.every((option) => question.includes(option))) return question;
  return `${question}\nOptions:\n${withLetters(options, label).join('\n')}`;
}

/** What no row and no setting may say for the template. */
const TAKEN = ['messages', 'add_generation_prompt'];

/** The object that a setting writes as JSON. @throws InputError for anything else */
export function templateVariables(text: string | undefined): TemplateVariables {
  if (!text || text.trim() === '') return {};
  return variablesIn(text, 'chatTemplateKwargs');
}

const rowVariables = (columns: Readonly<Record<string, unknown>>): TemplateVariables => {
  const value = columnOf(columns, ['chat_template_kwargs']);
  return value === undefined ? {} : variablesIn(value, "The row's chat_template_kwargs");
};

function variablesIn(value: unknown, what: string): TemplateVariables {
  let read = value;
  if (typeof value === 'string') {
    try {
      read = JSON.parse(value) as unknown;
    } catch {
      read = undefined;
    }
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    throw new InputError(`${what} is ${JSON.stringify(value)}; expected a JSON object.`, {
      hint: 'For example {"enable_thinking": false}.',
    });
  }
  const taken = TAKEN.find((name) => Object.hasOwn(read as object, name));
  if (taken !== undefined)
    throw new InputError(`${what} says ${taken}, which is the studio's; expected other names.`);
  return read as TemplateVariables;
}
