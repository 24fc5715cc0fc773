/** Minus the share of repeated groups of lower-case words: 0 when all differ or the text is shorter, towards the largest penalty. */
import { reward } from './reward.ts';

export const repetition = reward({
  help: 'minus up to the largest penalty for repeated words',
  parameters: {
    repetitionNgram: {
      ...{ kind: 'int', default: 3, min: 1, max: 100, unit: 'words' },
      label: 'Repeated words in a row',
      help: 'repetition counts groups of so many words that occur again. Fewer words punish more.',
    },
    repetitionMaxPenalty: {
      ...{ kind: 'float', default: 1, min: 0, max: 100 },
      label: 'Largest repetition penalty',
      help: 'repetition is minus this, times the share of groups of words that occurred before.',
    },
  },
  range: ({ repetitionMaxPenalty }) => [-repetitionMaxPenalty, 0],
  score: (text, { repetitionNgram, repetitionMaxPenalty }) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const total = words.length - repetitionNgram + 1;
    if (total < 1) return 0;
    const groups = Array.from({ length: total }, (_, i) => words.slice(i, i + repetitionNgram).join(' '));
    return (new Set(groups).size / total - 1) * repetitionMaxPenalty;
  },
  python: `
_REPETITION_NGRAM = _setting("repetitionNgram", 3)
_REPETITION_MAX_PENALTY = _setting("repetitionMaxPenalty", 1)


def _repetition(text, label, tokens):
    words = [word for word in _SPACES.split(text.lower()) if word]
    total = len(words) - _REPETITION_NGRAM + 1
    if total < 1:
        return 0.0
    groups = {" ".join(words[i : i + _REPETITION_NGRAM]) for i in range(total)}
    return (len(groups) / total - 1) * _REPETITION_MAX_PENALTY
`,
  cases: [
    { text: 'one two', score: 0 },
    { text: 'a b c d e', score: 0 },
    { text: 'A b c a B c', score: -0.25 },
    { text: 'no '.repeat(12), score: -0.9 },
    { text: 'a b a b', repetitionNgram: 2, score: -1 / 3 },
    { text: 'a b a b', repetitionNgram: 2, repetitionMaxPenalty: 0.5, score: -1 / 6 },
    { text: 'a b a b', repetitionNgram: 5, score: 0 },
  ],
});
