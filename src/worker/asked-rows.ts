import type { Dataset, Example } from '../data/types.ts';
import { InputError } from '../math/errors.ts';
import type { Config } from '../protocol/config.ts';
import { missingMetric } from '../protocol/evaluation.ts';
import type { EvalResult, Split } from '../protocol/messages.ts';
import type { LabelOptions, RowOptions } from '../rl/evaluate.ts';
import { type Scoring, scoringOf } from '../rl/measure/row-kinds.ts';
import type { RunPrompts } from '../rl/prompts.ts';

/** What an evaluation is told of the rows that it asks: how their answers are scored, and what each is asked. */
export function askedRows(
  scoring: Scoring,
  asked: readonly Example[],
  prompts: Pick<RunPrompts, 'of'>,
): (Pick<LabelOptions, 'labels'> | Pick<RowOptions, 'rowOf'>) & Pick<RowOptions, 'questionOf'> {
  const byId = new Map(asked.map((example) => [example.id, example]));
  const questionOf = (id: string) => prompts.of(byId.get(id)!).asked;
  if ('labels' in scoring) return { labels: scoring.labels, questionOf };
  return { rowOf: (id) => scoring.rowOf(byId.get(id)!), questionOf };
}

/** @throws InputError where the best step is to go by a metric that evaluations of these examples do not have */
export function demandMetric({ bestMetric, evalMetric }: Config, examples: readonly Example[]): void {
  const missing = missingMetric(bestMetric, 'labels' in scoringOf(examples, evalMetric));
  if (missing) throw new InputError(missing, { hint: 'Choose another under “Best step by”.' });
}

/** The rows of a split; those of `val` stand in for an empty `test`, and the other way round. */
export function heldOut({ examples }: Dataset, split: Split): { split: Split; examples: readonly Example[] } {
  const of = (wanted: Split) => examples.filter((example) => example.split === wanted);
  const own = of(split);
  const other = split === 'test' ? 'val' : split === 'val' ? 'test' : undefined;
  return own.length > 0 || !other ? { split, examples: own } : { split: other, examples: of(other) };
}

/** Whether what a run began with is to be measured on rows that are held out, and was not yet. */
export function lacksStart(
  data: Dataset,
  run: { config: Config; evaluations: readonly EvalResult[] },
): boolean {
  const isKnown = run.evaluations.some(({ step, mute }) => step === 0 && mute === undefined);
  return run.config.evalOnStart && !isKnown && heldOut(data, 'val').examples.length > 0;
}
