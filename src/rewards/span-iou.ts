/** How much of two spans of time is shared: "3.5 to 7", "from 0:12 until 0:15", "[3.5, 7]", in seconds. */
import { spanIou as overlap } from '../math/overlap.ts';
import { bareSpan, readSpan, saidAnswer } from './readings.ts';
import { type Reward, zeroToOne } from './reward.ts';

export const spanIou: Reward = {
  help: 'intersection over union of two spans of time',
  group: 'answer',
  source: 'intersection over union, as temporal grounding measures it',
  readsLabel: true,
  range: zeroToOne,
  score: (text, { label }) => {
    const gold = label === null ? null : bareSpan(label);
    if (gold === null) return null;
    const said = readSpan(saidAnswer(text) ?? '');
    return said === null ? 0 : overlap(gold, said);
  },
  python: `
def _span_iou(text, about):
    gold = None if about.label is None else _bare_span(about.label)
    if gold is None:
        return None
    said = _read_span(_said_answer(text) or "")
    return 0.0 if said is None else _span_iou_of(gold, said)
`,
  cases: [
    { text: '<answer>from 2 to 6 s</answer>', label: '4 - 8', score: 1 / 3 },
    { text: '<answer>0:04 until 0:08</answer>', label: '[4, 8]', score: 1 },
    { text: '<answer>9 - 12</answer>', label: '4 - 8', score: 0 },
    { text: '<answer>8 - 4</answer>', label: '4 - 8', score: 0 },
    { text: 'nothing happens', label: '4 - 8', score: 0 },
    { text: '4 - 8', label: 'happy', score: null },
    { text: '4 - 8', label: null, score: null },
  ],
};
