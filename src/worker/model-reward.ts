/** A classifier as a reward: which texts it reads of a step's answers, and what its logits are worth. */
import type { OpenClassifier } from '../classifiers/open.ts';
import { type ScoredText, Scorer } from '../classifiers/scorer.ts';
import type { Gpu } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import { labelProblem, parseMapping } from '../protocol/reward-models.ts';
import type { ChatMessage, RewardBatch, RewardFunction, RewardModel } from '../rewards/contract.ts';
import { mappedScore, type RewardMapping, targetOf, textsOf } from '../rewards/model-mapping.ts';
import type { ChatTemplate } from '../text/chat-template.ts';
import type { Lane } from './lane.ts';

export interface ModelRewardParts {
  readonly gpu: Gpu;
  readonly opened: OpenClassifier;
  /** Whether its weights stay on the device between steps. */
  readonly stays: boolean;
  /** Models score one after the other. */
  readonly lane: Lane;
}

/** Makes a model ready to score. @throws InputError where its mapping cannot be used */
export async function modelReward(model: RewardModel, parts: ModelRewardParts): Promise<RewardFunction> {
  const { gpu, opened, stays, lane } = parts;
  const { name } = model;
  const mapping = parseMapping(model.mapping, `The mapping of the reward ${name}`);
  const problem = labelProblem(mapping, opened.labels);
  if (problem !== undefined) throw new InputError(`The mapping of the reward ${name}: ${problem}`);
  const scorer = new Scorer(gpu, opened, stays);
  await scorer.prepare();
  return {
    name,
    untimed: true,
    score: (batch) => lane.run(async () => ({ values: await valuesOf(batch, scorer, mapping, opened) })),
    close: () => scorer[Symbol.dispose](),
  };
}

async function valuesOf(
  { prompts, completions, labels: answers }: RewardBatch,
  scorer: Scorer,
  mapping: RewardMapping,
  { template, labels }: OpenClassifier,
): Promise<(number | null)[]> {
  const targets = answers.map((answer) => targetOf(mapping, answer, labels));
  const texts = completions.map((completion, at) =>
    mapping.text === 'chat'
      ? [chatText(prompts[at]!, completion, template)]
      : textsOf(mapping.text, completion).map((text) => ({ text, special: true })),
  );
  const logits = await scorer.logits(texts.flat(), mapping.maxTokens);
  let first = 0;
  return texts.map((own, at) => {
    const read = logits.slice(first, first + own.length);
    first += own.length;
    return mappedScore(mapping, read, targets[at]!, labels);
  });
}

/** Prompt and answer as one text: by the model's own template where the prompt is a chat and there is one. */
export function chatText(
  prompt: string | readonly ChatMessage[],
  completion: string,
  template: ChatTemplate | undefined,
): ScoredText {
  if (typeof prompt === 'string') return { text: prompt + completion, special: true };
  const turns = [...prompt, { role: 'assistant', content: completion }].map(({ role, content }) => ({
    role: role as 'user',
    content: spoken(content),
  }));
  if (template) return { text: template.render(turns, false), special: false };
  return { text: turns.map(({ content }) => content).join('\n'), special: true };
}

/** What is said in a turn, without what stands for media. */
function spoken(content: ChatMessage['content']): string {
  if (typeof content === 'string') return content;
  return content.flatMap(({ text }) => text ?? []).join('');
}
