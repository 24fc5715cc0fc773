/** Open R1's tag_count_reward: a quarter for each tag that stands once, with the line breaks of its prompt. */
import { reward, zeroToOne } from './reward.ts';

const TAGS = ['<think>\n', '\n</think>\n', '\n<answer>\n', '\n</answer>'];

/** How often a text holds a part, from left to right and without overlap, as Python's str.count() has it. */
const countOf = (text: string, part: string): number => text.split(part).length - 1;

export const tagCount = reward({
  help: 'a quarter for each of the four tags that stands just once',
  group: 'format',
  source: "Open R1's tag_count_reward",
  parameters: {
    tagCountLineBreaks: {
      ...{ kind: 'flag', default: true },
      label: 'Tags on lines of their own',
      help: 'tag_count counts a tag only with the line breaks around it that Open R1 asks for. Off = the bare tags.',
    },
  },
  range: zeroToOne,
  score: (text, { tagCountLineBreaks }) => {
    const tags = tagCountLineBreaks ? TAGS : TAGS.map((tag) => tag.trim());
    return tags.filter((tag) => countOf(text, tag) === 1).length / 4;
  },
  python: String.raw`
_TAGS = ("<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>")


def _tag_count(text, about):
    has_breaks = _setting("tagCountLineBreaks", True)
    tags = _TAGS if has_breaks else [tag.strip() for tag in _TAGS]
    return sum(text.count(tag) == 1 for tag in tags) / 4
`,
  cases: [
    { text: '<think>\na\n</think>\n\n<answer>\nb\n</answer>', score: 1 },
    { text: '<think>a</think><answer>b</answer>', score: 0 },
    { text: '<think>a</think><answer>b</answer>', tagCountLineBreaks: false, score: 1 },
    { text: '<think>\n<think>\na\n</answer>', score: 0.25 },
    { text: '', score: 0 },
  ],
});
