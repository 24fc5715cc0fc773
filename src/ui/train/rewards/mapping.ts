/** How a model that scores is read, as fields of a form and back. What is typed and cannot be used stays for the check to name. Pure. */
import type { Field } from '../../../protocol/config.ts';
import { choice, floatOrNull, intOrNull } from '../../../protocol/fields.ts';
import { MAPPING_NAMES, namedMapping } from '../../../protocol/reward-models.ts';
import {
  FIRST_LOGIT,
  labelNumber,
  labelOfAnswer,
  MAPPING_ACTIVATIONS,
  MAPPING_ANSWERS,
  MAPPING_TAKES,
  MAPPING_TEXTS,
  type ModelLabel,
  type RewardMapping,
} from '../../../rewards/model-mapping.ts';

/** Labels are as a mapping writes them; the rest may be what was typed. */
export type MappingDraft = Omit<Record<keyof RewardMapping, unknown>, 'label' | 'answers' | 'neutral'> &
  Pick<RewardMapping, 'label' | 'answers' | 'neutral'>;

export const draftOf = (mapping: Readonly<Record<string, unknown>>): MappingDraft => ({
  ...FIRST_LOGIT,
  ...mapping,
});

/** The name of a mapping that has one. */
export const mappingName = (mapping: MappingDraft): string | undefined =>
  MAPPING_NAMES.find((name) => {
    const named = namedMapping(name)!;
    return (Object.keys(named) as (keyof RewardMapping)[]).every(
      (key) => JSON.stringify(named[key]) === JSON.stringify(mapping[key]),
    );
  });

const group = 'Rewards';
const FIELDS = {
  text: choice({
    ...{ group, choices: MAPPING_TEXTS, default: 'chat', label: 'Text' },
    help: 'What the model reads of an answer.',
    about: {
      chat: 'prompt and answer as one chat, as trainers use a reward model.',
      completion: 'the whole answer, tags included.',
      thinking: 'what stands between the think tags.',
      answer: 'what stands between the answer tags.',
      sentences: 'each sentence of the thinking by itself.',
    },
  }),
  activation: choice({
    ...{ group, choices: MAPPING_ACTIVATIONS, default: 'none', label: 'Activation' },
    help: 'What its logits go through.',
    about: {
      none: 'logits as they are, of a reward model.',
      sigmoid: 'each label by itself from 0 to 1, where several may be true.',
      softmax: 'labels share 1, where one is true.',
    },
  }),
  take: choice({
    ...{ group, choices: MAPPING_TAKES, default: 'mean', label: 'Score' },
    help: 'What is made of the texts of an answer.',
    about: {
      mean: "the mean of the label's scores.",
      share: 'the share of texts that the label is one of the kept labels of.',
    },
  }),
  threshold: floatOrNull({
    ...{ group, default: null, min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY },
    ...{
      label: 'Threshold',
      help: 'A text keeps the labels above it; where none is, the highest. Empty keeps all.',
    },
  }),
  topK: intOrNull({
    ...{ group, default: null, min: 1, max: Number.POSITIVE_INFINITY },
    ...{ label: 'Top-k labels', help: 'A text keeps so many labels at most, the highest. Empty keeps all.' },
  }),
  answers: choice({
    ...{ group, choices: MAPPING_ANSWERS, default: 'folded', label: 'Read answers as' },
    help: "How the row's answer is read before its label is looked up.",
    about: {
      folded: 'without case and outer marks.',
      mafw: 'labels of MAFW, as ERV reads them: angry is anger, happy happiness.',
    },
  }),
  maxTokens: intOrNull({
    ...{ group, default: null, min: 1, max: Number.POSITIVE_INFINITY },
    ...{
      label: 'Longest text',
      unit: 'tokens',
      help: 'A text is cut there. Empty: as much as the model reads.',
    },
  }),
};

export type MappingField = keyof typeof FIELDS;

export const mappingField = (field: MappingField): Field => FIELDS[field] as Field;

/** The fields that say something under a mapping: a mean keeps no labels, and one label asks for no answer. */
export const fieldsOf = ({ label, take }: Pick<MappingDraft, 'label' | 'take'>): MappingField[] => [
  ...(['text', 'activation', 'take'] as const),
  ...(take === 'share' ? (['threshold', 'topK'] as const) : []),
  ...(typeof label === 'object' ? (['answers'] as const) : []),
  'maxTokens',
];

/** A label as a choice of the form: its number, or -1 where the model has none such. */
export function labelAt(label: ModelLabel, labels: readonly string[]): number {
  try {
    return labelNumber(label, labels);
  } catch {
    return -1;
  }
}

/** The label of a number as a mapping writes it: by name, where the name is that of no other. */
export const labelOf = (number: number, labels: readonly string[]): ModelLabel =>
  labels.indexOf(labels[number]!) === number ? labels[number]! : number;

/** An answer of the data or of the map, and which label of the model it stands for. */
export interface AnswerRow {
  readonly answer: string;
  /** The label that the map names for it. */
  readonly named?: ModelLabel;
  /** The label that it stands for where the map does not name it; undefined where it stands for none. */
  readonly byItself: number | undefined;
}

/** Every answer of the data, and those of the map that are not among them. */
export function answerRows(
  mapping: Pick<MappingDraft, 'label' | 'answers'>,
  answers: readonly string[],
  labels: readonly string[],
): AnswerRow[] {
  if (typeof mapping.label !== 'object') return [];
  const { byAnswer } = mapping.label;
  return [...new Set([...answers, ...Object.keys(byAnswer)])].map((answer) => {
    const { [answer]: named, ...rest } = byAnswer;
    const without = { ...mapping, label: { byAnswer: rest } };
    return {
      answer,
      byItself: foundLabel(without, answer, labels),
      ...(named === undefined ? {} : { named }),
    };
  });
}

function foundLabel(
  mapping: Pick<MappingDraft, 'label' | 'answers'>,
  answer: string,
  labels: readonly string[],
): number | undefined {
  try {
    return labelOfAnswer(mapping, answer, labels);
  } catch {
    return undefined;
  }
}

/** The map with another label for an answer; without one, the answer stands for itself. */
export function withAnswer(
  byAnswer: Readonly<Record<string, ModelLabel>>,
  answer: string,
  label: ModelLabel | undefined,
): Record<string, ModelLabel> {
  const { [answer]: _, ...rest } = byAnswer;
  return label === undefined ? rest : { ...rest, [answer]: label };
}
