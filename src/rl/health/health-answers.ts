import type { Config } from '../../protocol/config.ts';
import { goBack, inARow, percent, setting, type Watch } from './health-look.ts';

const CUT_STEPS = 3;
const EMPTY_STEPS = 3;

/** Answers that never end by themselves: too short a limit, or a policy that has forgotten how to end. */
export function watchCuts({ maxCompletionLength, stage }: Config): Watch {
  const row = inARow(CUT_STEPS);
  let least = 1;
  let leastStep = 0;
  return ({ step, metrics }) => {
    const share = metrics['completions/clipped_ratio'];
    if (share === undefined || stage !== 'grpo') return undefined;
    if (share < least) [least, leastStep] = [share, step];
    if (!row(share === 1)) return undefined;
    const evidence = `All answers of the last ${CUT_STEPS} steps reached ${maxCompletionLength} tokens without an end`;
    if (least < 0.5) {
      return {
        message: 'Answers no longer come to an end.',
        evidence: `${evidence}; at step ${leastStep} it was ${percent(least)} of them.`,
        hint: goBack(step - CUT_STEPS - 1),
        goodStep: Math.max(0, step - CUT_STEPS - 1),
      };
    }
    return {
      message: 'All answers are cut short.',
      evidence: `${evidence}.`,
      hint: `Raise ${setting('maxCompletionLength')}, for example to ${2 * maxCompletionLength}, and begin again.`,
    };
  };
}

/** Answers that say nothing: only an end token, or ids that stand for no text. */
export function watchAnswers(): Watch {
  const row = inARow(EMPTY_STEPS);
  return ({ metrics, answers }) => {
    if (!row(answers?.emptyShare === 1)) return undefined;
    const length = metrics['completions/mean_length'] ?? 0;
    const ended = length <= 1;
    return {
      message: 'All answers are empty.',
      evidence: `No answer of the last ${EMPTY_STEPS} steps holds any text; their mean length is ${length.toPrecision(3)} tokens.`,
      hint: ended
        ? 'The first token drawn is the end token: check that the prompt is the one that the model was trained with.'
        : 'The tokens drawn stand for no text: check that tokenizer and model belong together.',
    };
  };
}
