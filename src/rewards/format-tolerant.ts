/** As format, but white space around the blocks and the case of tags do not matter. */
import { type Reward, zeroToOne } from './reward.ts';

const FORMAT = /^\s*<think>[\s\S]*?<\/think>\s*<answer>[\s\S]*?<\/answer>\s*$/i;

export const formatTolerant: Reward = {
  help: 'format that forgives space around the blocks and the case of tags',
  group: 'format',
  source: "the studio, after R1-Omni's format",
  range: zeroToOne,
  score: (text) => Number(FORMAT.test(text)),
  python: `
_TOLERANT_FORMAT = re.compile(
    rf"[{_SPACE}]*<think>.*?</think>[{_SPACE}]*<answer>.*?</answer>[{_SPACE}]*",
    re.DOTALL | re.IGNORECASE | re.ASCII,
)


def _format_tolerant(text, about):
    return float(_TOLERANT_FORMAT.fullmatch(text) is not None)
`,
  cases: [
    { text: '\n<Think>a</Think> <answer>b</answer>  ', score: 1 },
    { text: 'so: <think>a</think><answer>b</answer>', score: 0 },
  ],
};
