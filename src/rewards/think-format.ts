/** TRL's think_format_reward, `^<think>(?!.*<think>)(.*?)</think>.*$` with dot-all. */
import { type Reward, zeroToOne } from './reward.ts';

export const thinkFormat: Reward = {
  help: 'exactly one think block, at the start',
  group: 'format',
  source: "TRL's think_format_reward",
  range: zeroToOne,
  score: (text) =>
    Number(text.startsWith('<think>') && !text.includes('<think>', 1) && text.includes('</think>')),
  python: `
def _think_format(text, about):
    return float(text.startswith("<think>") and "<think>" not in text[1:] and "</think>" in text)
`,
  cases: [
    { text: '<think>a\nb</think> and then\nsome', score: 1 },
    { text: ' <think>a</think>', score: 0 },
    { text: '<think>a<think>b</think>', score: 0 },
    { text: '<think>a', score: 0 },
  ],
};
