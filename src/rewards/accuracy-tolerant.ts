/** As accuracy, but case, outer punctuation, line breaks and noun forms (anger, happiness) do not matter. */
import { foldAnswer, readAnswer } from './answer.ts';
import { type Reward, zeroToOne } from './reward.ts';

export const accuracyTolerant: Reward = {
  help: 'accuracy that forgives case, outer punctuation, line breaks and nouns (anger)',
  group: 'answer',
  source: "the studio, after R1-Omni's accuracy",
  range: zeroToOne,
  readsLabel: true,
  score: (text, { label }) =>
    label === null ? null : Number(foldAnswer(readAnswer(text)) === foldAnswer(label)),
  python: `
def _accuracy_tolerant(text, about):
    if about.label is None:
        return None
    return float(_fold(_read_answer(text)) == _fold(about.label))
`,
  cases: [
    { text: '<answer>Happy.</answer>', score: 1 },
    { text: '<answer>\n happiness \n</answer>', score: 1 },
    { text: '<ANSWER>happy</ANSWER>', score: 1 },
    { text: ' HAPPY! ', score: 1 },
    { text: '<answer>unhappy</answer>', score: 0 },
    { text: '<answer>anger</answer>', label: 'Angry', score: 1 },
    { text: 'anything', label: null, score: null },
  ],
};
