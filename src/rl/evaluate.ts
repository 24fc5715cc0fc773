import { classificationScores } from '../math/classification.ts';
import type { EvalResult, Mute, Split } from '../protocol/messages.ts';
import { matchLabel, readAnswer } from './rewards.ts';
import type { RunContext, RunExample } from './run-context.ts';
import { mapInOrder } from './step.ts';

export interface EvaluateOptions {
  readonly split: Split;
  readonly step: number;
  readonly mute?: Mute;
  /** All labels of the data set. */
  readonly labels: readonly string[];
  readonly progress?: (done: number, total: number) => void;
}

/** Greedy answers on held-out examples, compared with their labels after folding case, punctuation and synonyms. */
export async function evaluate(
  context: RunContext,
  examples: readonly RunExample[],
  { split, step, mute, labels, progress }: EvaluateOptions,
): Promise<EvalResult> {
  const { tokenizer, config } = context.setup;
  const generator = await context.evaluationGenerator();
  const batch = generator.shape.prompts;
  const predictions: (string | null)[] = [];
  const greedy = {
    temperature: 0,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    seed: config.seed,
    step: 0,
  };
  for (let at = 0; at < examples.length; at += batch) {
    const part = examples.slice(at, at + batch);
    const media = await mapInOrder(part, (example) => context.mediaOf(example));
    const answers = await generator.generate(
      part.map(({ prompt }) => prompt),
      greedy,
      media.map(({ tokens }) => tokens),
    );
    for (const [answer] of answers) {
      predictions.push(matchLabel(readAnswer(tokenizer.decode(answer!.ids)), labels));
    }
    progress?.(predictions.length, examples.length);
  }
  const truth = examples.map(({ label }) => label);
  const scores = classificationScores(truth, predictions, labels);
  return {
    split,
    step,
    ...(mute ? { mute } : {}),
    n: scores.n,
    correct: scores.correct,
    war: scores.war,
    uar: scores.uar,
    confusion: { labels: [...scores.labels], counts: scores.counts.map((row) => [...row]) },
    unreadable: scores.unreadable,
    interval: [scores.interval[0], scores.interval[1]],
  };
}
