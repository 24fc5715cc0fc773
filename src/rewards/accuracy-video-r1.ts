/**
 * Video-R1's accuracy by problem_type, with what it gives away: the type of a call is that of its first row, NaN is any number
 * to regression, "1,000" is not "1000", and a type it does not know earns nothing. Only a right answer without tags, for which
 * it would compare nothing with nothing, is put into tags.
 */
import { rougeL, rougeN, wordErrorRate } from '../math/overlap.ts';
import { inTags } from './accuracy-r1-v.ts';
import { pythonFloat, roundHundredths } from './python-number.ts';
import { PYTHON_SPACE, pythonStrip } from './python-space.ts';
import { reward, zeroToOne } from './reward.ts';
import { stem } from './stem.ts';

const ANSWER = /<answer>([\s\S]*?)<\/answer>/;
const answerOf = (text: string): string => pythonStrip(ANSWER.exec(text)?.[1] ?? '');

const SPACES = new RegExp(`[${PYTHON_SPACE}]+`);
/** Python's str.split(). */
const wordsOf = (text: string): string[] => text.split(SPACES).filter(Boolean);
const numberOf = (text: string): number | null => pythonFloat(text.replaceAll(',', ''));
const hasPoint = (text: string): boolean => /[.,]/.test(text);

/** Tokens of Google's rouge_score with its stemmer: runs of a-z and 0-9, those of more than three signs stemmed. */
const stemmedTokens = (text: string): string[] =>
  (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map((token) => (token.length > 3 ? stem(token) : token));

function numerical(gold: string, said: string): number {
  const [wanted, given] = [numberOf(gold), numberOf(said)];
  if (hasPoint(gold) !== hasPoint(said) || wanted === null || given === null) return 0;
  return Number(roundHundredths(wanted) === roundHundredths(given));
}

function rouge(gold: string, said: string): number {
  const [wanted, given] = [stemmedTokens(gold), stemmedTokens(said)];
  return (rougeN(wanted, given, 1) + rougeN(wanted, given, 2) + rougeL(wanted, given)) / 3;
}

/** Python's max(0.0, error) is 0 for an error that is not a number, and then the answer is right. */
function regression(gold: string, said: string): number {
  const [wanted, given] = [numberOf(gold), numberOf(said)];
  if (wanted === null || given === null) return 0;
  const error = (Math.abs(given - wanted) + 1e-9) / (Math.abs(wanted) + 1e-9);
  return 1 - (error > 0 ? Math.min(1, error) : 0);
}

const SCORES: Readonly<Record<string, (gold: string, said: string) => number>> = {
  'multiple choice': (gold, said) => Number(gold === said),
  numerical,
  OCR: (gold, said) => Math.max(0, 1 - wordErrorRate(wordsOf(gold), wordsOf(said))),
  'free-form': rouge,
  regression,
};

export const accuracyVideoR1 = reward({
  help: "Video-R1's accuracy by the column problem_type: option, number, transcript, free text or regression",
  group: 'published',
  source: 'Video-R1, grpo.py, accuracy_reward',
  readsLabel: true,
  parameters: {
    videoR1Type: {
      kind: 'choice',
      choices: ['first', 'row'],
      default: 'first',
      label: 'problem_type is that of',
      help: 'accuracy_video_r1 scores all answers of a step by the type of the first row, as published, or each by that of its own row, for data of several types.',
    },
  },
  range: zeroToOne,
  columns: ({ problem_type }) => (typeof problem_type === 'string' ? { problem_type } : {}),
  score: (text, { label, row, first, videoR1Type }) => {
    const { problem_type: type } = videoR1Type === 'first' ? first : row;
    if (label === null || typeof type !== 'string') return null;
    const score = Object.hasOwn(SCORES, type) ? SCORES[type] : undefined;
    return score === undefined ? 0 : score(answerOf(inTags(label)), answerOf(text));
  },
  python: `
_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)


def _tagged_answer(text):
    found = _TAGGED.search(text)
    return found.group(1).strip() if found else ""


def _python_float(text):
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _stemmed_tokens(text):
    return [_stem(token) if len(token) > 3 else token for token in re.findall("[a-z0-9]+", text.lower())]


def _numerical(gold, said):
    has_point = [any(sign in text for sign in ".,") for text in (gold, said)]
    wanted, given = _python_float(gold), _python_float(said)
    if has_point[0] != has_point[1] or wanted is None or given is None:
        return 0.0
    return float(round(wanted, 2) == round(given, 2))


def _transcript(gold, said):
    return max(0.0, 1 - _word_error_rate(gold.split(), said.split()))


def _rouge(gold, said):
    wanted, given = _stemmed_tokens(gold), _stemmed_tokens(said)
    return (_rouge_n(wanted, given, 1) + _rouge_n(wanted, given, 2) + _rouge_l_of(wanted, given)) / 3


def _regression(gold, said):
    wanted, given = _python_float(gold), _python_float(said)
    if wanted is None or given is None:
        return 0.0
    return 1 - min(1.0, max(0.0, (abs(given - wanted) + 1e-9) / (abs(wanted) + 1e-9)))


_VIDEO_R1 = {
    "multiple choice": lambda gold, said: float(gold == said),
    "numerical": _numerical,
    "OCR": _transcript,
    "free-form": _rouge,
    "regression": _regression,
}


def _accuracy_video_r1(text, about):
    row = about.first if _setting("videoR1Type", "first") == "first" else about.row
    kind = row.get("problem_type")
    if about.label is None or not isinstance(kind, str):
        return None
    score = _VIDEO_R1.get(kind)
    return score(_tagged_answer(_in_tags(about.label)), _tagged_answer(text)) if score else 0.0
`,
  cases: [
    ...typed('multiple choice', 'A', { '<answer> A </answer>': 1, '<answer>A.</answer>': 0, A: 0 }),
    ...typed('numerical', '3', {
      '<answer>3</answer>': 1,
      '<answer>3.0</answer>': 0,
      '<answer>x</answer>': 0,
    }),
    ...typed('numerical', '1,000', { '<answer>1,000</answer>': 1, '<answer>1000</answer>': 0 }),
    ...typed('numerical', '0.12', { '<answer>0.125</answer>': 1, '<answer>0.126</answer>': 0 }),
    ...typed('numerical', '2.67', { '<answer>2.675</answer>': 1, '<answer>٢.٦٧</answer>': 1 }),
    ...typed('numerical', '1000', { '<answer>1_000</answer>': 1, '<answer>\x1c1000\x85</answer>': 1 }),
    ...typed('OCR', 'no smoking here', { '<answer>no smoking</answer>': 2 / 3, '<answer>No</answer>': 0 }),
    ...typed('free-form', 'He is running home', {
      '<answer>he runs home</answer>': (6 / 7 + 2 / 5 + 6 / 7) / 3,
      '<answer>He is running home.</answer>': 1,
      '': 0,
    }),
    ...typed('regression', '10', {
      '<answer>9</answer>': 1 - (1 + 1e-9) / (10 + 1e-9),
      '<answer>nan</answer>': 1,
      '<answer>inf</answer>': 0,
      '<answer>ten</answer>': 0,
    }),
    ...typed('judge', 'Yes', { '<answer>Yes</answer>': 0 }),
    {
      text: '<answer>A</answer>',
      label: '<answer>A</answer>',
      row: { problem_type: 'multiple choice' },
      score: 1,
    },
    {
      ...{ text: '<answer>3.0</answer>', label: '3.0', row: { problem_type: 'multiple choice' } },
      ...{ first: { problem_type: 'numerical' }, videoR1Type: 'row' },
      score: 1,
    },
    { text: '<answer>happy</answer>', score: null },
    { text: 'anything', label: null, row: { problem_type: 'OCR' }, score: null },
  ],
});

/** Cases of one type and right answer: what is said, and its score. */
function typed(type: string, label: string, scores: Readonly<Record<string, number>>) {
  return Object.entries(scores).map(([text, score]) => ({ text, label, score, row: { problem_type: type } }));
}
