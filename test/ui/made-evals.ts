/** Evaluations that no recorded run has: rows of several kinds, labels of nine words, and more labels than a table takes. */
import { uniform } from '../../src/math/random.ts';
import type { EvalResult, Split } from '../../src/protocol/messages.ts';
import { greedyEval, type OpenRow, openEval } from '../reference/eval-result.ts';

export const MADE_EVALS = ['open', 'nine', 'many'] as const;
export type MadeEvals = (typeof MADE_EVALS)[number];

const NINE = [
  ...['contemptuous', 'disappointed', 'helpless', 'anxious', 'surprised', 'frightened'],
  ...['disgusted', 'happy', 'neutral'],
];
const MANY = Array.from({ length: 40 }, (_, i) => `speaker ${i + 1}`);

/** What weights after a step answer: the more steps, the more is right. */
export function madeEval(made: MadeEvals, step: number, split: Split): EvalResult {
  const asked = { rows: 'made', prompts: 'made', length: 64 };
  const isRight = (i: number) => uniform(1, 0, i) < 0.3 + Math.min(0.5, step / 100);
  if (made === 'open')
    return openEval(
      Array.from({ length: 36 }, (_, i) => rowAt(i, isRight(i))),
      { step, split, asked, rewards: madeMeans(step) },
    );
  const labels = made === 'nine' ? NINE : MANY;
  const truth = Array.from({ length: 3 * labels.length }, (_, i) => labels[i % labels.length]!);
  const other = (i: number) => labels[Math.floor(uniform(2, step, i) * labels.length)]!;
  const said = truth.map((label, i) => (isRight(i) ? label : i % 11 === 0 ? 'who knows' : other(i)));
  const measured = greedyEval(truth, said, { step, split, asked });
  return made === 'nine' ? { ...measured, reasoning: madeReasoning(step) } : measured;
}

/** A reward that rises, and a program that fails once the run is under way. */
const madeMeans = (step: number): NonNullable<EvalResult['rewards']> => [
  { name: 'format', mean: 0.25 + step / 100, n: 36 },
  step === 0
    ? { name: 'mine', mean: 3, n: 12 }
    : { name: 'mine', mean: null, n: 0, failure: 'The reward mine failed: mine.ts:3:5: TypeError.' },
];

/** Thinking that agrees more and more with the label, as a reward model reads it. */
const madeReasoning = (step: number) => ({
  ...{ judge: 'feels', n: 27, cells: { both: 9, answer: 3, thinking: 6, neither: 9 } },
  ...{ eea: 0.25 + step / 100, epc: 0.5, fcr: 0.125 },
});

const OPTIONS = ['A. Calm', 'B. Sad', 'C. Happy', 'D. Angry'];

function rowAt(i: number, isRight: boolean): OpenRow {
  switch (i % 3) {
    case 0:
      return { kind: 'choice', options: OPTIONS, gold: 'B', said: [isRight ? 'B. Sad' : 'happy, I think'] };
    case 1:
      return {
        kind: 'number',
        gold: `${10 * i}`,
        said: [isRight ? `${10 * i}.0` : i % 2 ? 'no idea' : `${i}`],
      };
    default: {
      const gold = 'a woman in a red coat smiles at her dog in the park';
      return {
        kind: 'rouge_l',
        gold,
        said: [isRight ? 'a woman in a red coat smiles at her dog' : 'a man runs in the rain'],
      };
    }
  }
}
