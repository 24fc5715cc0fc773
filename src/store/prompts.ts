/** What the prompts of the open data come to under the form, as long as it speaks of what is there. Pure. */
import { PROMPT_KEYS } from '../protocol/config.ts';
import type { DataSummary, ModelSummary } from '../protocol/messages.ts';
import type { PromptReport } from '../protocol/prompt-report.ts';
import type { Draft } from './settings.ts';

/** A report, and what it is about. */
export interface KnownPrompts {
  readonly data: DataSummary;
  readonly model: ModelSummary;
  /** `promptsKey` of the form. */
  readonly key: string;
  readonly report: PromptReport;
}

/** The settings that a clip's prompt is made of, as one word to compare. */
export function promptOf(draft: Draft): string {
  return JSON.stringify(PROMPT_KEYS.map((key) => draft[key]));
}

/** The settings that prompts and their room are made of, as one word to compare. */
export const promptsKey = (draft: Draft): string =>
  JSON.stringify([promptOf(draft), draft.maxCompletionLength, draft.stage]);

interface Asking {
  readonly data?: DataSummary;
  readonly model?: ModelSummary;
  readonly draft: Draft;
  readonly prompts?: KnownPrompts;
}

/** The report about the form, the model and the data as they are; undefined while there is none. */
export function promptsOf({ data, model, draft, prompts }: Asking): PromptReport | undefined {
  return prompts && prompts.data === data && prompts.model === model && prompts.key === promptsKey(draft)
    ? prompts.report
    : undefined;
}
