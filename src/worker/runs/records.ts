/** The JSON files of a stored run. */
import { z } from 'zod';
import type { SamplerState } from '../../data/sampler.ts';
import { parseJsonObject } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';
import { CONFIG_FIELDS, type Config, parseConfig } from '../../protocol/config.ts';
import type { KeptWeights } from '../../protocol/messages.ts';
import { type ForkOptimizer, forkOptimizer } from '../../protocol/run-fork.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import type { SettingsChange } from './changes.ts';
import type { Score } from './keep.ts';

export const STATE = 'state.json';
/** Version of the files' layout. */
export const FORMAT = 1;

export interface Adapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}

export interface Prolonged {
  readonly step: number;
  readonly was: Pick<Config, 'steps' | 'schedule'>;
}

/** `config.json`: what a run is, from its first moment on. */
export interface RunDescription {
  readonly format: number;
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Whether model and data are the embedded ones. */
  readonly demo: boolean;
  readonly model: { readonly name: string; readonly identity: string };
  readonly data: { readonly name: string; readonly identity: string };
  readonly device: Adapter;
  /** Version of the studio that began it. */
  readonly studio: string;
  /** Whether `start/` holds what it began from: another run's weights, or a model with an adapter. */
  readonly hasStart?: boolean;
  /** The checkpoint that it went on from, where that is an older one of another run. */
  readonly from?: KeptWeights;
  /** Where that was with settings of its own. `anew`: it took over weights alone, and counts its steps from 0. */
  readonly fork?: { readonly optimizer: ForkOptimizer; readonly anew: boolean };
  /** Where its end was put off: after which step, and what had been its end and its schedule. */
  readonly prolonged?: readonly Prolonged[];
  readonly config: Config;
  /** Programs of own rewards before they were mended, and the steps up to which they scored. */
  readonly mended?: readonly { readonly step: number; readonly was: readonly RewardSource[] }[];
  /** Settings that were changed while it went on, in order; `config` is what they are by now. */
  readonly changes?: readonly SettingsChange[];
}

/** `state.json` of a checkpoint: what the next step depends on beside weights and moments. */
export interface TrainState {
  readonly format: number;
  /** Optimizer steps taken, by which the schedule and the seeds of sampling count. */
  readonly step: number;
  /** Steps that Adam counted: a skipped one is not among them, and each pass over a batch is one. */
  readonly adamSteps: number;
  /** Prompt and answer tokens so far. */
  readonly tokens: number;
  readonly sampler: SamplerState;
  /** Rows that the order of the run is over: all that are listed; in runs of earlier versions those that could be read. */
  readonly clips: number;
  /** Ids of rows whose clips cannot be read, as far as was known; earlier versions, whose order had none, did not write it. */
  readonly unreadable?: readonly string[];
  readonly best?: Score;
  /** Up to which step training was well, where that was said. */
  readonly healthy?: number;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly device: Adapter;
  readonly studio: string;
}

const count = z.int().min(0);
const adapter = z.object({ vendor: z.string(), architecture: z.string(), description: z.string() });
const named = z.object({ name: z.string(), identity: z.string() });

const description = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.number(),
  demo: z.boolean(),
  model: named,
  data: named,
  device: adapter,
  studio: z.string(),
  hasStart: z.boolean().optional(),
  from: z.object({ id: z.string(), name: z.string(), step: count }).optional(),
  fork: z.object({ optimizer: forkOptimizer, anew: z.boolean() }).optional(),
  prolonged: z
    .array(
      z.object({ step: count, was: z.object({ steps: count, schedule: CONFIG_FIELDS.schedule.schema }) }),
    )
    .optional(),
  config: z.looseObject({}),
});

const state = z.object({
  step: count,
  adamSteps: count,
  tokens: z.number().min(0),
  sampler: z.object({ epoch: count, index: count }),
  clips: count,
  unreadable: z.array(z.string()).optional(),
  // A score that is no number was written as null by earlier versions.
  best: z.object({ metric: z.string(), value: z.number().nullable(), step: count }).optional(),
  healthy: count.optional(),
  savedAt: z.number(),
  device: adapter,
  studio: z.string(),
});

/** @throws InputError when it is not what this version of the studio writes of the run of that id */
export function parseDescription(found: Record<string, unknown>, label: string, id: string): RunDescription {
  checkFormat(found, label);
  checkShape(description, found, label);
  const { config, ...rest } = found as unknown as RunDescription;
  if (rest.id !== id) {
    throw new InputError(`${label}: it is of the run "${rest.id}", expected "${id}".`);
  }
  return { ...rest, config: configIn(config, label) };
}

function configIn(config: unknown, label: string): Config {
  try {
    return parseConfig(config);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${label}: ${error.message}`, {
      hint: 'It was damaged, or written by another version of the studio.',
    });
  }
}

/** @throws InputError when the text is not what this version of the studio writes of a checkpoint of that step */
export function parseState(text: string, label: string, step: number): TrainState {
  const found = parseJsonObject(text, label);
  checkFormat(found, label);
  checkShape(state, found, label);
  const { best, ...rest } = found as unknown as TrainState;
  if (rest.step !== step) throw new InputError(`${label}: it is of step ${rest.step}, expected ${step}.`);
  return best && Number.isFinite(best.value) ? { ...rest, best } : rest;
}

function checkShape(schema: z.ZodType, found: unknown, label: string): void {
  const issue = schema.safeParse(found).error?.issues[0];
  if (issue) throw new InputError(`${label}: ${issue.path.join('.') || 'it'}: ${issue.message}.`);
}

function checkFormat({ format }: Record<string, unknown>, label: string): void {
  if (format === FORMAT) return;
  throw new InputError(`${label}: its format is ${JSON.stringify(format)}, expected ${FORMAT}.`, {
    hint: 'It was written by another version of the studio: finish the run with that one.',
  });
}
