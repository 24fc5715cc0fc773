/** ROUGE-L's F-measure of the answer's words and the right answer's, in lower case and without a stemmer, as evaluation has it. */
import { rougeL as overlap } from '../math/overlap.ts';
import { rougeTokens, saidAnswer } from './readings.ts';
import { type Reward, zeroToOne } from './reward.ts';

export const rougeL: Reward = {
  help: 'the share of words in the order of the right answer (ROUGE-L)',
  group: 'answer',
  source: 'Lin, "ROUGE", 2004, section 3, beta 1',
  readsLabel: true,
  range: zeroToOne,
  score: (text, { label }) => {
    const gold = rougeTokens(label ?? '');
    return gold.length === 0 ? null : overlap(gold, rougeTokens(saidAnswer(text) ?? ''));
  },
  python: `
def _rouge_l(text, about):
    gold = _rouge_tokens(about.label or "")
    return _rouge_l_of(gold, _rouge_tokens(_said_answer(text) or "")) if gold else None
`,
  cases: [
    { text: '<answer>The cat sat.</answer>', label: 'the cat sat', score: 1 },
    { text: '<answer>the dog sat down</answer>', label: 'the cat sat', score: 4 / 7 },
    { text: '<answer>sat cat the</answer>', label: 'the cat sat', score: 1 / 3 },
    { text: '<answer>我很高兴</answer>', label: '我很开心', score: 0.5 },
    { text: '<think>the cat sat', label: 'the cat sat', score: 0 },
    { text: 'anything', label: '…', score: null },
    { text: 'anything', label: null, score: null },
  ],
};
