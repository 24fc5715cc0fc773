/**
 * Every event from worker to page but the answers to questions, which stand beside those in commands.ts. With a `requestId` it is
 * about the command of that number.
 */
import { alarm } from './alarms.ts';
import { benchReport } from './bench.ts';
import { wholeConfig } from './config.ts';
import { dataSummary, preview } from './data.ts';
import { brokenExport, damagedRun, downloadStatus, exportedFile, storedModel, storedRun } from './kept.ts';
import { liveAnswer } from './live-answer.ts';
import { deviceInfo, modelSummary } from './models.ts';
import { clipCount, evalResult, rolloutGroup, runState, stepReport } from './results.ts';
import { counts, longArray, requestId, z } from './shapes.ts';

const maybeId = requestId.optional();

export const EVENTS = {
  ready: { device: deviceInfo },
  unavailable: { reason: z.string(), hint: z.string() },
  data: { requestId, summary: dataSummary },
  model: { requestId: maybeId, summary: modelSummary },
  models: { requestId: maybeId, models: longArray(storedModel) },
  download: { requestId, status: downloadStatus },
  preview: { requestId, preview },
  state: { state: runState, step: z.number(), steps: z.number(), message: z.string().optional() },
  progress: { requestId: maybeId, what: z.string(), done: z.number(), total: z.number(), unit: z.string() },
  /** How many of the clips that the run trains on are ready. */
  clips: clipCount.shape,
  step: stepReport,
  /** Steps of a stored run that is opened, in order, and the steps of which there are answers. */
  past: { steps: longArray(z.object(stepReport)), answered: longArray(z.number()) },
  /** The run is not well. */
  alarm: { alarm },
  rollouts: { step: z.number(), groups: longArray(rolloutGroup) },
  /** What is new of an answer that is being sampled, at most ten times a second. */
  live: liveAnswer.shape,
  eval: { requestId: maybeId, result: evalResult },
  exported: {
    requestId,
    files: z.array(exportedFile),
    /** Where the files lie: a folder's name, or '' for the browser's own storage. */
    place: z.string(),
  },
  exportBroken: { broken: brokenExport },
  /** Every stored run that no tab holds, newest first, and those that cannot be gone on with. */
  runs: { runs: z.array(storedRun), damaged: z.array(damagedRun) },
  /** A checkpoint of the present run has been written. */
  saved: { runId: z.string(), name: z.string(), step: z.number() },
  /** What of the present run is not saved just now, though it should be; without `trouble`, that is over. So is it by `saved`. */
  unsaved: {
    trouble: z.object({ message: z.string(), hint: z.string() }).optional(),
    /** Nor is anything that was saved before. */
    lost: z.boolean().optional(),
  },
  /** A stored run takes the place of the present one; its earlier steps and evaluations follow as events. */
  resumed: { requestId, run: storedRun, config: wholeConfig },
  /** The run under way stands at an earlier step again: what was told of later ones is taken back, and comes anew. */
  rewound: { step: z.number() },
  memory: { parts: counts, peak: z.number() },
  /** All that was found so far; `done` and `total` count comparisons. */
  bench: { requestId, report: benchReport, done: z.number(), total: z.number() },
  done: { requestId },
  /** Something that the person should know of work that goes on; nothing failed by it. */
  note: { message: z.string(), hint: z.string().optional() },
  error: {
    requestId: maybeId,
    message: z.string(),
    hint: z.string().optional(),
    details: z.string().optional(),
    fatal: z.boolean(),
  },
};
