/** Rewards of a completion. `accuracy` and `format` are R1-Omni's, to the byte; the others are named by what they follow. */
import { SYNONYMS } from '../data/labels.ts';

export interface RewardContext {
  /** The true label; null when the example has none, and then rewards that need it say null. */
  readonly label: string | null;
  /** Tokens of the completion, its end token included. */
  readonly tokens: number;
  /** The longest completion the run allows, in tokens. */
  readonly maxCompletionLength: number;
  /** For `soft_overlong`: the last stretch before the limit, in tokens, over which the punishment grows. 0 or absent: a fifth. */
  readonly softPunishCache?: number;
  /** For `repetition`: words in a group; 3 unless said. */
  readonly repetitionNgram?: number;
  /** For `repetition`: the score is minus this where all groups are one; 1 unless said. */
  readonly repetitionMaxPenalty?: number;
}

export interface Reward {
  readonly name: string;
  readonly help: string;
  /** The least and the greatest score; for `repetition` at a largest penalty of 1. */
  readonly range: readonly [number, number];
  /** Score of the decoded text, special tokens removed and nothing stripped; null = does not apply. */
  fn(text: string, context: RewardContext): number | null;
}

/** What Python's str.strip() and `\s` take for white space; JavaScript's set differs (it has U+FEFF, and not U+001C…1F, U+0085). */
const PYTHON_SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const LEADING_SPACE = new RegExp(`^[${PYTHON_SPACE}]+`);
const PUBLISHED_FORMAT = new RegExp(
  `^<think>[\\s\\S]*?</think>[${PYTHON_SPACE}]*<answer>[\\s\\S]*?</answer>$`,
);
/** Without dot-all: the answer must not contain a newline. */
const PUBLISHED_ANSWER = /<answer>([^\n]*?)<\/answer>/;
const ANY_ANSWER = /<answer>([\s\S]*?)<\/answer>/i;
const TOLERANT_FORMAT = /^\s*<think>[\s\S]*?<\/think>\s*<answer>[\s\S]*?<\/answer>\s*$/i;

/** Python's str.strip(). */
export function pythonStrip(text: string): string {
  const isSpace = (index: number) => LEADING_SPACE.test(text.charAt(index));
  let end = text.length;
  while (end > 0 && isSpace(end - 1)) end--;
  return text.slice(0, end).replace(LEADING_SPACE, '');
}

function publishedAnswer(text: string): string {
  return pythonStrip(PUBLISHED_ANSWER.exec(text)?.[1] ?? text);
}

/** Exact, case-sensitive equality of answer and label; a text without a one-line answer tag counts as a whole. */
function accuracy(text: string, { label }: RewardContext): number | null {
  if (label === null) return null;
  return Number(publishedAnswer(text) === publishedAnswer(`<answer> ${label} </answer>`));
}

/** The answer between the first answer tags (over several lines too), trimmed; the whole text, trimmed, without tags. */
export function readAnswer(text: string): string {
  return (ANY_ANSWER.exec(text)?.[1] ?? text).trim();
}

const NO_WORD = /^[\s\p{P}\p{S}]$/u;

/** Without punctuation, symbols and white space at either end; in time that grows with the length alone. */
function withoutOuterMarks(text: string): string {
  const characters = [...text];
  const first = characters.findIndex((character) => !NO_WORD.test(character));
  const last = characters.findLastIndex((character) => !NO_WORD.test(character));
  return first < 0 ? '' : characters.slice(first, last + 1).join('');
}

/** An answer without case, outer punctuation and doubled spaces, in the adjective of its emotion. */
export function foldAnswer(answer: string): string {
  const folded = withoutOuterMarks(answer.normalize('NFKC').toLowerCase()).replace(/\s+/g, ' ');
  return Object.hasOwn(SYNONYMS, folded) ? SYNONYMS[folded]! : folded;
}

/**
 * Which of `labels` an answer means: exactly, or after folding; null when none (or only ambiguously) fits.
 * For evaluation, the confusion matrix and the completions table.
 */
export function matchLabel(answer: string, labels: readonly string[]): string | null {
  if (labels.includes(answer)) return answer;
  const folded = foldAnswer(answer);
  const fitting = labels.filter((label) => foldAnswer(label) === folded);
  return fitting.length === 1 ? fitting[0]! : null;
}

function accuracyTolerant(text: string, { label }: RewardContext): number | null {
  if (label === null) return null;
  return Number(foldAnswer(readAnswer(text)) === foldAnswer(label));
}

/** Exactly one think block, at the start: TRL's think_format_reward, `^<think>(?!.*<think>)(.*?)</think>.*$` with dot-all. */
function thinkFormat(text: string): number {
  const opens = text.startsWith('<think>') && !text.includes('<think>', 1);
  return Number(opens && text.includes('</think>'));
}

/** DAPO, equation 13: 0 up to Lmax - Lcache tokens, then falling in a line to -1 at Lmax, -1 beyond. */
function softOverlong(
  _text: string,
  { tokens, maxCompletionLength, softPunishCache }: RewardContext,
): number {
  const cache = softPunishCache || Math.max(1, Math.round(maxCompletionLength / 5));
  const safe = maxCompletionLength - cache;
  if (tokens <= safe) return 0;
  return tokens <= maxCompletionLength ? (safe - tokens) / cache : -1;
}

/** Minus the share of repeated groups of lower-case words: 0 when all differ or the text is shorter, towards the largest penalty. */
function repetition(text: string, { repetitionNgram = 3, repetitionMaxPenalty = 1 }: RewardContext): number {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const total = words.length - repetitionNgram + 1;
  if (total < 1) return 0;
  const groups = Array.from({ length: total }, (_, i) => words.slice(i, i + repetitionNgram).join(' '));
  return (new Set(groups).size / total - 1) * repetitionMaxPenalty;
}

/** Every reward by name, for configuration, help and scoring. */
export const REWARDS = {
  accuracy: {
    name: 'accuracy',
    range: [0, 1],
    help: 'R1-Omni: 1 when the text between the answer tags equals the label, letter by letter; else 0.',
    fn: accuracy,
  },
  format: {
    name: 'format',
    range: [0, 1],
    help: 'R1-Omni: 1 when the whole completion is a think block and then an answer block, with nothing around them.',
    fn: (text) => Number(PUBLISHED_FORMAT.test(text)),
  },
  accuracy_tolerant: {
    name: 'accuracy_tolerant',
    range: [0, 1],
    help: 'As accuracy, but case, outer punctuation, line breaks and noun forms (anger, happiness) do not matter.',
    fn: accuracyTolerant,
  },
  format_tolerant: {
    name: 'format_tolerant',
    range: [0, 1],
    help: 'As format, but white space around the blocks and the case of tags do not matter.',
    fn: (text) => Number(TOLERANT_FORMAT.test(text)),
  },
  think_format: {
    name: 'think_format',
    range: [0, 1],
    help: 'TRL: 1 when the completion starts with its only think block; what follows is free.',
    fn: thinkFormat,
  },
  soft_overlong: {
    name: 'soft_overlong',
    range: [-1, 0],
    help: 'DAPO: 0 for short completions, falling to -1 over the last stretch (a fifth unless said) before the length limit.',
    fn: softOverlong,
  },
  repetition: {
    name: 'repetition',
    range: [-1, 0],
    help: 'Minus the share of groups of words that occurred before, times the largest penalty.',
    fn: repetition,
  },
} as const satisfies Record<string, Reward>;

export type RewardName = keyof typeof REWARDS;

/** Scores of one completion under the named rewards, in their order. */
export function scoreCompletion(
  names: readonly RewardName[],
  text: string,
  context: RewardContext,
): (number | null)[] {
  return names.map((name) => REWARDS[name].fn(text, context));
}
