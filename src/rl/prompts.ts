/** What a run asks: each row its own question, and which rows it cannot ask. */
import { type Example, hasClip, type MediumKind } from '../data/types.ts';
import type { MediaCounts, PromptSettings, RunPrompt, TextTools } from '../families/api.ts';
import { InputError } from '../math/errors.ts';
import { type PromptRow, type Words, wordsOf } from '../text/words.ts';
import { type GateTexts, gateTextsOf } from './media/gate.ts';

/** A row that a run leaves out for its prompt. */
export interface LeftOut {
  readonly id: string;
  /** Of a prompt that is too long. */
  readonly tokens?: number;
  /** Of a row that cannot be asked: why, and the next move. */
  readonly refused?: { readonly message: string; readonly hint?: string };
}

/** Why a row is left out, a sentence. */
export function leftOutLine({ id, tokens, refused }: LeftOut): string {
  return refused ? `${id}: ${refused.message}` : `${id}: its prompt is ${tokens} tokens long.`;
}

/** What to say of rows that are left out, by count and with an example; undefined without any. */
export function leftOutNote(leftOut: readonly LeftOut[]): { message: string; hint: string } | undefined {
  const [first] = leftOut;
  if (!first) return undefined;
  const rows = leftOut.length === 1 ? '1 row is' : `${leftOut.length} rows are`;
  return {
    message: `${rows} left out for their prompts, for example ${leftOutLine(first)}`,
    hint: 'The Data screen lists them.',
  };
}

export interface RunPrompts {
  /** Tokens of the longest prompt that is asked. */
  readonly longest: number;
  /** Positions, on any axis, of the prompt that reaches furthest. */
  readonly positions: number;
  /** What the gate reads of them. */
  readonly gateTexts: GateTexts;
  /** Tokens that what a prompt is about becomes, at most. */
  readonly counts: MediaCounts;
  /** The one that stands for all where one is shown. */
  readonly shown: RunPrompt;
  /** @throws InputError where the row cannot be asked */
  of(example: Example): RunPrompt;
  /** Whether the run asks it. */
  asks(example: Example): boolean;
  /** Tokens that a prompt may have. */
  readonly limits: PromptLimits;
  /** Rows that the run does not ask, in the order of the data. */
  readonly leftOut: readonly LeftOut[];
}

/** Tokens that a prompt may have. */
export interface PromptLimits {
  /** By the settings. */
  readonly set?: number | undefined;
  /** As a pass on the device holds it. */
  readonly held?: number | undefined;
}

/** What a row brings to its prompt. */
const rowOf = ({ question, system, turns, columns, label }: Example): PromptRow => ({
  ...{ question, label },
  ...(system === undefined ? {} : { system }),
  ...(turns === undefined ? {} : { turns }),
  ...(columns === undefined ? {} : { columns }),
});

/**
 * The prompts of examples; rows that cannot be asked, or are too long, are left out. Where there are no examples yet, the
 * question of the settings about `usual` media stands for all.
 */
export const runPrompts = (...what: Parameters<typeof promptsInSteps>): RunPrompts =>
  drained(promptsInSteps(...what));

/** What a generator comes to that stops between its steps only to let others work. */
export function drained<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same, a row a step. */
export function* promptsInSteps(
  text: TextTools,
  settings: PromptSettings,
  usual: readonly MediumKind[],
  examples: readonly Example[],
  limits: PromptLimits = {},
): Generator<void, RunPrompts> {
  const builder = new PromptBuilder(text, settings);
  const asked = new Map<string, RunPrompt>();
  const leftOut = new Map<string, LeftOut>();
  for (const example of examples) {
    const made = builder.try(example);
    if (made instanceof InputError) leftOut.set(example.id, { id: example.id, refused: reasonOf(made) });
    else asked.set(example.id, made);
    yield;
  }
  for (const [id, tokens] of tooLong(asked, limits)) {
    asked.delete(id);
    leftOut.set(id, { id, tokens });
  }
  const prompts = asked.size > 0 ? [...new Set(asked.values())] : [text.promptOf(settings, usual)];
  const mostOf = (sense: keyof MediaCounts): number =>
    prompts.reduce((found, { counts }) => Math.max(found, counts[sense]), 0);
  const furthest = (key: 'longest' | 'positions'): number =>
    prompts.reduce((found, prompt) => Math.max(found, prompt[key]), 0);
  return {
    longest: furthest('longest'),
    positions: furthest('positions'),
    gateTexts: gateTextsOf(prompts),
    counts: { video: mostOf('video'), audio: mostOf('audio') },
    shown: prompts[0]!,
    of: (example) => asked.get(example.id) ?? builder.of(example),
    asks: ({ id }) => !leftOut.has(id),
    limits,
    leftOut: examples.flatMap(({ id }) => leftOut.get(id) ?? []),
  };
}

/** Prompts that have too many tokens, and how many. */
function tooLong(
  asked: ReadonlyMap<string, RunPrompt>,
  { set = Number.POSITIVE_INFINITY, held = Number.POSITIVE_INFINITY }: PromptLimits,
): [id: string, tokens: number][] {
  const lengths = [...asked].map(([id, { longest }]): [string, number] => [id, longest]);
  const both = lengths.filter(([, tokens]) => tokens > Math.min(set, held));
  // Where the device holds none, what plans the passes says so by its numbers.
  return both.length < lengths.length ? both : lengths.filter(([, tokens]) => tokens > set);
}

const reasonOf = ({ message, hint }: InputError) => ({ message, ...(hint === undefined ? {} : { hint }) });

/** Makes prompts; rows of the same words about the same kinds of media share one. */
class PromptBuilder {
  readonly #text: TextTools;
  readonly #settings: PromptSettings;
  readonly #known = new Map<string, RunPrompt | InputError>();

  constructor(text: TextTools, settings: PromptSettings) {
    this.#text = text;
    this.#settings = settings;
  }

  of(example: Example): RunPrompt {
    const made = this.try(example);
    if (made instanceof InputError) throw made;
    return made;
  }

  try(example: Example): RunPrompt | InputError {
    try {
      const kinds = example.media.map(({ kind }) => kind);
      return this.#asked(wordsOf(this.#settings, !hasClip(example), rowOf(example)), kinds);
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }

  #asked(words: Words, kinds: readonly MediumKind[]): RunPrompt | InputError {
    const key = JSON.stringify([words, kinds]);
    const made = this.#known.get(key) ?? this.#make(words, kinds);
    this.#known.set(key, made);
    return made;
  }

  #make(words: Words, kinds: readonly MediumKind[]): RunPrompt | InputError {
    try {
      const isOwn = JSON.stringify(words) !== JSON.stringify(wordsOf(this.#settings, kinds.length === 0));
      return { ...this.#text.promptOf({ ...this.#settings, words }, kinds), isOwn };
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }
}
