/**
 * Every built-in reward by its name, in the order in which the form offers them. A new one is a file of this folder and a line here:
 * choice, help, settings, scoring, exports and tests follow.
 */
import { accuracy } from './accuracy.ts';
import { accuracyR1V } from './accuracy-r1-v.ts';
import { accuracyTolerant } from './accuracy-tolerant.ts';
import { accuracyVideoR1 } from './accuracy-video-r1.ts';
import { cosineLength } from './cosine-length.ts';
import { format } from './format.ts';
import { formatHumanomniV2 } from './format-humanomni-v2.ts';
import { formatTolerant } from './format-tolerant.ts';
import { jsonSchema } from './json-schema.ts';
import { lengthBudget } from './length-budget.ts';
import { multipleChoice } from './multiple-choice.ts';
import { numeric } from './numeric.ts';
import { regex } from './regex.ts';
import { repetition } from './repetition.ts';
import type { ParameterValues, RewardContext, RewardParameter, RunLimits } from './reward.ts';
import { rougeL } from './rouge-l.ts';
import { setF1 } from './set-f1.ts';
import { softOverlong } from './soft-overlong.ts';
import { spanIou } from './span-iou.ts';
import { symbolicMath } from './symbolic-math.ts';
import { tagCount } from './tag-count.ts';
import { thinkFormat } from './think-format.ts';
import { wer } from './wer.ts';

export const REWARDS = {
  accuracy,
  format,
  accuracy_tolerant: accuracyTolerant,
  format_tolerant: formatTolerant,
  think_format: thinkFormat,
  tag_count: tagCount,
  multiple_choice: multipleChoice,
  numeric,
  symbolic_math: symbolicMath,
  rouge_l: rougeL,
  wer,
  set_f1: setF1,
  span_iou: spanIou,
  regex,
  json_schema: jsonSchema,
  soft_overlong: softOverlong,
  cosine_length: cosineLength,
  length_budget: lengthBudget,
  repetition,
  accuracy_video_r1: accuracyVideoR1,
  accuracy_r1_v: accuracyR1V,
  format_humanomni_v2: formatHumanomniV2,
};

export type RewardName = keyof typeof REWARDS;
export const REWARD_NAMES = Object.keys(REWARDS) as RewardName[];

type OfAll<T> = (T extends unknown ? (each: T) => void : never) extends (all: infer All) => void
  ? All
  : never;
type Parameters = NonNullable<(typeof REWARDS)[RewardName]['parameters']>;
/** The settings of all rewards, each by its name in the configuration. */
export type RewardParameterValues = ParameterValues<OfAll<Parameters>>;
export type RewardSettings = RunLimits & RewardParameterValues;

/** Every setting of a reward: its name, whose it is, and its row. */
export const REWARD_PARAMETERS: readonly (RewardParameter & {
  readonly key: keyof RewardParameterValues;
  readonly reward: RewardName;
})[] = REWARD_NAMES.flatMap((reward) =>
  Object.entries<RewardParameter>(REWARDS[reward].parameters ?? {}).map(([key, parameter]) => ({
    ...parameter,
    key: key as keyof RewardParameterValues,
    reward,
  })),
);

export function isRewardName(name: unknown): name is RewardName {
  return typeof name === 'string' && Object.hasOwn(REWARDS, name);
}

/** Scores one text under a built-in reward. */
export function scoreText(
  name: RewardName,
  text: string,
  context: RewardContext & RewardSettings,
): number | null {
  return REWARDS[name].score(text, context);
}
