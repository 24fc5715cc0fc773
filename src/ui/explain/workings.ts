/** The working of a figure that is asked for. Pure. */
import {
  advantageWorking,
  answerKlWorking,
  lengthWorking,
  type Place,
  rewardWorking,
  totalWorking,
} from '../../protocol/working/advantage.ts';
import { answersOf, type StepFacts, sharesOf } from '../../protocol/working/facts.ts';
import { unknown, type Working } from '../../protocol/working/line.ts';
import { metricWorking } from '../../protocol/working/metric.ts';
import { tokenWorking } from '../../protocol/working/token.ts';
import type { AnswerFigure, FigureOf } from './asked.ts';

const NOT_AT_HAND = 'The answers of this step are not at hand.';

export function workingOf(of: FigureOf, facts: StepFacts): Working {
  if (of.kind === 'metric') return metricWorking(of.key, facts);
  if (of.kind === 'answer') return answerWorking(of, facts);
  return tokenWorkingOf(of, facts);
}

function answerWorking(
  { place, figure }: { readonly place: number; readonly figure: AnswerFigure },
  facts: StepFacts,
): Working {
  const completion = answersOf(facts)[place];
  const at = placeOf(facts, place);
  if (!completion || !at) return unknown(NOT_AT_HAND);
  if (typeof figure === 'object') return rewardWorking(facts, at, figure.reward);
  if (figure === 'total') return totalWorking(facts, at);
  if (figure === 'advantage') return advantageWorking(facts, at);
  if (figure === 'length') return lengthWorking(completion, facts.config.maxCompletionLength);
  return answerKlWorking(completion, facts.config);
}

/** An answer by its group. */
function placeOf({ groups }: Pick<StepFacts, 'groups'>, place: number): Place | undefined {
  let answer = place;
  for (const [group, { completions }] of groups.entries()) {
    if (answer < completions.length) return { group, answer };
    answer -= completions.length;
  }
  return undefined;
}

export function tokenWorkingOf(
  { place, at, figure, values }: Omit<Extract<FigureOf, { kind: 'token' }>, 'kind' | 'step'>,
  facts: StepFacts,
): Working {
  const answers = answersOf(facts);
  const answer = answers[place];
  if (!answer) return unknown(NOT_AT_HAND);
  const { advantage, parts } = answer;
  const { config, groups } = facts;
  const isWhole = groups.every(({ completions }) => completions.length === config.groupSize);
  const share = isWhole ? sharesOf(facts)[place] : undefined;
  return tokenWorking(figure, { config, values, at, advantage, share, parts });
}
