/**
 * Minus the share of repeated groups, of lower-case words or of tokens: 0 when all differ or the text is shorter, towards the
 * largest penalty. Words are what people see again; tokens are what TRL counts.
 */
import { words } from './readings.ts';
import { reward } from './reward.ts';

export const repetition = reward({
  help: 'minus up to the largest penalty for repeated words',
  group: 'length',
  source: "TRL's get_repetition_penalty_reward; of words as ms-swift has it",
  readsTokens: ({ repetitionOf }) => repetitionOf === 'tokens',
  parameters: {
    repetitionOf: {
      kind: 'choice',
      choices: ['words', 'tokens'],
      default: 'words',
      label: 'Repeated are',
      help: 'repetition counts groups of lower-case words, or of tokens as TRL does.',
    },
    repetitionNgram: {
      ...{ kind: 'int', default: 3, min: 1, max: 100, unit: 'words' },
      label: 'Repeated words in a row',
      help: 'repetition counts groups of so many words, or tokens, that occur again. Fewer punish more.',
    },
    repetitionMaxPenalty: {
      ...{ kind: 'float', default: 1, min: 0, max: 100 },
      label: 'Largest repetition penalty',
      help: 'repetition is minus this, times the share of groups of words that occurred before.',
    },
  },
  range: ({ repetitionMaxPenalty }) => [-repetitionMaxPenalty, 0],
  score: (text, { ids, repetitionOf, repetitionNgram, repetitionMaxPenalty }) => {
    const units: readonly unknown[] = repetitionOf === 'tokens' ? ids : words(text.toLowerCase());
    const total = units.length - repetitionNgram + 1;
    if (total < 1) return 0;
    const groups = Array.from({ length: total }, (_, i) => units.slice(i, i + repetitionNgram).join(' '));
    return (new Set(groups).size / total - 1) * repetitionMaxPenalty;
  },
  python: `
def _repetition(text, about):
    n = _setting("repetitionNgram", 3)
    units = about.ids if _setting("repetitionOf", "words") == "tokens" else _words(text.lower())
    total = len(units) - n + 1
    if total < 1:
        return 0.0
    groups = {tuple(units[i : i + n]) for i in range(total)}
    return (len(groups) / total - 1) * _setting("repetitionMaxPenalty", 1)
`,
  cases: [
    { text: 'one two', score: 0 },
    { text: 'a b c d e', score: 0 },
    { text: 'A b c a B c', score: -0.25 },
    { text: 'no '.repeat(12), score: -0.9 },
    { text: 'a b a b', repetitionNgram: 2, score: -1 / 3 },
    { text: 'a b a b', repetitionNgram: 2, repetitionMaxPenalty: 0.5, score: -1 / 6 },
    { text: 'a b a b', repetitionNgram: 5, score: 0 },
    { text: 'ab ab', ids: [7, 8, 7, 8], repetitionNgram: 2, repetitionOf: 'tokens', score: -1 / 3 },
  ],
});
