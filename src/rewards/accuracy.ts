/** R1-Omni's accuracy, to the byte: exact, case-sensitive equality of answer and label. */
import { pythonStrip } from './python-space.ts';
import { type Reward, zeroToOne } from './reward.ts';

/** Without dot-all: the answer must not contain a newline. */
const ANSWER = /<answer>([^\n]*?)<\/answer>/;

/** A text without a one-line answer tag counts as a whole. */
function answerOf(text: string): string {
  return pythonStrip(ANSWER.exec(text)?.[1] ?? text);
}

export const accuracy: Reward = {
  help: 'the answer equals the label, letter by letter',
  group: 'published',
  source: 'R1-Omni, grpo.py, accuracy_reward',
  range: zeroToOne,
  readsLabel: true,
  score: (text, { label }) =>
    label === null ? null : Number(answerOf(text) === answerOf(`<answer> ${label} </answer>`)),
  python: `
_ANSWER = re.compile(r"<answer>(.*?)</answer>")


def _published_answer(text):
    found = _ANSWER.search(text)
    return (found.group(1) if found else text).strip()


def _accuracy(text, about):
    if about.label is None:
        return None
    return float(_published_answer(text) == _published_answer(f"<answer> {about.label} </answer>"))
`,
  cases: [
    { text: '<think>a</think><answer>happy</answer>', score: 1 },
    { text: '<think>a</think><answer>happy</answer>\n', score: 1 },
    { text: 'happy', score: 1 },
    { text: '<answer>Happy</answer>', score: 0 },
    { text: '<think>a</think><answer>\nhappy</answer>', score: 0 },
    { text: '<think>a\nb</think>\n\n<answer> happy </answer>', score: 1 },
    { text: ' <think>a</think><answer>happy</answer>', score: 1 },
    { text: '<think>a</think>x<answer>happy</answer>', score: 1 },
    { text: '<think>a</think><answer>sad</answer><answer>happy</answer>', score: 0 },
    { text: '<think>a</think><answer>happy.</answer>', score: 0 },
    { text: '<think></think><answer></answer>', score: 0 },
    { text: '\u00a0happy\u3000\n', score: 1 },
    { text: '', score: 0 },
    { text: '<think>a</think>\x1f\x85<answer>happy</answer>', score: 1 },
    { text: '<think>a</think>\ufeff<answer>happy</answer>', score: 1 },
    { text: '<answer>\rhappy\u2028</answer>', score: 1 },
    { text: '\ufeffhappy', score: 0 },
    { text: '<answer>very happy</answer>', label: ' very happy ', score: 1 },
    { text: 'anything', label: null, score: null },
  ],
};
