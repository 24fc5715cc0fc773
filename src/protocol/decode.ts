/**
 * The ticket check at the door between page and worker. Small messages are judged whole; of long arrays only the first
 * item is looked at, so that a data set of a hundred thousand rows costs nothing.
 */
import { z } from 'zod';
import { InputError } from '../math/errors.ts';
import { parseConfig } from './config.ts';
import { type Command, type Event, RUN_STATES, SPLITS } from './messages.ts';

const requestId = z.number().int();
const maybeId = requestId.optional();
const split = z.enum(SPLITS);
const mute = z.enum(['audio', 'video']).optional();
const counts = z.record(z.string(), z.number());
const blob = z.custom<Blob>((value) => value instanceof Blob, 'expected a Blob');
const floats = z.custom<Float32Array>((value) => value instanceof Float32Array, 'expected a Float32Array');

/** Rewards and metrics may be NaN or infinite: showing that is the page's job, so zod's finite numbers are not asked for. */
const anyNumber = z.custom<number>((value) => typeof value === 'number', 'expected a number');

/** An array whose first item stands for all. */
function longArray<T>(item: z.ZodType<T>): z.ZodType<T[]> {
  return z.custom<T[]>(
    (value) => Array.isArray(value) && (value.length === 0 || item.safeParse(value[0]).success),
    'expected an array of another shape',
  );
}

const files = longArray(z.object({ path: z.string(), file: blob }));

const COMMANDS: Record<Command['type'], z.ZodType> = {
  openDemo: z.object({ requestId }),
  openData: z.object({ requestId, files }),
  openModel: z.object({ requestId, files }),
  preview: z.object({ requestId, exampleId: z.string() }),
  start: z.object({ config: z.looseObject({}) }),
  pause: z.object({}),
  resume: z.object({}),
  step: z.object({ config: z.looseObject({}).optional() }),
  stop: z.object({}),
  evaluate: z.object({ requestId, split, mute }),
  export: z.object({
    requestId,
    parts: z.object({
      merged: z.boolean(),
      adapter: z.boolean(),
      metrics: z.boolean(),
      rollouts: z.boolean(),
    }),
  }),
  resumeRun: z.object({ requestId, runId: z.string() }),
  deleteRun: z.object({ requestId, runId: z.string() }),
};

const device = z.object({
  vendor: z.string(),
  architecture: z.string(),
  description: z.string(),
  isSoftware: z.boolean(),
  features: z.array(z.string()),
  limits: counts,
});

const dataSummary = z.object({
  count: z.number(),
  labels: z.array(z.object({ label: z.string(), count: z.number() })),
  splits: z.object({ train: z.number(), val: z.number(), test: z.number() }),
  examples: longArray(z.object({ id: z.string(), path: z.string(), label: z.string(), split })),
  issues: longArray(
    z.object({
      file: z.string(),
      row: z.number().optional(),
      message: z.string(),
      hint: z.string().optional(),
    }),
  ),
});

const modelSummary = z.object({
  name: z.string(),
  parts: counts,
  trainable: z.number(),
  dtype: z.string(),
  bytes: z.number(),
  layout: z.string(),
  unusedTensors: longArray(z.string()),
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

const evalResult = z.object({
  split,
  step: z.number(),
  mute,
  n: z.number(),
  correct: z.number(),
  war: anyNumber,
  uar: anyNumber,
  confusion: z.object({
    labels: z.array(z.string()),
    counts: z.array(z.array(z.number())),
    unreadable: z.array(z.number()).optional(),
  }),
  unreadable: z.number(),
  interval: z.array(anyNumber).length(2),
});

const storedRun = z.object({
  id: z.string(),
  name: z.string(),
  step: z.number(),
  steps: z.number(),
  savedAt: z.number(),
  model: z.string(),
  data: z.string(),
  demo: z.boolean(),
  bytes: z.number(),
  sameDevice: z.boolean(),
});

const anyNumbers = z.record(z.string(), anyNumber);

const EVENTS: Record<Event['type'], z.ZodType> = {
  ready: z.object({ device }),
  unavailable: z.object({ reason: z.string(), hint: z.string() }),
  data: z.object({ requestId, summary: dataSummary }),
  model: z.object({ requestId: maybeId, summary: modelSummary }),
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
  rollouts: z.object({
    step: z.number(),
    groups: longArray(
      z.object({ exampleId: z.string(), label: z.string(), completions: longArray(completion) }),
    ),
  }),
  live: z.object({
    step: z.number(),
    text: z.string(),
    tokens: z.number(),
    exampleId: z.string().optional(),
  }),
  eval: z.object({ requestId: maybeId, result: evalResult }),
  exported: z.object({ requestId, files: z.array(z.object({ name: z.string(), blob })) }),
  runs: z.object({ runs: z.array(storedRun) }),
  saved: z.object({ runId: z.string(), name: z.string(), step: z.number() }),
  resumed: z.object({ requestId, run: storedRun, config: z.looseObject({}) }),
  memory: z.object({ parts: counts, peak: z.number() }),
  done: z.object({ requestId }),
  error: z.object({
    requestId: maybeId,
    message: z.string(),
    hint: z.string().optional(),
    details: z.string().optional(),
    fatal: z.boolean(),
  }),
};

/** A command as the worker may trust it; the config of `start` is completed and checked. @throws InputError */
export function decodeCommand(message: unknown): Command {
  const type = check('command', COMMANDS, message);
  if (type !== 'start' && type !== 'step') return message as Command;
  const { config } = message as { config?: unknown };
  return type === 'step' && config === undefined ? { type } : { type, config: parseConfig(config) };
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
