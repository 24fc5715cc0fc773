/**
 * R1-V's accuracy: first the mathematics of the whole completion against that of the right answer, then the texts between answer
 * tags, exactly. R1-V reads mathematics with math_verify; here it is what `maths.ts` reads of what stands last in the completion,
 * thinking included: a box, else what is between $ $ or answer tags, or a number.
 */
import { isSameMaths, type Maths, readMaths, writtenMaths } from './maths.ts';
import { pythonStrip } from './python-space.ts';
import { lastNumber } from './readings.ts';
import { type Reward, zeroToOne } from './reward.ts';

/** Without dot-all: the answer must not contain a newline. */
const ANSWER = /<answer>([^\n]*?)<\/answer>/;
const answerOf = (text: string): string => pythonStrip(ANSWER.exec(text)?.[1] ?? text);

/** A right answer in its tags, as the published data has it. */
export const inTags = (label: string): string =>
  label.includes('<answer>') ? label : `<answer> ${label} </answer>`;

const PLACE = /\$\$?([^$]+)\$\$?|<answer>([^\n]*?)<\/answer>/g;

function mathsIn(text: string): Maths | null {
  if (text.includes('\\boxed{')) return readMaths(writtenMaths(text));
  const last = [...text.matchAll(PLACE)].at(-1);
  const behind = last ? text.slice(last.index + last[0].length) : '';
  const said = [lastNumber(behind), last?.[1] ?? last?.[2], lastNumber(text)];
  return said.map((written) => readMaths(written ?? '')).find((maths) => maths !== null) ?? null;
}

export const accuracyR1V: Reward = {
  help: "R1-V's accuracy: equal mathematics anywhere, or the answer letter by letter",
  group: 'published',
  source: 'R1-V, grpo.py, accuracy_reward; with the mathematics of symbolic_math in place of math_verify',
  readsLabel: true,
  range: zeroToOne,
  score: (text, { label }) => {
    if (label === null) return null;
    const solution = inTags(label);
    const [gold, said] = [mathsIn(solution), mathsIn(text)];
    const isEqual = gold !== null && said !== null && isSameMaths(gold, said, 1e-9);
    return Number(isEqual || answerOf(text) === answerOf(solution));
  },
  python: String.raw`
def _in_tags(label):
    return label if "<answer>" in label else f"<answer> {label} </answer>"


_PLACE = re.compile(r"\$\$?([^$]+)\$\$?|<answer>([^\n]*?)</answer>")


def _maths_in(text):
    if r"\boxed{" in text:
        return _read_maths(_written_maths(text))
    last = max(_PLACE.finditer(text), key=lambda found: found.start(), default=None)
    behind = text[last.end() :] if last else ""
    inside = (last.group(1) or last.group(2)) if last else None
    said = (_last_number(behind), inside, _last_number(text))
    return next((maths for maths in map(_read_maths, (one or "" for one in said)) if maths is not None), None)


def _accuracy_r1_v(text, about):
    if about.label is None:
        return None
    solution = _in_tags(about.label)
    gold, said = _maths_in(solution), _maths_in(text)
    is_equal = gold is not None and said is not None and _is_same_maths(gold, said, 1e-9)
    return float(is_equal or _published_answer(text) == _published_answer(solution))
`,
  cases: [
    { text: '<think>2 and 3</think> <answer> 5 </answer>', label: '5', score: 1 },
    { text: '<think>2 and 3</think> <answer> 5.0 </answer>', label: '5', score: 1 },
    { text: '<think>2 and 3</think> <answer> six </answer>', label: '3', score: 1 },
    { text: '<think>$3$</think><answer>\\frac{1}{2}</answer>', label: '0.5', score: 1 },
    { text: '<answer>6</answer> which is 2 times 3', label: '6', score: 1 },
    { text: '<answer>7</answer> which is 2 more than 5', label: '6', score: 0 },
    { text: '<answer> happy </answer>', score: 1 },
    { text: '<answer>Happy</answer>', score: 0 },
    { text: '<answer>happy\n</answer>', score: 0 },
    { text: 'happy', label: '<answer> happy </answer>', score: 1 },
    { text: 'anything', label: null, score: null },
  ],
};
