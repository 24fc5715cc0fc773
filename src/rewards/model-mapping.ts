/** How what a classifier says of an answer becomes a score: which text it reads, which label counts, and what is made of several texts. Pure. */
import { foldAnswer, matchLabel, readAnswer } from './answer.ts';
import { pythonStrip } from './python-space.ts';
import { readThinking, sentencesOf } from './sentences.ts';

export const MAPPING_TEXTS = ['chat', 'completion', 'thinking', 'answer', 'sentences'] as const;
export const MAPPING_ACTIVATIONS = ['none', 'sigmoid', 'softmax'] as const;
export const MAPPING_TAKES = ['mean', 'share'] as const;
export const MAPPING_ANSWERS = ['folded', 'mafw'] as const;

/** A label of the model: its name, or its number from 0. */
export type ModelLabel = string | number;

export interface RewardMapping {
  /** What is read: prompt and answer as a chat, the whole answer, its thinking, what is in its answer tags, each sentence of its thinking. */
  readonly text: (typeof MAPPING_TEXTS)[number];
  /** What logits go through. */
  readonly activation: (typeof MAPPING_ACTIVATIONS)[number];
  /** The label that counts: one, or that which the row's answer stands for; an answer that is not listed stands for the label of its name. */
  readonly label: ModelLabel | { readonly byAnswer: Readonly<Record<string, ModelLabel>> };
  /** How the row's answer is read before it is looked up: without case and outer marks, or as ERV reads labels of MAFW. */
  readonly answers: (typeof MAPPING_ANSWERS)[number];
  /** The mean of the label's scores, or the share of texts that the label is one of the kept labels of. */
  readonly take: (typeof MAPPING_TAKES)[number];
  /** For `share`: a text keeps the labels above it; null keeps all. Where none is above, it keeps the highest. */
  readonly threshold: number | null;
  /** For `share`: a text keeps so many labels at most, the highest; null keeps all. */
  readonly topK: number | null;
  /** For `share`: unless the row's own label is this one, texts that keep it alone are left out of the share. */
  readonly neutral: ModelLabel | null;
  /** Tokens that a text is cut at; null: as many as the model reads. */
  readonly maxTokens: number | null;
}

/** As trainers use a reward model: the first logit, of prompt and answer. */
export const FIRST_LOGIT: RewardMapping = {
  text: 'chat',
  activation: 'none',
  label: 0,
  answers: 'folded',
  take: 'mean',
  threshold: null,
  topK: null,
  neutral: null,
  maxTokens: null,
};

/** ERV's think_step, on a classifier with the 28 labels of GoEmotions (Rhatanii/Emo_Classifier). */
export const ERV: RewardMapping = {
  text: 'sentences',
  activation: 'sigmoid',
  label: {
    byAnswer: {
      happiness: 17,
      anger: 2,
      disgust: 11,
      fear: 14,
      sadness: 25,
      surprise: 26,
      neutral: 27,
      anxiety: 19,
      helplessness: 16,
      disappointment: 9,
      contempt: 10,
    },
  },
  answers: 'mafw',
  take: 'share',
  threshold: 0.1,
  topK: 2,
  neutral: 27,
  maxTokens: null,
};

/** Mappings that have a name. */
export const MAPPINGS = { first_logit: FIRST_LOGIT, erv: ERV } as const satisfies Record<
  string,
  RewardMapping
>;

/** What is read of an answer; for `chat` the whole answer, which stands behind its prompt. */
export function textsOf(text: RewardMapping['text'], completion: string): string[] {
  switch (text) {
    case 'chat':
    case 'completion':
      return [completion];
    case 'answer':
      return [readAnswer(completion)];
    case 'thinking':
      return [readThinking(completion) ?? []].flat();
    case 'sentences':
      return sentencesOf(readThinking(completion) ?? '');
    default:
      return text satisfies never;
  }
}

/** Scores of a text's labels from its logits. */
export function activated(activation: RewardMapping['activation'], logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  if (activation === 'none') return values;
  if (activation === 'sigmoid') return values.map((logit) => 1 / (1 + Math.exp(-logit)));
  const largest = values.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const powers = values.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Labels that a text keeps, by number, the highest first: those above the threshold, or else the highest; at most `topK`. */
export function keptLabels(
  scores: readonly number[],
  { threshold, topK }: Pick<RewardMapping, 'threshold' | 'topK'>,
): number[] {
  // Of equal scores the first label goes first, as in a sort that keeps the order.
  const order = scores.map((_, label) => label).sort((a, b) => scores[b]! - scores[a]!);
  const above = order.filter((label) => threshold === null || scores[label]! > threshold);
  return (above.length > 0 ? above : order.slice(0, 1)).slice(0, topK ?? order.length);
}

/** The number of a label. @throws Error naming the label and the model's */
export function labelNumber(label: ModelLabel, labels: readonly string[]): number {
  const number = typeof label === 'number' ? label : labels.indexOf(label);
  if (Number.isInteger(number) && number >= 0 && number < labels.length) return number;
  const some = labels.slice(0, 12).join(', ') + (labels.length > 12 ? ', …' : '');
  throw new Error(
    `The model has no label ${JSON.stringify(label)}; expected a number below ${labels.length}, or one of ${some}.`,
  );
}

const TAGGED = /<answer>([\s\S]*?)<\/answer>/;
const MAFW: Readonly<Record<string, string>> = {
  angry: 'anger',
  sad: 'sadness',
  anxious: 'anxiety',
  helpless: 'helplessness',
  disappointed: 'disappointment',
};

/** A label of MAFW as ERV reads it: in small letters, without line ends, as a noun. */
export function mafwLabel(answer: string): string {
  const inside = pythonStrip(TAGGED.exec(answer)?.[1] ?? answer);
  const plain = inside.toLowerCase().replaceAll('\n', '');
  if (plain.includes('happy')) return 'happiness';
  if (plain.includes('contemptuous')) return 'contempt';
  return Object.hasOwn(MAFW, plain) ? MAFW[plain]! : plain;
}

/** The number of the label that an answer stands for; undefined where it stands for none. @throws Error for a label that the model lacks */
export function labelOfAnswer(
  { label, answers }: Pick<RewardMapping, 'label' | 'answers'>,
  answer: string,
  labels: readonly string[],
): number | undefined {
  if (typeof label !== 'object') return labelNumber(label, labels);
  const { byAnswer } = label;
  const read = answers === 'mafw' ? mafwLabel : (text: string) => foldAnswer(readAnswer(text));
  const wanted = read(answer);
  const key = Object.keys(byAnswer).find((each) => each === wanted || read(each) === wanted);
  if (key !== undefined) return labelNumber(byAnswer[key]!, labels);
  const named = matchLabel(wanted, labels);
  return named === null ? undefined : labels.indexOf(named);
}

/** The number of the label that counts for a row; null where the row has no answer. @throws Error for an answer without a label */
export function targetOf(
  mapping: Pick<RewardMapping, 'label' | 'answers'>,
  answer: string | null,
  labels: readonly string[],
): number | null {
  const { label } = mapping;
  if (typeof label !== 'object') return labelNumber(label, labels);
  if (answer === null) return null;
  const found = labelOfAnswer(mapping, answer, labels);
  if (found !== undefined) return found;
  const known = [...Object.keys(label.byAnswer), ...labels].slice(0, 12).join(', ');
  throw new Error(
    `The answer ${JSON.stringify(answer)} stands for no label of the model; expected ${known}.`,
  );
}

/**
 * The score of an answer. `texts`: the logits of each text that was read of it, undefined for one of no token; `target`: the label that
 * counts. Null where a mean has nothing to be a mean of, or no label counts; a share of nothing is 0.
 */
export function mappedScore(
  mapping: RewardMapping,
  texts: readonly (ArrayLike<number> | undefined)[],
  target: number | null,
  labels: readonly string[],
): number | null {
  if (target === null) return null;
  const scores = texts.flatMap((logits) => (logits ? [activated(mapping.activation, logits)] : []));
  if (mapping.take === 'mean') {
    if (scores.length === 0) return null;
    return scores.reduce((sum, of) => sum + of[target]!, 0) / scores.length;
  }
  const kept = scores.map((of) => keptLabels(of, mapping));
  const { neutral } = mapping;
  const aside = neutral === null ? -1 : labelNumber(neutral, labels);
  const counted =
    target === aside ? kept : kept.filter(([first, second]) => first !== aside || second !== undefined);
  const matching = kept.filter((of) => of.includes(target)).length;
  return counted.length === 0 ? 0 : matching / counted.length;
}
