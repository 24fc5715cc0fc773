/** What a run asks: one question about all that is shown, and of each row that shows nothing its own. */
import { type Example, hasClip, type MediumKind } from '../data/types.ts';
import type { MediaCounts, PromptSettings, RunPrompt, TextTools } from '../families/api.ts';
import { type GateTexts, gateTextsOf } from './media/gate.ts';

export interface RunPrompts {
  /** Tokens of the longest prompt. */
  readonly longest: number;
  /** Positions, on any axis, of the prompt that reaches furthest. */
  readonly positions: number;
  /** What the gate reads of them. */
  readonly gateTexts: GateTexts;
  /** Tokens that what a prompt is about becomes, at most. */
  readonly counts: MediaCounts;
  /** The one that stands for all where one is shown; that of the clips, if there are any. */
  readonly shown: RunPrompt;
  of(example: Example): RunPrompt;
}

/** The prompts of examples. Where there are none yet, the question of the settings about `usual` media stands for all. */
export function runPrompts(
  text: TextTools,
  settings: PromptSettings,
  usual: readonly MediumKind[],
  examples: readonly Example[],
): RunPrompts {
  /** By the kinds of what is shown. */
  const shared = new Map<string, RunPrompt>();
  const about = (media: readonly MediumKind[]): RunPrompt => {
    const prompt = shared.get(media.join()) ?? text.promptOf(settings, media);
    shared.set(media.join(), prompt);
    return prompt;
  };
  const own = new Map<string, RunPrompt>();
  for (const example of examples) {
    if (hasClip(example)) about(kindsOf(example));
    else own.set(example.id, ownPrompt(text, settings, example));
  }
  if (shared.size + own.size === 0) about(usual);
  const prompts = [...shared.values(), ...own.values()];
  const mostOf = (sense: keyof MediaCounts): number =>
    prompts.reduce((found, { counts }) => Math.max(found, counts[sense]), 0);
  const most = (key: 'longest' | 'positions'): number =>
    prompts.reduce((found, prompt) => Math.max(found, prompt[key]), 0);
  return {
    longest: most('longest'),
    positions: most('positions'),
    gateTexts: gateTextsOf(prompts),
    counts: { video: mostOf('video'), audio: mostOf('audio') },
    shown: prompts[0]!,
    of: (example) =>
      hasClip(example)
        ? about(kindsOf(example))
        : (own.get(example.id) ?? ownPrompt(text, settings, example)),
  };
}

const kindsOf = ({ media }: Example): MediumKind[] => media.map(({ kind }) => kind);

function ownPrompt(text: TextTools, settings: PromptSettings, { question, system }: Example): RunPrompt {
  const asked = question === null ? {} : { question };
  return text.promptOf({ ...settings, ...asked, ...(system === undefined ? {} : { system }) }, []);
}
