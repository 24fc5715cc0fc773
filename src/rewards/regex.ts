/** Whether a pattern of the run's own matches somewhere: in the answer, or in all of the completion. */
import { InputError } from '../math/errors.ts';
import { commonPattern } from './pattern.ts';
import { saidAnswer } from './readings.ts';
import { reward, zeroToOne } from './reward.ts';

function checkPattern(pattern: string): void {
  if (pattern === '')
    throw new InputError('There is no pattern; expected a regular expression that answers match.', {
      hint: 'Write one, or leave the reward regex out.',
    });
  commonPattern(pattern);
}

export const regex = reward({
  help: 'a pattern matches',
  group: 'format',
  source: 'the studio; what JavaScript and Python read alike',
  parameters: {
    regexPattern: {
      ...{ kind: 'text', default: '', check: checkPattern },
      label: 'Pattern of regex',
      help: 'regex gives a point where this regular expression matches. ^ and $ are the very ends. Empty = regex does not apply.',
    },
    regexScope: {
      kind: 'choice',
      choices: ['answer', 'completion'],
      default: 'answer',
      label: 'regex looks at',
      help: 'regex looks into the answer alone (without tags, and without what was thought), or into the whole completion.',
    },
  },
  range: zeroToOne,
  score: (text, { regexPattern, regexScope }) => {
    if (regexPattern === '') return null;
    const said = regexScope === 'answer' ? saidAnswer(text) : text;
    return Number(said !== null && commonPattern(regexPattern).test(said));
  },
  python: `
def _regex(text, about):
    pattern = _setting("regexPattern", "")
    if not pattern:
        return None
    said = _said_answer(text) if _setting("regexScope", "answer") == "answer" else text
    return float(said is not None and _common_pattern(pattern).test(said))
`,
  cases: [
    { text: '<answer>[happy]</answer>', regexPattern: '^\\[\\w+\\]$', score: 1 },
    { text: '<answer>[happy] </answer>', regexPattern: '^\\[\\w+\\]$', score: 1 },
    { text: '<answer>happy</answer>', regexPattern: '^\\[\\w+\\]$', score: 0 },
    { text: '<answer>a\nb</answer>', regexPattern: 'a.b', score: 0 },
    { text: '<answer>a\u2028b</answer>', regexPattern: 'a.b', score: 1 },
    { text: '<answer>a\ufeffb\x85</answer>', regexPattern: '^a\\sb\\S$', score: 1 },
    { text: '<answer>é٣</answer>', regexPattern: '\\w|\\d', score: 0 },
    { text: '<answer>😀</answer>', regexPattern: '^.$', score: 1 },
    { text: 'a\n', regexPattern: 'a$', regexScope: 'completion', score: 0 },
    { text: '<think>x</think>y', regexPattern: 'x', score: 0 },
    { text: '<think>x</think>y', regexPattern: 'x', regexScope: 'completion', score: 1 },
    { text: 'anything', score: null },
  ],
});
