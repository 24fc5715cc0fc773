/** An expression with the value of the right one, as far as `maths.ts` reads both. */
import { isSameMaths, readMaths, writtenMaths } from './maths.ts';
import { saidAnswer } from './readings.ts';
import { reward, zeroToOne } from './reward.ts';

const ANSWER = /<answer>([\s\S]*?)<\/answer>/i;

/** Whether the answer is the right expression; null where the right answer cannot be read as one. */
export function isSymbolicallyRight(text: string, label: string, tolerance = 1e-9): boolean | null {
  const gold = readMaths(writtenMaths(ANSWER.exec(label)?.[1] ?? label));
  if (gold === null) return null;
  const tagged = ANSWER.exec(text)?.[1];
  const said = readMaths(writtenMaths(tagged ?? untagged(text)));
  return said !== null && isSameMaths(gold, said, tolerance);
}

/** What is said behind the thinking; nothing where that was not finished. */
const untagged = (text: string): string =>
  saidAnswer(text) === null ? '' : text.replace(/<think>[\s\S]*?<\/think>/gi, ' ');

export const symbolicMath = reward({
  help: 'an expression equal to the right one: 0.5, \\frac{1}{2} and 50% are the same',
  group: 'answer',
  source:
    "after TRL's accuracy_reward; reads numbers, fractions, per cent, powers, roots and algebra, which is less than math_verify reads",
  readsLabel: true,
  parameters: {
    symbolicTolerance: {
      ...{ kind: 'float', default: 1e-9, min: 0, max: 1 },
      label: 'Expressions may differ by a share of',
      help: 'symbolic_math takes values as equal that differ by no more than this times the larger one. Whole numbers must be equal.',
    },
  },
  range: zeroToOne,
  score: (text, { label, symbolicTolerance }) => {
    const isRight = label === null ? null : isSymbolicallyRight(text, label, symbolicTolerance);
    return isRight === null ? null : Number(isRight);
  },
  python: `
def _is_symbolically_right(text, label, tolerance):
    tagged = _ANY_ANSWER.search(label)
    gold = _read_maths(_written_maths(tagged.group(1) if tagged else label))
    if gold is None:
        return None
    tagged = _ANY_ANSWER.search(text)
    untagged = "" if _said_answer(text) is None else _THINKING.sub(" ", text)
    said = _read_maths(_written_maths(tagged.group(1) if tagged else untagged))
    return said is not None and _is_same_maths(gold, said, tolerance)


def _symbolic_math(text, about):
    tolerance = _setting("symbolicTolerance", 1e-9)
    is_right = None if about.label is None else _is_symbolically_right(text, about.label, tolerance)
    return None if is_right is None else float(is_right)
`,
  cases: [
    { text: '<answer>\\frac{1}{2}</answer>', label: '0.5', score: 1 },
    { text: '<think>a</think>So it is $\\boxed{\\dfrac{3}{4}}$.', label: '$\\frac34$', score: 1 },
    { text: '12 + 30 = 42\n#### 42', label: '#### 42', score: 1 },
    { text: '<answer>50%</answer>', label: '1/2', score: 1 },
    { text: '<answer>1,234.50</answer>', label: '1234.5', score: 1 },
    { text: '<answer>2\\sqrt{2}</answer>', label: '\\sqrt{8}', score: 1 },
    { text: '<answer>(x+1)^2</answer>', label: 'x^2 + 2x + 1', score: 1 },
    { text: '<answer>x = 1\\frac{1}{2}</answer>', label: '3/2', score: 1 },
    { text: '<answer>\\pi r^2</answer>', label: 'r^2*π', score: 1 },
    { text: '<answer>5\\text{ cm}</answer>', label: '5', score: 1 },
    { text: '<answer>x</answer>', label: '-x', score: 0 },
    { text: '<answer>0.33</answer>', label: '1/3', score: 0 },
    { text: '<answer>0.33</answer>', label: '1/3', symbolicTolerance: 0.02, score: 1 },
    { text: '<answer>12345678901234567891</answer>', label: '12345678901234567890', score: 0 },
    { text: '<answer>two</answer>', label: '2', score: 0 },
    { text: '<think>2', label: '2', score: 0 },
    { text: '<answer>(1, 2)</answer>', label: '(1, 2)', score: null },
    { text: '<answer>happy</answer>', label: 'happy', score: null },
    { text: 'anything', label: null, score: null },
  ],
});
