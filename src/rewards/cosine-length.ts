/**
 * TRL's get_cosine_scaled_reward: right answers earn more the shorter they are, wrong ones lose less the longer they are, along
 * half a cosine. Which are right: TRL asks math_verify alone; here also an answer that equals the label once both are folded.
 */
import { foldAnswer, readAnswer } from './answer.ts';
import { reward } from './reward.ts';
import { isSymbolicallyRight } from './symbolic-math.ts';

const bound = { kind: 'float', min: -100, max: 100 } as const;

export const cosineLength = reward({
  help: 'short right answers earn most, short wrong ones lose most',
  group: 'length',
  source: "TRL's get_cosine_scaled_reward",
  readsLabel: true,
  readsTokens: () => true,
  parameters: {
    cosineMaxLength: {
      ...{ kind: 'int', default: 0, min: 0, max: 65_536, unit: 'tokens' },
      label: 'Length of cosine_length',
      help: 'cosine_length has its last value from so many tokens on. 0 = the longest answer.',
    },
    cosineMinWrong: {
      ...bound,
      default: -1,
      label: 'Wrong and short',
      help: 'cosine_length of a wrong answer without tokens.',
    },
    cosineMaxWrong: {
      ...bound,
      default: -0.5,
      label: 'Wrong and long',
      help: 'cosine_length of a wrong answer of the full length.',
    },
    cosineMinCorrect: {
      ...bound,
      default: 0.5,
      label: 'Right and long',
      help: 'cosine_length of a right answer of the full length.',
    },
    cosineMaxCorrect: {
      ...bound,
      default: 1,
      label: 'Right and short',
      help: 'cosine_length of a right answer without tokens.',
    },
  },
  range: ({ cosineMinWrong, cosineMaxWrong, cosineMinCorrect, cosineMaxCorrect }) => {
    const ends = [cosineMinWrong, cosineMaxWrong, cosineMinCorrect, cosineMaxCorrect];
    return [Math.min(...ends), Math.max(...ends)];
  },
  score: (text, settings) => {
    const { label, tokens, maxCompletionLength, cosineMaxLength } = settings;
    if (label === null) return null;
    const share = Math.min(1, tokens / (cosineMaxLength || maxCompletionLength));
    const isRight = isSymbolicallyRight(text, label) ?? foldAnswer(readAnswer(text)) === foldAnswer(label);
    const [long, short] = isRight
      ? [settings.cosineMinCorrect, settings.cosineMaxCorrect]
      : [settings.cosineMaxWrong, settings.cosineMinWrong];
    return long + 0.5 * (short - long) * (1 + Math.cos(Math.PI * share));
  },
  python: `
def _cosine_length(text, about):
    if about.label is None:
        return None
    longest = _setting("cosineMaxLength", 0) or _setting("maxCompletionLength", 256)
    is_right = _is_symbolically_right(text, about.label, 1e-9)
    if is_right is None:
        is_right = _fold(_read_answer(text)) == _fold(about.label)
    if is_right:
        long, short = _setting("cosineMinCorrect", 0.5), _setting("cosineMaxCorrect", 1)
    else:
        long, short = _setting("cosineMaxWrong", -0.5), _setting("cosineMinWrong", -1)
    return long + 0.5 * (short - long) * (1 + math.cos(math.pi * min(1, about.tokens / longest)))
`,
  cases: [
    { text: 'happy', tokens: 0, score: 1 },
    { text: '<answer>Happy</answer>', tokens: 50, score: 0.75 },
    { text: 'happy', tokens: 100, score: 0.5 },
    { text: 'sad', tokens: 0, score: -1 },
    { text: 'sad', tokens: 100, score: -0.5 },
    { text: 'sad', tokens: 300, score: -0.5 },
    { text: '<answer>\\frac12</answer>', label: '0.5', tokens: 0, score: 1 },
    { text: 'happy', tokens: 20, cosineMaxLength: 20, cosineMinCorrect: 0.25, score: 0.25 },
    { text: 'anything', label: null, score: null },
  ],
});
