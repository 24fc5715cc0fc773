/** HumanOmniV2's format: a context, a think and an answer block at the start, and any text behind them. */
import { PYTHON_SPACE } from './python-space.ts';
import { type Reward, zeroToOne } from './reward.ts';

const SPACE = `[${PYTHON_SPACE}]*`;
const FORMAT = new RegExp(
  `^<context>[\\s\\S]*?</context>${SPACE}<think>[\\s\\S]*?</think>${SPACE}<answer>[\\s\\S]*?</answer>`,
);

export const formatHumanomniV2: Reward = {
  help: 'context, think and answer tags in this order at the start',
  group: 'published',
  source: 'HumanOmniV2, grpo_qwenomni.py, format_reward',
  range: zeroToOne,
  score: (text) => Number(FORMAT.test(text)),
  python: String.raw`
_FORMAT_HUMANOMNI_V2 = re.compile(
    r"<context>.*?</context>\s*<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL
)


def _format_humanomni_v2(text, about):
    return float(_FORMAT_HUMANOMNI_V2.match(text) is not None)
`,
  cases: [
    { text: '<context>a</context><think>b</think><answer>c</answer>', score: 1 },
    { text: '<context>a</context>\n<think>b</think>\x1f\n<answer>c</answer> and more', score: 1 },
    { text: '\n<context>a</context><think>b</think><answer>c</answer>', score: 0 },
    { text: '<think>b</think><answer>c</answer>', score: 0 },
    { text: '<context>a</context>x<think>b</think><answer>c</answer>', score: 0 },
    { text: '', score: 0 },
  ],
};
