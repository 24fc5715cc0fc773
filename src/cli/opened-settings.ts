import type { Config } from '../protocol/config.ts';
import type { ModelSummary } from '../protocol/messages.ts';
import { type OwnQuestions, otherQuestionsLine } from '../protocol/own-questions.ts';
import { settingsFor, settingsWords } from '../protocol/presets.ts';

/**
 * The settings of a run on a model, with those named on the command line over them, and what is said of it: whose they are, and
 * which questions of rows are asked.
 */
export function openedSettings(
  named: Partial<Config>,
  model: Pick<ModelSummary, 'name' | 'usual' | 'demo'>,
  questions: OwnQuestions | undefined,
): { settings: Config; lines: string[] } {
  const settings = settingsFor(model, named);
  const keys = Object.keys(named);
  const given = keys.length > 0 ? `; given: ${keys.join(', ')}` : '';
  const whose = `settings for ${model.demo ? 'the demo' : model.name}: ${settingsWords(model)}${given}`;
  const asked = questions && otherQuestionsLine(questions, settings);
  return { settings, lines: asked ? [whose, asked] : [whose] };
}
