/** R1-Omni's format, to the byte: a think block and then an answer block, with nothing around them. */
import { PYTHON_SPACE } from './python-space.ts';
import { type Reward, zeroToOne } from './reward.ts';

const FORMAT = new RegExp(`^<think>[\\s\\S]*?</think>[${PYTHON_SPACE}]*<answer>[\\s\\S]*?</answer>$`);

export const format: Reward = {
  help: 'think and answer tags as asked, and nothing around them',
  group: 'published',
  source: 'R1-Omni, grpo.py, format_reward',
  range: zeroToOne,
  score: (text) => Number(FORMAT.test(text)),
  python: String.raw`
_FORMAT = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL)


def _format(text, about):
    return float(_FORMAT.fullmatch(text) is not None)
`,
  cases: [
    { text: '<think>a</think><answer>happy</answer>', score: 1 },
    { text: '<think>a</think><answer>happy</answer>\n', score: 0 },
    { text: 'happy', score: 0 },
    { text: '<answer>Happy</answer>', score: 0 },
    { text: '<think>a</think><answer>\nhappy</answer>', score: 1 },
    { text: '<think>a\nb</think>\n\n<answer> happy </answer>', score: 1 },
    { text: ' <think>a</think><answer>happy</answer>', score: 0 },
    { text: '<think>a</think>x<answer>happy</answer>', score: 0 },
    { text: '<think>a</think><answer>sad</answer><answer>happy</answer>', score: 1 },
    { text: '<think>a</think><answer>happy.</answer>', score: 1 },
    { text: '<think></think><answer></answer>', score: 1 },
    { text: '\u00a0happy\u3000\n', score: 0 },
    { text: '', score: 0 },
    { text: '<think>a</think>\x1f\x85<answer>happy</answer>', score: 1 },
    { text: '<think>a</think>\ufeff<answer>happy</answer>', score: 0 },
  ],
};
