import { bareAnswersLine } from '../protocol/bare-answers.ts';
import type { Config } from '../protocol/config.ts';
import { presetSaid } from '../protocol/flags.ts';
import type { ModelSummary } from '../protocol/messages.ts';
import { type OwnQuestions, otherQuestionsLine } from '../protocol/own-questions.ts';
import { PRESETS, type PresetName, settingsFor, settingsWords } from '../protocol/presets.ts';
import { type PromptReport, promptLines } from '../protocol/prompt-report.ts';
import { typedRowsLine } from '../protocol/typed-rows.ts';
import type { StudioSession } from './headless.ts';

/** What else bears on what is said. */
interface SaidBefore {
  readonly bareAnswers?: number;
  readonly typedRows?: number;
  readonly sftSteps?: number;
  /** The preset among what is named. */
  readonly preset?: PresetName;
}

/**
 * The settings of a run on a model, with those named on the command line over them, and what is said of it: whose they are, and
 * which questions of rows are asked, whether a supervised stage would unlearn the tags, and which reward reads the rows' kinds.
 */
export function openedSettings(
  named: Partial<Config>,
  model: Pick<ModelSummary, 'name' | 'usual' | 'demo'>,
  questions: OwnQuestions | undefined,
  { bareAnswers = 0, typedRows = 0, sftSteps = 0, preset }: SaidBefore = {},
): { settings: Config; lines: string[] } {
  // The demo's settings are whole: on its model from a folder they are what they are on the page.
  const kind = preset === 'demo' ? { ...model, demo: true } : model;
  const settings = settingsFor(kind, named);
  const brought: Partial<Config> = preset ? PRESETS[preset].values : {};
  const keys = (Object.keys(named) as (keyof Config)[]).filter((key) => named[key] !== brought[key]);
  const given = keys.length > 0 ? `; given: ${keys.join(', ')}` : '';
  const whose = `settings for ${kind.demo ? 'the demo' : model.name}: ${settingsWords(kind)}${given}`;
  const asked = questions && otherQuestionsLine(questions, settings);
  const stage = sftSteps > 0 ? 'sft' : settings.stage;
  const bare = bareAnswersLine(bareAnswers, { ...settings, stage });
  const recipe = preset && presetSaid(preset);
  const typed = typedRowsLine(typedRows, settings);
  return { settings, lines: [whose, recipe, asked, bare, typed].filter((line) => line !== undefined) };
}

/** Rows named, of those that are left out. */
const MOST_NAMED = 20;

/** What is said of the prompts before a run: their lengths, and the rows that are left out for theirs, by name. */
export function promptsSaid(report: PromptReport): string[] {
  const { lengths, warnings } = promptLines(report);
  const left = [
    ...report.refused.map(({ id, message }) => `  ${id}: ${message}`),
    ...report.tooLong.map(({ id, tokens }) => `  ${id}: ${tokens} tokens`),
  ];
  const more = left.length > MOST_NAMED ? [`  and ${left.length - MOST_NAMED} more`] : [];
  return [lengths, ...warnings, ...left.slice(0, MOST_NAMED), ...more];
}

/** Asks what the prompts come to, and says it. */
export async function sayPrompts(
  session: Pick<StudioSession, 'ask'>,
  config: Config,
  say: (line: string) => void,
): Promise<void> {
  const events = await session.ask((requestId) => ({ type: 'prompts', requestId, config }));
  const answer = events.find((event) => event.type === 'prompts');
  for (const line of answer?.report ? promptsSaid(answer.report) : []) say(line);
}
