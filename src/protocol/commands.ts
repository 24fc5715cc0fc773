/** Every command from page to worker: its fields. Those with a `requestId` are closed by exactly one `done` or `error`. */
import { BENCH_GROUPS, BENCH_LIBRARIES } from './bench.ts';
import { wholeConfig } from './config.ts';
import { sourceFile, splitName } from './data.ts';
import { checkpointChoice, exportParts, exportPlace, hubSource, keptWeights } from './kept.ts';
import { modelChoice } from './models.ts';
import { mute, sampledDecoding } from './results.ts';
import { directory, longArray, requestId, z } from './shapes.ts';

const files = longArray(sourceFile);

export const COMMANDS = {
  openDemo: { requestId },
  openData: {
    requestId,
    files,
    /** From 1; matters to data sets that come in folds. */
    fold: z.number().int().optional(),
  },
  openModel: { requestId, files, choice: modelChoice.optional() },
  /** A folder whose handle the page holds, from a picker, a drop or an earlier visit. */
  openModelFolder: { requestId, folder: directory },
  /** Asks for a `models` event. */
  listModels: { requestId },
  /** Begins or goes on. */
  downloadModel: {
    requestId,
    source: hubSource,
    /** Kept in the worker's memory, for going on with the same hub without it. */
    token: z.string().optional(),
  },
  /** Ends the download under way; what has arrived is kept. */
  stopDownload: {},
  openStoredModel: { requestId, key: z.string() },
  /** The folder of the model that is open once more: another model of it, or with an adapter that lies in it. */
  openModelPart: { requestId, choice: modelChoice },
  removeModel: { requestId, key: z.string() },
  /** With `config`, under its prompt; without, under that of the latest run. */
  preview: { requestId, exampleId: z.string(), config: wholeConfig.optional() },
  /** The memory that a run with `config` would take; with `whatIf`, that of other settings, too. */
  plan: { requestId, config: wholeConfig, whatIf: z.boolean() },
  start: { config: wholeConfig },
  pause: {},
  resume: {},
  /** One step, then a pause: the next step of a paused run, else the first step of a new run with `config`. */
  step: { config: wholeConfig.optional() },
  stop: {},
  /** Measures the weights of the latest run; before one, those as loaded, with the question and lengths of `config`. */
  evaluate: {
    requestId,
    split: splitName,
    mute: mute.optional(),
    sampled: sampledDecoding.optional(),
    config: wholeConfig.optional(),
    /** The weights that the latest run began with, in place of those it has now. */
    start: z.boolean().optional(),
  },
  /** Which files an export of the present run would have; answered by `exportPlan`. */
  planExport: { requestId, parts: exportParts },
  export: {
    requestId,
    parts: exportParts,
    place: exportPlace,
    /** Only of that run at that step; where another one is on the device, or none, it is opened first and rests. */
    run: keptWeights.optional(),
  },
  /** Goes on with a stored run; its model and its data must be open, those of the demo open by themselves. */
  resumeRun: {
    requestId,
    runId: z.string(),
    /** From that checkpoint instead of the newest; with its next step the run then becomes one of its own. */
    step: checkpointChoice.optional(),
    /** No step is taken yet. */
    rest: z.boolean().optional(),
  },
  deleteRun: { requestId, runId: z.string() },
  /** Puts the files of a stored run, as they lie there, into one archive; answered by `exported`. A damaged one's, too. */
  saveRunFiles: { requestId, runId: z.string() },
  /** Times rows of these groups against these libraries; refused while a run is under way. */
  bench: {
    requestId,
    groups: z.array(z.enum(BENCH_GROUPS)),
    libraries: z.array(z.enum(BENCH_LIBRARIES)),
  },
  /** Ends it after the row that is being timed. */
  stopBench: {},
};
