/**
 * The ticket check at the door between page and worker. Small messages are judged whole; of long arrays only the first
 * item is looked at, so that a data set of a hundred thousand rows costs nothing.
 */
import { z } from 'zod';
import { InputError } from '../math/errors.ts';
import { ALARM_KINDS } from './alarms.ts';
import { BENCH_GROUPS, BENCH_LIBRARIES } from './bench.ts';
import { CONFIG_FIELDS, parseConfig } from './config.ts';
import { anyNumber, damagedRun, keptWeights, storedRun } from './decode-kept.ts';
import {
  type Command,
  DOWNLOAD_PHASES,
  type Event,
  type ExportRequest,
  RUN_STATES,
  SPLITS,
} from './messages.ts';

const requestId = z.number().int();
const maybeId = requestId.optional();
const split = z.enum(SPLITS);
const mute = z.enum(['audio', 'video']).optional();
const sampled = z
  .object({ samples: CONFIG_FIELDS.evalSamples.schema, temperature: CONFIG_FIELDS.evalTemperature.schema })
  .optional();
const counts = z.record(z.string(), z.number());
const blob = z.custom<Blob>((value) => value instanceof Blob, 'expected a Blob');
const floats = z.custom<Float32Array>((value) => value instanceof Float32Array, 'expected a Float32Array');

/** An array whose first item stands for all. */
function longArray<T>(item: z.ZodType<T>): z.ZodType<T[]> {
  return z.custom<T[]>(
    (value) => Array.isArray(value) && (value.length === 0 || item.safeParse(value[0]).success),
    'expected an array of another shape',
  );
}

const exportParts = z.object({
  merged: z.enum(['bf16', 'f32']).nullable(),
  adapter: z.boolean(),
  checkpoint: z.boolean(),
  handoff: z.boolean(),
  clips: z.boolean().optional(),
  metrics: z.boolean(),
  rollouts: z.boolean(),
});
const directory = z.custom<FileSystemDirectoryHandle>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'directory',
  'expected a directory handle',
);
const exportPlace = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder'), folder: directory }),
  z.object({ kind: z.literal('archive') }),
  z.object({ kind: z.literal('files') }),
]);
const exportRequest = z.object({ parts: exportParts, place: exportPlace, run: keptWeights });
const plannedFiles = longArray(z.object({ path: z.string(), bytes: z.number() }));

const files = longArray(z.object({ path: z.string(), file: blob }));
const modelChoice = z.object({ folder: z.string().optional(), adapter: z.string().optional() });
const folder = z.custom<FileSystemDirectoryHandle>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'directory',
  'expected the handle of a folder',
);
const source = z.object({ baseUrl: z.string(), id: z.string(), revision: z.string() });

const COMMANDS: Record<Command['type'], z.ZodType> = {
  openDemo: z.object({ requestId }),
  openData: z.object({ requestId, files, fold: z.number().int().optional() }),
  openModel: z.object({ requestId, files, choice: modelChoice.optional() }),
  openModelFolder: z.object({ requestId, folder }),
  listModels: z.object({ requestId }),
  downloadModel: z.object({ requestId, source, token: z.string().optional() }),
  stopDownload: z.object({}),
  openStoredModel: z.object({ requestId, key: z.string() }),
  openModelPart: z.object({ requestId, choice: modelChoice }),
  removeModel: z.object({ requestId, key: z.string() }),
  preview: z.object({ requestId, exampleId: z.string(), config: z.looseObject({}).optional() }),
  plan: z.object({ requestId, config: z.looseObject({}), whatIf: z.boolean() }),
  start: z.object({ config: z.looseObject({}) }),
  pause: z.object({}),
  resume: z.object({}),
  step: z.object({ config: z.looseObject({}).optional() }),
  stop: z.object({}),
  evaluate: z.object({
    ...{ requestId, split, mute, sampled },
    config: z.looseObject({}).optional(),
    start: z.boolean().optional(),
  }),
  planExport: z.object({ requestId, parts: exportParts }),
  export: z.object({ requestId, parts: exportParts, place: exportPlace, run: keptWeights.optional() }),
  resumeRun: z.object({
    requestId,
    runId: z.string(),
    step: z.union([z.int().min(0), z.enum(['best', 'good'])]).optional(),
    rest: z.boolean().optional(),
  }),
  deleteRun: z.object({ requestId, runId: z.string() }),
  saveRunFiles: z.object({ requestId, runId: z.string() }),
  bench: z.object({
    requestId,
    groups: z.array(z.enum(BENCH_GROUPS)),
    libraries: z.array(z.enum(BENCH_LIBRARIES)),
  }),
  stopBench: z.object({}),
};

const device = z.object({
  vendor: z.string(),
  architecture: z.string(),
  description: z.string(),
  isSoftware: z.boolean(),
  features: z.array(z.string()),
  limits: counts,
});

const bySplit = z.object({ train: z.number(), val: z.number(), test: z.number() });

const dataSummary = z.object({
  name: z.string(),
  format: z.string(),
  count: z.number(),
  rows: z.number(),
  labels: longArray(
    z.object({ label: z.string(), count: z.number(), splits: bySplit, writtenAs: z.array(z.string()) }),
  ),
  splits: bySplit,
  division: z.string(),
  folds: z.object({ chosen: z.number(), available: z.array(z.number()) }).optional(),
  examples: longArray(
    z.object({
      id: z.string(),
      path: z.string(),
      label: z.string(),
      split,
      note: z.string().optional(),
      leftOut: z.literal(true).optional(),
    }),
  ),
  questions: z.object({
    rows: z.number(),
    distinct: z.number(),
    list: longArray(z.object({ question: z.string(), rows: z.number() })),
  }),
  issues: longArray(
    z.object({
      reason: z.string(),
      file: z.string(),
      row: z.number().optional(),
      message: z.string(),
      hint: z.string().optional(),
    }),
  ),
  skipped: z.array(z.object({ reason: z.string(), count: z.number() })),
});

const modelSummary = z.object({
  name: z.string(),
  demo: z.boolean().optional(),
  family: z.string(),
  parts: counts,
  trainable: z.number(),
  dtype: z.string(),
  bytes: z.number(),
  layout: z.string(),
  unusedTensors: longArray(z.string()),
  notes: z.array(z.string()),
  choice: modelChoice,
  others: longArray(z.string()),
  adapters: z.array(z.object({ path: z.string(), base: z.string() })),
});

const storedModel = z.object({
  key: z.string(),
  source,
  done: z.number(),
  total: z.number(),
  complete: z.boolean(),
});

const downloadStatus = z.object({
  key: z.string(),
  source,
  phase: z.enum(DOWNLOAD_PHASES),
  file: z.string(),
  done: z.number(),
  total: z.number(),
  note: z.string().optional(),
});

const preview = z.object({
  exampleId: z.string(),
  frames: z.array(z.unknown()),
  waveform: floats,
  logMel: z.object({ mels: z.number(), columns: z.number(), values: floats }),
  prompt: z.string(),
  tokens: z.number(),
});

const completion = z.object({
  text: z.string(),
  rawText: z.string(),
  tokens: z.number(),
  ended: z.enum(['eos', 'length']),
  rewards: z.record(z.string(), anyNumber.nullable()),
  total: anyNumber,
  advantage: anyNumber,
  answer: z.string().nullable(),
  meanKl: anyNumber.optional(),
});

const evalAnswer = z.object({
  text: z.string().optional(),
  answer: z.string().nullable(),
  exact: z.string().nullable(),
  tolerant: z.string().nullable(),
});

const matchScores = z.object({ correct: z.number(), war: anyNumber, uar: anyNumber, unreadable: z.number() });
const interval = z.tuple([anyNumber, anyNumber]).nullable();

const evalResult = matchScores.extend({
  split,
  step: z.number(),
  mute,
  sampled,
  n: z.number(),
  confusion: z.object({
    labels: z.array(z.string()),
    counts: z.array(z.array(z.number())),
    unreadable: z.array(z.number()),
  }),
  interval,
  uarInterval: interval,
  tolerant: matchScores,
  passAtK: z.array(z.object({ k: z.number(), value: anyNumber })).optional(),
  clips: longArray(
    z.object({
      exampleId: z.string(),
      label: z.string(),
      answers: longArray(evalAnswer),
      exact: z.string().nullable(),
      tolerant: z.string().nullable(),
    }),
  ),
  best: z.boolean().optional(),
});

const benchReport = z.object({
  adapter: z.string(),
  date: z.string(),
  clock: z.string(),
  ceilings: z.object({ gflops: z.number(), gigabytes: z.number() }),
  rows: longArray(
    z.object({
      kernel: z.string(),
      shape: z.string(),
      peer: z.string(),
      oursMs: z.number(),
      theirsMs: z.number().nullable(),
      ratio: z.number().nullable(),
    }),
  ),
  summary: counts,
});

const alarm = z.object({
  kind: z.enum(ALARM_KINDS),
  step: z.number().int(),
  message: z.string(),
  evidence: z.string(),
  hint: z.string(),
  pauses: z.boolean(),
  metric: z.string(),
  goodStep: z.number().int().optional(),
});

const anyNumbers = z.record(z.string(), anyNumber);

const EVENTS: Record<Event['type'], z.ZodType> = {
  ready: z.object({ device }),
  unavailable: z.object({ reason: z.string(), hint: z.string() }),
  data: z.object({ requestId, summary: dataSummary }),
  model: z.object({ requestId: maybeId, summary: modelSummary }),
  models: z.object({ requestId: maybeId, models: longArray(storedModel) }),
  download: z.object({ requestId, status: downloadStatus }),
  preview: z.object({ requestId, preview }),
  state: z.object({
    state: z.enum(RUN_STATES),
    step: z.number(),
    steps: z.number(),
    message: z.string().optional(),
  }),
  progress: z.object({
    requestId: maybeId,
    what: z.string(),
    done: z.number(),
    total: z.number(),
    unit: z.string(),
  }),
  step: z.object({ step: z.number(), metrics: anyNumbers, seconds: anyNumbers }),
  alarm: z.object({ alarm }),
  rollouts: z.object({
    step: z.number(),
    groups: longArray(
      z.object({ exampleId: z.string(), label: z.string(), completions: longArray(completion) }),
    ),
  }),
  live: z.object({
    step: z.number(),
    exampleId: z.string(),
    completion: z.number(),
    at: z.number(),
    text: z.string(),
    tokens: z.number(),
  }),
  eval: z.object({ requestId: maybeId, result: evalResult }),
  plan: z.object({
    requestId,
    plan: z.object({
      encoding: z.number(),
      training: counts,
      peak: z.object({ training: z.number(), withTowers: z.number() }),
    }),
    whatIf: z.array(z.object({ label: z.string(), change: z.looseObject({}), peak: z.number() })).optional(),
  }),
  exportPlan: z.object({ requestId, files: plannedFiles }),
  exported: z.object({
    requestId,
    files: z.array(z.object({ name: z.string(), blob })),
    place: z.string(),
  }),
  exportBroken: z.object({
    broken: z.object({
      target: z.string(),
      started: z.string(),
      files: plannedFiles,
      written: longArray(z.string()),
      request: exportRequest.optional(),
    }),
  }),
  runs: z.object({ runs: z.array(storedRun), damaged: z.array(damagedRun) }),
  saved: z.object({ runId: z.string(), name: z.string(), step: z.number() }),
  unsaved: z.object({
    trouble: z.object({ message: z.string(), hint: z.string() }).optional(),
    lost: z.boolean().optional(),
  }),
  resumed: z.object({ requestId, run: storedRun, config: z.looseObject({}) }),
  rewound: z.object({ step: z.number() }),
  memory: z.object({ parts: counts, peak: z.number() }),
  bench: z.object({ requestId, report: benchReport, done: z.number(), total: z.number() }),
  done: z.object({ requestId }),
  note: z.object({ message: z.string(), hint: z.string().optional() }),
  error: z.object({
    requestId: maybeId,
    message: z.string(),
    hint: z.string().optional(),
    details: z.string().optional(),
    fatal: z.boolean(),
  }),
};

/** A command as the worker may trust it; a config in it is completed and checked. @throws InputError */
export function decodeCommand(message: unknown): Command {
  check('command', COMMANDS, message);
  const command = message as Command;
  if (!('config' in command) || command.config === undefined) return command;
  return { ...command, config: parseConfig(command.config) };
}

/** Whether a remembered request can be asked again: an earlier version of the page may have asked for other parts. */
export function isExportRequest(value: unknown): value is ExportRequest {
  return exportRequest.safeParse(value).success;
}

/** An event as the page may trust it. @throws InputError */
export function decodeEvent(message: unknown): Event {
  check('event', EVENTS, message);
  return message as Event;
}

function check<T extends string>(what: string, schemas: Record<T, z.ZodType>, message: unknown): T {
  const type =
    typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(schemas, type)) {
    throw new InputError(
      `Unknown ${what} ${JSON.stringify(type)}; expected one of ${Object.keys(schemas).join(', ')}.`,
    );
  }
  const result = schemas[type as T].safeParse(message);
  if (result.success) return type as T;
  const issue = result.error.issues[0];
  throw new InputError(
    `The ${what} "${type}" is malformed at ${issue?.path.join('.') || 'its root'}: ${issue?.message}.`,
  );
}
