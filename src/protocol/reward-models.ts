/** Models that score answers: what the page is told of one that is open, and the check of how it is read. */
import { InputError } from '../math/errors.ts';
import {
  FIRST_LOGIT,
  labelNumber,
  MAPPING_ACTIVATIONS,
  MAPPING_ANSWERS,
  MAPPING_TAKES,
  MAPPING_TEXTS,
  MAPPINGS,
  type RewardMapping,
} from '../rewards/model-mapping.ts';
import { REWARD_NAME } from './config-rewards.ts';
import { z } from './shapes.ts';

export const rewardModelSummary = z.object({
  /** A hash that tells its files again. */
  identity: z.string(),
  name: z.string(),
  /** The model_type of its config.json. */
  type: z.string(),
  labels: z.array(z.string()),
  /** Whether it brings a chat template of its own. */
  hasTemplate: z.boolean(),
  /** Tokens of the longest text that it reads. */
  mostTokens: z.number(),
  /** Of its weights. */
  bytes: z.number(),
  notes: z.array(z.string()),
});
export type RewardModelSummary = z.infer<typeof rewardModelSummary>;

const label = z.union([z.string(), z.number().int().min(0)]);

const fields = {
  text: z.enum(MAPPING_TEXTS),
  activation: z.enum(MAPPING_ACTIVATIONS),
  label: z.union([label, z.strictObject({ byAnswer: z.record(z.string(), label) })]),
  answers: z.enum(MAPPING_ANSWERS),
  take: z.enum(MAPPING_TAKES),
  threshold: z.number().nullable(),
  topK: z.number().int().min(1).nullable(),
  neutral: label.nullable(),
  maxTokens: z.number().int().min(1).nullable(),
};
const EXPECTED: Readonly<Record<keyof typeof fields, string>> = {
  text: MAPPING_TEXTS.join(', '),
  activation: MAPPING_ACTIVATIONS.join(', '),
  label: 'the name or number of a label, or {"byAnswer": {"an answer": a label, …}}',
  answers: MAPPING_ANSWERS.join(', '),
  take: MAPPING_TAKES.join(', '),
  threshold: 'a number or null',
  topK: 'a whole number from 1 on, or null',
  neutral: 'the name or number of a label, or null',
  maxTokens: 'a whole number from 1 on, or null',
};

/** Mappings that have a name, to be chosen by it. */
export const MAPPING_NAMES = Object.keys(MAPPINGS) as (keyof typeof MAPPINGS)[];

export const namedMapping = (name: string): RewardMapping | undefined =>
  Object.hasOwn(MAPPINGS, name) ? MAPPINGS[name as keyof typeof MAPPINGS] : undefined;

/** Why a mapping names a label that a model lacks; undefined where it has all of them. */
export function labelProblem(
  { label, neutral }: Pick<RewardMapping, 'label' | 'neutral'>,
  labels: readonly string[],
): string | undefined {
  const named = typeof label === 'object' ? Object.values(label.byAnswer) : [label];
  try {
    for (const each of neutral === null ? named : [...named, neutral]) labelNumber(each, labels);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** An identifier out of a model's name or folder, by which a run may call it. */
export function rewardNameOf(model: string): string {
  const plain = model.replaceAll(/\W+/g, '_').slice(0, 60);
  return REWARD_NAME.test(plain) ? plain : `model_${plain}`;
}

/** A mapping as settings or a file write it; what is left out is that of a trainer's reward model. @throws InputError naming the field */
export function parseMapping(value: Readonly<Record<string, unknown>>, where = 'The mapping'): RewardMapping {
  for (const [key, given] of Object.entries(value)) {
    const known = Object.hasOwn(fields, key) ? (key as keyof typeof fields) : undefined;
    if (known === undefined) {
      throw new InputError(`${where} has "${key}"; expected some of ${Object.keys(fields).join(', ')}.`);
    }
    if (fields[known].safeParse(given).success) continue;
    throw new InputError(`${where}: "${key}" is ${JSON.stringify(given)}; expected ${EXPECTED[known]}.`);
  }
  return { ...FIRST_LOGIT, ...value };
}
