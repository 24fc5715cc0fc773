/**
 * Every command from page to worker, a row each. Its type, its check, and the page's way to send it follow; what the worker does
 * with it is the row of the same name in src/worker/handlers.ts.
 */
import { alternatives } from './alternatives.ts';
import { answerQuery, clipVisits, foundAnswers } from './answer-search.ts';
import { BENCH_GROUPS, BENCH_LIBRARIES } from './bench.ts';
import { CONFIG_FIELDS, rewardSource, wholeConfig } from './config.ts';
import { clipFile, sourceFile, splitName } from './data.ts';
import { forecast } from './forecast.ts';
import { checkpointChoice, exportParts, exportPlace, hubSource, keptWeights, plannedFiles } from './kept.ts';
import { liveValues } from './live-settings.ts';
import { deviceCeilings, memoryPlan, whatIf } from './memory.ts';
import { modelChoice } from './models.ts';
import { promptReport } from './prompt-report.ts';
import { askAnswers, columnChoice } from './reading.ts';
import { mute, rolloutGroup, sampledDecoding } from './results.ts';
import { rewardModelSummary } from './reward-models.ts';
import { runAbout } from './run-about.ts';
import { forkOptimizer } from './run-fork.ts';
import { runMetrics } from './run-metrics.ts';
import { scoredAnswers } from './scored-answers.ts';
import { blob, directory, longArray, requestId, z } from './shapes.ts';
import { keptTokens } from './token-values.ts';

/** Sent without a reply. */
const order = <F extends z.ZodRawShape>(fields: F) => ({ fields });

/** Asked under a number, and closed by exactly one `done` or `error`; events of that number may come before it. */
const task = <F extends z.ZodRawShape>(fields: F) => ({ fields: { requestId, ...fields } });

/** A task with an answer, which comes as an event of the command's own name before it is done. */
const question = <F extends z.ZodRawShape, A extends z.ZodRawShape>(fields: F, answer: A) => ({
  ...task(fields),
  answer: { requestId, ...answer },
});

const files = longArray(sourceFile);

export const COMMANDS = {
  openDemo: task({}),
  openData: task({
    files,
    /** From 1; matters to data sets that come in folds. */
    fold: z.number().int().optional(),
    columns: columnChoice.optional(),
    answers: askAnswers.optional(),
  }),
  openModel: task({ files, choice: modelChoice.optional() }),
  /** A folder whose handle the page holds, from a picker, a drop or an earlier visit. */
  openModelFolder: task({ folder: directory }),
  /** Asks for a `models` event. */
  listModels: task({}),
  /** Begins or goes on. */
  downloadModel: task({
    source: hubSource,
    /** Kept in the worker's memory, for going on with the same hub without it. */
    token: z.string().optional(),
  }),
  /** Ends the download under way; what has arrived is kept. */
  stopDownload: order({}),
  openStoredModel: task({ key: z.string() }),
  /** The folder of the model that is open once more: another model of it, or with an adapter that lies in it. */
  openModelPart: task({ choice: modelChoice }),
  removeModel: task({ key: z.string() }),
  /** Opens the folder of a model that scores answers, beside those that are open; a run names it by its identity. */
  openRewardModel: question({ files }, { model: rewardModelSummary }),
  /** The same of a folder whose handle the page holds. */
  openRewardModelFolder: question({ folder: directory }, { model: rewardModelSummary }),
  /** The same of a model in the browser's storage. */
  openStoredRewardModel: question({ key: z.string() }, { model: rewardModelSummary }),
  /** Lets go of it; a run under way keeps what it has. */
  closeRewardModel: order({ identity: z.string() }),
  /** Uses the prompt of `config`; without one, that of the latest run. */
  preview: task({ exampleId: z.string(), config: wholeConfig.optional() }),
  /** What an example shows and plays, as it lies in its folder, for people to look at and to hear; none of text alone. */
  clipFiles: question({ exampleId: z.string() }, { media: z.array(clipFile) }),
  /** The memory that a run with `config` would take; with `whatIf`, that of other settings, too. */
  plan: question(
    { config: wholeConfig, whatIf: z.boolean() },
    { plan: memoryPlan, whatIf: z.array(whatIf).optional(), ceilings: deviceCeilings.optional() },
  ),
  /** What the prompts of the data come to with `config`; no report where there is no model that takes the data. */
  prompts: question({ config: wholeConfig }, { report: promptReport.optional() }),
  /** Opens the programs among the rewards of `config`, and lets go of them; refused where one cannot be used. */
  checkRewards: task({ config: wholeConfig }),
  /** What a run with `config` would find at its start: answers to its first rows, sampled and scored. Nothing trains. */
  forecast: question({ config: wholeConfig }, { forecast }),
  start: order({ config: wholeConfig }),
  pause: order({}),
  resume: order({}),
  /** One step, then a pause: the next step of a paused run, else the first step of a new run with `config`. */
  step: order({ config: wholeConfig.optional() }),
  stop: order({}),
  /** Puts another program in the place of an own reward's, of the same name, while the run rests; answered by its settings. */
  mendReward: question({ source: rewardSource }, { config: wholeConfig }),
  /** Other settings for the run under way, from its next step on; answered by all of them. Refused where it cannot have them. */
  changeSettings: question({ values: liveValues }, { config: wholeConfig }),
  /** Measures the weights of the latest run; before one, those as loaded, with the question and lengths of `config`. */
  evaluate: task({
    split: splitName,
    mute: mute.optional(),
    sampled: sampledDecoding.optional(),
    /** How answers are scored, in place of the run's own setting. */
    metric: CONFIG_FIELDS.evalMetric.schema.optional(),
    config: wholeConfig.optional(),
    /** The weights that the latest run began with, in place of those it has now. */
    start: z.boolean().optional(),
  }),
  /** The answers of the latest run, scored by the rewards of `config`; nothing of the run changes. */
  scoreAgain: question({ config: wholeConfig }, { answers: scoredAnswers }),
  /** Ends it; the answer has what was scored by then. */
  stopScoring: order({}),
  /** What a step knew of each token of an answer, by its place among all of the step: of the run on the device, or of a stored one. */
  tokenValues: question(
    { step: z.number().int(), answer: z.number().int(), runId: z.string().optional() },
    keptTokens,
  ),
  /** The metrics of a stored run, which is not opened for that. */
  runMetrics: question({ runId: z.string() }, runMetrics),
  /** The likeliest tokens at each place of an answer, by the weights on the device as they are; refused where the run is not on it. */
  alternatives: question(
    { step: z.number().int(), answer: z.number().int(), exampleId: z.string(), runId: z.string().optional() },
    alternatives,
  ),
  /** The answers of a step of the latest run; none where it has none. */
  stepAnswers: question({ step: z.number().int() }, { groups: longArray(rolloutGroup) }),
  /** A part of the answers of the latest run that pass; nothing where something else has been asked since. */
  findAnswers: question(
    { query: answerQuery, from: z.number().int().min(0), count: z.number().int().min(1) },
    { found: foundAnswers.optional() },
  ),
  /** Every step of the latest run that asked a clip; nothing where something else has been asked since. */
  clipAnswers: question({ exampleId: z.string(), bare: z.boolean() }, { visits: clipVisits.optional() }),
  /** Ends the search under way. */
  stopFinding: order({}),
  /** Which files an export of the present run would have, and how large; none before there is a run. */
  planExport: question({ parts: exportParts }, { files: plannedFiles }),
  export: task({
    parts: exportParts,
    place: exportPlace,
    /** Exports this run at this step. Where it is not on the device, it is opened first and rests. */
    run: keptWeights.optional(),
  }),
  /** Goes on with a stored run; its model and its data must be open, those of the demo open by themselves. */
  resumeRun: task({
    runId: z.string(),
    /** From that checkpoint instead of the newest; with its next step the run then becomes one of its own. */
    step: checkpointChoice.optional(),
    /** No step is taken yet. */
    rest: z.boolean().optional(),
  }),
  /** Goes on with a stored run to more steps than it was begun with; its schedule ends with them. */
  prolongRun: task({
    runId: z.string(),
    steps: CONFIG_FIELDS.steps.schema,
    schedule: CONFIG_FIELDS.schedule.schema,
  }),
  /** Begins a run of its own from a checkpoint of a stored one, under `config`; that one stays as it is. */
  forkRun: task({
    runId: z.string(),
    step: z.int().min(0),
    config: wholeConfig,
    /** Said nothing of where other tensors train: then it is fresh. */
    optimizer: forkOptimizer,
  }),
  /** What is written down about a stored run, one at work included; with `change`, that is written first. */
  aboutRun: question(
    { runId: z.string(), change: runAbout.optional() },
    { runId: z.string(), about: runAbout },
  ),
  deleteRun: task({ runId: z.string() }),
  /** Keeps a run out of such an archive here; refused where it is not as it was saved, or the run is kept here already. */
  importRun: question({ file: blob, fileName: z.string() }, { runId: z.string(), name: z.string() }),
  /** Puts the files of a stored run, as they lie there, into one archive; answered by `exported`. A damaged one's, too. */
  saveRunFiles: task({ runId: z.string() }),
  /** Times rows of these groups against these libraries; refused while a run is under way. */
  bench: task({
    groups: z.array(z.enum(BENCH_GROUPS)),
    libraries: z.array(z.enum(BENCH_LIBRARIES)),
  }),
  /** Ends it after the row that is being timed. */
  stopBench: order({}),
};
