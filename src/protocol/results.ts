/** What a run tells of itself: its state, its steps and their answers, and what its weights score on held-out clips. */
import { CONFIG_FIELDS } from './config.ts';
import { splitName } from './data.ts';
import { EVAL_KINDS } from './eval-kinds.ts';
import { liveValues } from './live-settings.ts';
import { metricKey } from './metrics.ts';
import { anyNumber, longArray, unwritten, z } from './shapes.ts';
import { answerParts, stepBasis } from './step-basis.ts';

export const runState = z.enum([
  'empty',
  'loading',
  'ready',
  'running',
  'pausing',
  'paused',
  'stopped',
  'finished',
  'failed',
]);
export type RunState = z.infer<typeof runState>;
/** What is refused while a run is under way is refused with this; it is over when the run is. */
export const RUN_UNDER_WAY = 'A run is under way.';

export const clipCount = z.object({
  /** Clips of the split "train" that the towers have seen, and those that could not be read. */
  ready: z.number(),
  unreadable: z.number(),
  total: z.number(),
});
/** How far a run is ahead of its steps with the clips that it trains on. */
export type ClipCount = z.infer<typeof clipCount>;

export const stepReport = {
  step: z.number(),
  metrics: z.partialRecord(metricKey, anyNumber),
  /** By phase, of src/protocol/phases.ts. */
  seconds: z.record(z.string(), anyNumber),
  basis: stepBasis.optional(),
  /** Settings that were changed while the run went on, of which this is the first step. */
  changed: liveValues.optional(),
};

export const completion = z.object({
  /** Special tokens removed: what the rewards see. */
  text: z.string(),
  /** Special tokens kept. */
  rawText: z.string(),
  tokens: z.number(),
  /** By its end token, by one of the run's stop strings, or cut at the longest answer. */
  ended: z.enum(['eos', 'stop', 'length']),
  /** By reward name, unweighted; null = not applicable. */
  rewards: z.record(z.string(), anyNumber.nullable()),
  /** Weighted sum. */
  total: anyNumber,
  advantage: anyNumber,
  /** What was read as the answer; null when unreadable. */
  answer: z.string().nullable(),
  meanKl: anyNumber.optional(),
  /** Absent of an answer that went through no pass. */
  parts: answerParts.optional(),
  /** What rewards logged of it, by column. */
  extras: z.record(z.string(), z.union([z.string(), anyNumber, z.boolean(), z.null()])).optional(),
});
export type Completion = z.infer<typeof completion>;

export const rolloutGroup = z.object({
  exampleId: z.string(),
  label: z.string(),
  /** The row's own, where it was asked and is not that of all rows. */
  question: z.string().optional(),
  completions: longArray(completion),
  /** It had no signal and was sampled anew: it is not in the batch that trained. */
  leftOut: z.literal(true).optional(),
});
export type RolloutGroup = z.infer<typeof rolloutGroup>;

export const mute = z.enum(['audio', 'video']);
/** A sense that evaluation replaces by zeros. */
export type Mute = z.infer<typeof mute>;

export const sampledDecoding = z.object({
  samples: CONFIG_FIELDS.evalSamples.schema,
  temperature: CONFIG_FIELDS.evalTemperature.schema,
});
/** Evaluation on several answers per clip, drawn at a temperature. Without it, it is greedy: one answer. */
export type SampledDecoding = z.infer<typeof sampledDecoding>;

const confusion = z.object({
  labels: z.array(z.string()),
  /** counts[truth][predicted]; unreadable answers are not in it. */
  counts: z.array(z.array(z.number())),
  /** Unreadable answers by truth. */
  unreadable: z.array(z.number()),
});

const evalAnswer = z.object({
  /** The whole answer, special tokens removed; absent where it was let go of to save memory. */
  text: z.string().optional(),
  /** What stands between the answer tags; null without them. */
  answer: z.string().nullable(),
  /** The label the answer (or the text without tags) equals letter by letter; null when it is none. */
  exact: z.string().nullable(),
  /** The label it means when case, outer punctuation and synonyms are folded; null when it is none. */
  tolerant: z.string().nullable(),
  /** Of a row that is scored by its kind: what was read, null where nothing of the kind was, and the score. */
  read: z.string().nullable().optional(),
  score: anyNumber.optional(),
});
/** One answer to a clip, and what is read in it. */
export type EvalAnswer = z.infer<typeof evalAnswer>;

const evalKind = z.enum(EVAL_KINDS);

const evalClip = z.object({
  exampleId: z.string(),
  label: z.string(),
  answers: longArray(evalAnswer),
  /** What counts as the prediction: the reading of the one answer, or the majority vote over several. */
  exact: z.string().nullable(),
  tolerant: z.string().nullable(),
  /** The user's turn that it was asked, where rows are asked different ones; absent where it was let go of to save memory. */
  question: z.string().optional(),
  /** Of a row that is scored by its kind: that, and the mean score of its answers. */
  kind: evalKind.optional(),
  score: anyNumber.optional(),
});
export type EvalClip = z.infer<typeof evalClip>;

const matchScores = z.object({
  correct: z.number(),
  /** Share correct, 0..1. */
  war: anyNumber,
  /** Mean recall over the labels of the clips, 0..1. */
  uar: anyNumber,
  /** Clips for which no known label could be read. They count as wrong. */
  unreadable: z.number(),
});
/** Scores under one way of matching answers with labels. */
export type MatchScores = z.infer<typeof matchScores>;

const interval = unwritten(z.tuple([anyNumber, anyNumber]));

/** What an evaluation's rows were asked: two are compared where these are the same. */
const asked = z.object({
  /** Hashes of which rows were asked, and of their prompts in tokens. */
  rows: z.string(),
  prompts: z.string(),
  /** Tokens of the longest answer. */
  length: z.number(),
});

/** The mean of a reward over an evaluation's answers. */
const rewardMean = z.object({
  name: z.string(),
  /** Null where it applied to no answer. */
  mean: z.number().nullable(),
  /** Answers that it gave a number. */
  n: z.number(),
  /** What went wrong, where something did. */
  failure: z.string().optional(),
});
export type RewardMean = z.infer<typeof rewardMean>;

/** What every evaluation says. */
const evaluation = {
  split: splitName,
  /** Optimizer steps behind the evaluated weights; 0 = as loaded. */
  step: z.number(),
  mute: mute.optional(),
  sampled: sampledDecoding.optional(),
  n: z.number(),
  /** Absent in those of earlier versions. */
  asked: asked.optional(),
  /** The user's turn, where all rows were asked the same. */
  question: z.string().optional(),
  /** Mean pass@k over the clips, by rising k; only of sampled answers that are right or wrong. */
  passAtK: z.array(z.object({ k: z.number(), value: anyNumber })).optional(),
  /** The run's rewards, in its order; absent where none counts. */
  rewards: z.array(rewardMean).optional(),
  clips: longArray(evalClip),
  /** Whether no earlier evaluation of this kind in this run scored as high by the run's `bestMetric`. */
  best: z.boolean().optional(),
};

/** How far thinking and answers agree, with a classifier in the place of a judge (src/rewards/reasoning.ts). */
const reasoning = z.object({
  /** The run's name of the model that read the thinking. */
  judge: z.string(),
  n: z.number(),
  cells: z.object({ both: z.number(), answer: z.number(), thinking: z.number(), neither: z.number() }),
  eea: z.number(),
  epc: z.number(),
  fcr: z.number(),
});

const closedEval = matchScores.extend({
  ...evaluation,
  scores: z.undefined().optional(),
  confusion,
  /** 95 % bootstrap interval of `war`; null where these clips cannot tell. */
  interval: interval.nullable(),
  /** The same of `uar`. */
  uarInterval: interval.nullable(),
  /** Scores after folding case, outer punctuation and synonyms. */
  tolerant: matchScores,
  /** Where a reward model of the run tells the labels apart. */
  reasoning: reasoning.optional(),
});
/** An evaluation whose answers are a closed set of labels. Its own scores are those of exact matching. */
export type ClosedEval = z.infer<typeof closedEval>;

const kindScore = z.object({
  kind: evalKind,
  n: z.number(),
  /** Mean over the rows of this kind. */
  score: anyNumber,
  /** 95 % bootstrap interval; absent where these rows cannot tell. */
  interval: interval.optional(),
  /** Rows whose answer is the right one letter by letter, and after folding case, outer punctuation and synonyms. */
  exact: z.number(),
  tolerant: z.number(),
});
export type KindScore = z.infer<typeof kindScore>;

const openEval = z.object({
  ...evaluation,
  scores: z.object({
    /** Mean over the kinds, each of which is a mean over its rows. */
    score: anyNumber,
    interval: interval.optional(),
    /** Rows in which nothing could be read. */
    unreadable: z.number(),
    /** By kind, most rows first. */
    kinds: z.array(kindScore),
  }),
});
/** An evaluation whose answers are scored row by row. */
export type OpenEval = z.infer<typeof openEval>;

export type EvalResult = ClosedEval | OpenEval;

/** An evaluation, by the schema of its kind, so that what is wrong with it is said by its place. */
export const evalResult: z.ZodType<EvalResult> = z.custom<EvalResult>().superRefine((value, context) => {
  const isOpen = typeof value === 'object' && value !== null && value.scores !== undefined;
  const issues = (isOpen ? openEval : closedEval).safeParse(value).error?.issues ?? [];
  for (const { path, message } of issues) context.addIssue({ code: 'custom', path, message });
});
