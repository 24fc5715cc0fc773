/** The JSON files of a stored run. */
import type { SamplerState } from '../../data/sampler.ts';
import { parseJsonObject } from '../../io/json.ts';
import { InputError } from '../../math/errors.ts';
import { type Config, parseConfig } from '../../protocol/config.ts';
import type { Score } from './keep.ts';

export const STATE = 'state.json';
/** Version of the files' layout. */
export const FORMAT = 1;

export interface Adapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
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
  readonly config: Config;
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
  /** Training clips that could be read. */
  readonly clips: number;
  readonly best?: Score;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly device: Adapter;
  readonly studio: string;
}

/** @throws InputError when the text is not what this version of the studio writes */
export function parseDescription(text: string, label: string): RunDescription {
  const found = parseJsonObject(text, label);
  checkFormat(found, label);
  const { config, ...rest } = found as unknown as RunDescription;
  return { ...rest, config: parseConfig(config) };
}

/** @throws InputError when the text is not what this version of the studio writes */
export function parseState(text: string, label: string): TrainState {
  const found = parseJsonObject(text, label);
  checkFormat(found, label);
  return found as unknown as TrainState;
}

function checkFormat({ format }: Record<string, unknown>, label: string): void {
  if (format === FORMAT) return;
  throw new InputError(`${label}: its format is ${JSON.stringify(format)}, expected ${FORMAT}.`, {
    hint: 'It was written by another version of the studio: finish the run with that one.',
  });
}
