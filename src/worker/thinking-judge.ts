/** A reward model that reads what the thinking of evaluated answers shows, in the place of a judge. */
import type { OpenClassifier } from '../classifiers/open.ts';
import { Scorer } from '../classifiers/scorer.ts';
import type { Gpu } from '../gpu/index.ts';
import type { Config } from '../protocol/config.ts';
import type { EvalResult } from '../protocol/messages.ts';
import { parseMapping } from '../protocol/reward-models.ts';
import { activated, labelOfAnswer, type RewardMapping } from '../rewards/model-mapping.ts';
import { reasoningAgreement } from '../rewards/reasoning.ts';
import { readThinking } from '../rewards/sentences.ts';
import type { Lane } from './lane.ts';

export interface ThinkingJudge {
  /** The run's name of the model. */
  readonly name: string;
  /** Which of the labels each text shows; null for a text of none. */
  judge(texts: readonly (string | undefined)[], labels: readonly string[]): Promise<(string | null)[]>;
}

/** The first reward model of a run that tells labels apart by the row's answer. */
export function thinkingJudge(
  config: Pick<Config, 'rewards' | 'rewardModels'>,
  open: (identity: string) => OpenClassifier | undefined,
  { gpu, lane }: { readonly gpu: Gpu; readonly lane: Lane },
): ThinkingJudge | undefined {
  for (const { name, identity, mapping: given } of config.rewardModels) {
    const opened = config.rewards.includes(name) ? open(identity) : undefined;
    const mapping = parseMapping(given);
    if (!opened || typeof mapping.label !== 'object') continue;
    return { name, judge: (texts, labels) => lane.run(() => judged(gpu, opened, mapping, texts, labels)) };
  }
  return undefined;
}

/** Of the labels that the model knows, the one that it scores highest. */
async function judged(
  gpu: Gpu,
  opened: OpenClassifier,
  mapping: RewardMapping,
  texts: readonly (string | undefined)[],
  labels: readonly string[],
): Promise<(string | null)[]> {
  const known = labels.flatMap((label) => {
    const number = labelOfAnswer(mapping, label, opened.labels);
    return number === undefined ? [] : [{ label, number }];
  });
  // An evaluation is now and then: the model does not stay for it.
  const scorer = new Scorer(gpu, opened, false);
  const read = texts.map((text) => ({ text: text ?? '', special: true }));
  const logits = await scorer.logits(read, mapping.maxTokens);
  return logits.map((own, at) => {
    if (!own || texts[at] === undefined) return null;
    const scores = activated(mapping.activation, own);
    const best = known.reduce<(typeof known)[number] | undefined>(
      (most, each) => (most && scores[most.number]! >= scores[each.number]! ? most : each),
      undefined,
    );
    return best?.label ?? null;
  });
}

/** The evaluation with how far thinking and answers agree, where its answers are labels. */
export async function withReasoning(result: EvalResult, judge: ThinkingJudge): Promise<EvalResult> {
  if (result.scores) return result;
  const answers = result.clips.flatMap(({ label, answers: own }) =>
    own.map(({ text = '', tolerant }) => ({ gold: label, answered: tolerant, thinking: readThinking(text) })),
  );
  const seen = await judge.judge(
    answers.map(({ thinking }) => thinking),
    result.confusion.labels,
  );
  const agreement = reasoningAgreement(
    answers.map(({ gold, answered }, at) => ({ gold, answered, judged: seen[at]! })),
  );
  return agreement ? { ...result, reasoning: { judge: judge.name, ...agreement } } : result;
}
