/** One minus the word error rate of what was transcribed, at least 0; case and marks count. */
import { wordErrorRate } from '../math/overlap.ts';
import { saidAnswer, words } from './readings.ts';
import { type Reward, zeroToOne } from './reward.ts';

export const wer: Reward = {
  help: 'one minus the word error rate, at least 0',
  group: 'answer',
  source: 'word error rate by Levenshtein distance, 1966',
  readsLabel: true,
  range: zeroToOne,
  score: (text, { label }) =>
    label === null ? null : Math.max(0, 1 - wordErrorRate(words(label), words(saidAnswer(text) ?? ''))),
  python: `
def _wer(text, about):
    if about.label is None:
        return None
    return max(0.0, 1 - _word_error_rate(_words(about.label), _words(_said_answer(text) or "")))
`,
  cases: [
    { text: '<answer>no  smoking here</answer>', label: 'no smoking here', score: 1 },
    { text: '<answer>no smoking</answer>', label: 'no smoking here', score: 2 / 3 },
    { text: '<answer>No smoking here</answer>', label: 'no smoking here', score: 2 / 3 },
    { text: '<answer>a b c d e f</answer>', label: 'no smoking', score: 0 },
    { text: '', label: 'no smoking', score: 0 },
    { text: 'anything', label: null, score: null },
  ],
};
