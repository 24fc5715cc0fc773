/** What a run asks: one question of all its clips, or of each row without a clip its own. */
import { type Example, hasClip } from '../data/types.ts';
import type { MediaCounts, PromptSettings, RunPrompt, TextTools } from '../families/api.ts';
import { type GateTexts, gateTextsOf } from './media/gate.ts';

export interface RunPrompts {
  /** Tokens of the longest prompt. */
  readonly longest: number;
  /** Positions, on any axis, of the prompt that reaches furthest. */
  readonly positions: number;
  /** What the gate reads of them. */
  readonly gateTexts: GateTexts;
  /** The one that stands for all where one is shown; that of the clips, if there are any. */
  readonly shown: RunPrompt;
  of(example: Example): RunPrompt;
}

/** The prompts of examples. Where there are none yet, the question of the settings stands for all. */
export function runPrompts(
  text: TextTools,
  settings: PromptSettings,
  counts: MediaCounts,
  examples: readonly Example[],
): RunPrompts {
  const shared = text.promptOf(settings, counts);
  const own = new Map<string, RunPrompt>();
  for (const example of examples) {
    if (!hasClip(example)) own.set(example.id, ownPrompt(text, settings, counts, example));
  }
  const prompts = own.size > 0 ? [...own.values()] : [shared];
  const most = (key: 'longest' | 'positions'): number =>
    prompts.reduce((found, prompt) => Math.max(found, prompt[key]), 0);
  return {
    longest: most('longest'),
    positions: most('positions'),
    gateTexts: gateTextsOf(prompts),
    shown: prompts[0]!,
    of: (example) =>
      hasClip(example) ? shared : (own.get(example.id) ?? ownPrompt(text, settings, counts, example)),
  };
}

function ownPrompt(
  text: TextTools,
  settings: PromptSettings,
  counts: MediaCounts,
  { question, system }: Example,
): RunPrompt {
  const asked = question === null ? {} : { question };
  return text.promptOf({ ...settings, ...asked, ...(system === undefined ? {} : { system }) }, counts);
}
