/**
 * The growing files of a stored run: `events.jsonl` (steps, alarms and evaluations), `rollouts.jsonl` (answers) and `tokens/` (values
 * of the answers' tokens). Every line and every record has a checksum. They are what charts and tables show: no step depends on them, so a damaged line is said and passed over.
 */

import { type JsonLine, jsonLines } from '../../io/json/json-lines.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import { InputError } from '../../math/errors.ts';
import type { Alarm } from '../../protocol/alarms.ts';
import { decodeEvent } from '../../protocol/decode.ts';
import type { EvalClip, EvalResult, EventOf } from '../../protocol/messages.ts';
import { isMetricKey } from '../../protocol/metrics.ts';
import { LineLog } from '../line-log.ts';
import type { AnswerLog } from './answer-log.ts';
import { readAnswer, stepOfBytes } from './answers.ts';
import { GrowingFile } from './growing-file.ts';
import { TokenFiles } from './token-files.ts';
import type { TokenLog } from './token-log.ts';

export type StepLine = EventOf<'step'>;
type EvalLine = { readonly type: 'eval'; readonly result: EvalResult };
type AlarmLine = EventOf<'alarm'>;

export const EVENTS = 'events.jsonl';
const ANSWERS = 'rollouts.jsonl';

/** What reading the logs back finds, in the order in which it was written. Answers go into the run's own log of them. */
export interface LogReader {
  step(event: StepLine): void;
  evaluation(result: EvalResult): void;
  alarm(alarm: Alarm): void;
}

export class RunLogs {
  readonly #store: FileStore;
  readonly #folder: string;
  readonly #lines = new LineLog();
  readonly #log: AnswerLog;
  readonly #events: GrowingFile;
  readonly #answers: GrowingFile;
  readonly #tokens: TokenFiles;

  /** `folder` is the run's; `answers` and `tokens` are what the run itself keeps of its answers. */
  constructor(store: FileStore, folder: string, answers: AnswerLog, tokens: TokenLog) {
    this.#store = store;
    this.#folder = folder;
    this.#log = answers;
    this.#events = new GrowingFile(store, `${folder}/${EVENTS}`, this.#lines);
    this.#answers = new GrowingFile(store, `${folder}/${ANSWERS}`, answers);
    this.#tokens = new TokenFiles(store, folder, tokens);
  }

  addStep(event: StepLine): void {
    this.#lines.append(event);
  }

  addEvaluation(result: EvalResult): void {
    const line: EvalLine = { type: 'eval', result };
    this.#lines.append(line);
  }

  addAlarm(alarm: Alarm): void {
    const line: AlarmLine = { type: 'alarm', alarm };
    this.#lines.append(line);
  }

  /** Writes what is not written yet. Throws when the device refuses; a later call goes on from there. */
  async flush(): Promise<void> {
    await this.#events.flush();
    await this.#answers.flush();
    await this.#tokens.flush();
  }

  /**
   * Hands everything up to `step` to the reader, cuts the files off there (what came later is done again), and goes on
   * behind it. `from`: the folder that is read, where another run's logs are taken over; that is left as it is.
   * @returns a sentence for each file that was damaged
   */
  async replay(step: number, reader: LogReader, from = this.#folder): Promise<string[]> {
    const events = new Reading(this.#store, `${from}/${EVENTS}`, step);
    await events.read(({ value, bytes, intact }) => {
      const line = readEvent(value as Record<string, unknown>);
      if (bytes && intact) this.#lines.appendLine(bytes);
      else this.#lines.append(line);
      if (line.type === 'eval') reader.evaluation(line.result);
      else if (line.type === 'alarm') reader.alarm(line.alarm);
      else reader.step(line);
    });
    const answers = new Reading(this.#store, `${from}/${ANSWERS}`, step);
    await answers.read((line, at) => this.#log.takeOver(at, answerBytes(line)));
    if (from === this.#folder) {
      this.#events.holdsAll(await events.cut());
      this.#answers.holdsAll(await answers.cut());
    }
    const tokens = await this.#tokens.replay(step, from === this.#folder ? undefined : from);
    return [...events.notes(), ...answers.notes(), ...tokens];
  }
}

/** Every step of a stored run up to `step`, as they lie there: nothing is written. */
export async function storedSteps(store: FileStore, folder: string, step: number): Promise<StepLine[]> {
  const steps: StepLine[] = [];
  await new Reading(store, `${folder}/${EVENTS}`, step).read(({ value }) => {
    const line = readEvent(value as Record<string, unknown>);
    if (line.type === 'step') steps.push(line);
  });
  return steps;
}

const encoder = new TextEncoder();

/** An answer's line as it was written; one that cannot be relied on is read. @throws InputError where it is no answer */
function answerBytes(line: JsonLine): Uint8Array {
  if (line.bytes && isAsWritten(line)) return line.bytes;
  return encoder.encode(JSON.stringify(readAnswer(line.value as Record<string, unknown>)));
}

const isAsWritten = ({ intact, bytes }: JsonLine): boolean =>
  intact === true && bytes !== undefined && stepOfBytes(bytes) !== undefined;

/** Not every line has to be parsed for its step. */
const stepOfLine = (line: JsonLine): number | undefined =>
  isAsWritten(line) ? stepOfBytes(line.bytes!) : stepOf(line.value);

/** One reading of a log up to a step. */
class Reading {
  readonly #store: FileStore;
  readonly #path: string;
  readonly #step: number;
  /** Step of the last line that was taken, and where that ends. */
  #last = 0;
  #kept = 0;
  #size = 0;
  readonly #left: number[] = [];
  readonly #changed: number[] = [];
  #unreadable?: string;

  constructor(store: FileStore, path: string, step: number) {
    this.#store = store;
    this.#path = path;
    this.#step = step;
  }

  /** `take` throws an InputError for what it cannot take. Steps rise, but for what tells of the start: a line out of their order is passed over. */
  async read(take: (line: JsonLine, step: number) => void): Promise<void> {
    const file = await this.#open();
    if (!file) return;
    this.#size = file.size;
    let isBehind = false;
    for await (const line of jsonLines(file)) {
      const step = stepOfLine(line);
      // Behind the step, which whoever wrote it did not live to keep.
      if (step !== undefined && step > this.#step && line.intact !== false) {
        isBehind = true;
        continue;
      }
      if (isBehind && isOfStart(line, step)) continue;
      if (this.#takes(line, step, take)) this.#kept = line.end;
      else this.#left.push(line.line);
    }
  }

  async #open(): Promise<Blob | undefined> {
    try {
      return await this.#store.read(this.#path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#unreadable = error.message;
      return undefined;
    }
  }

  #takes(found: JsonLine, step: number | undefined, take: (line: JsonLine, step: number) => void): boolean {
    const { line, intact } = found;
    // Of a changed line the step may be what was changed.
    const most = intact === false ? Math.min(this.#last + 1, this.#step) : this.#step;
    if (step === undefined || step > most) return false;
    if (step < this.#last && !isOfStart(found, step)) return false;
    try {
      take(found, step);
    } catch (error) {
      if (error instanceof InputError) return false;
      throw error;
    }
    if (intact === false) this.#changed.push(line);
    this.#last = Math.max(this.#last, step);
    return true;
  }

  /** Cuts off what comes after the last line that was kept. @returns where that ends */
  async cut(): Promise<number> {
    if (this.#kept < this.#size) await this.#store.truncate(this.#path, this.#kept);
    return this.#kept;
  }

  notes(): string[] {
    const notes = this.#unreadable === undefined ? [] : [this.#unreadable];
    if (this.#left.length > 0) {
      notes.push(`${this.#path}: ${lineNumbers(this.#left)} unreadable, and left out of charts and tables.`);
    }
    if (this.#changed.length > 0) {
      notes.push(
        `${this.#path}: ${lineNumbers(this.#changed)} not as written; what charts and tables show of it may be wrong.`,
      );
    }
    return notes;
  }
}

/** `line 3 is`, `lines 3, 4, 9 and 12 others are` */
function lineNumbers(lines: readonly number[]): string {
  if (lines.length === 1) return `line ${lines[0]} is`;
  const named = lines.slice(0, 5).join(', ');
  return `lines ${named}${lines.length > 5 ? ` and ${lines.length - 5} others` : ''} are`;
}

type Line = { step?: unknown } | null;

/** Undefined for what is no line of a log. */
function stepOf(value: unknown): number | undefined {
  const line = value as { step?: unknown; result?: Line; alarm?: Line } | null | undefined;
  const step = line?.result?.step ?? line?.alarm?.step ?? line?.step;
  return Number.isSafeInteger(step) && (step as number) >= 0 ? (step as number) : undefined;
}

/** Whether a line tells what the run began with, which is measured at any of its steps. */
function isOfStart({ value }: JsonLine, step: number | undefined): boolean {
  return step === 0 && (value as { result?: Line } | null | undefined)?.result?.step === 0;
}

/** @throws InputError when the page could not take it */
export function readEvent(value: Record<string, unknown>): StepLine | EvalLine | AlarmLine {
  if (value.type === 'alarm') return decodeEvent({ type: 'alarm', alarm: value.alarm }) as AlarmLine;
  if (value.type !== 'eval') return readStep(value);
  const { clips, interval, uarInterval, ...numbers } = value.result as Record<string, unknown>;
  const intervals = { interval: intervalOf(interval), uarInterval: intervalOf(uarInterval) };
  const result = { ...(withNaN(numbers) as object), ...intervals, clips };
  const { type, result: read } = decodeEvent({ type: 'eval', result }) as EventOf<'eval'>;
  if (read.clips.every(isClip)) return { type, result: read };
  throw new InputError('A clip of the evaluation has another shape.');
}

/** Metrics that another version of the studio reported by other names are left aside. */
function readStep({ step, metrics, seconds, basis, changed }: Record<string, unknown>): StepLine {
  const event = {
    type: 'step',
    step,
    metrics: numbersIn(metrics, isKnownMetric),
    seconds: numbersIn(seconds),
  };
  const fits = Number.isFinite(step) && event.metrics && event.seconds;
  if (fits && basis === undefined && changed === undefined) return event as StepLine;
  // By the schema only where there is more, or something wrong, which it says: there are tens of thousands of steps.
  const known = fits ? event : { ...event, metrics, seconds };
  const more = {
    ...(basis === undefined ? {} : { basis: withNaN(basis) }),
    ...(changed === undefined ? {} : { changed }),
  };
  return decodeEvent({ ...known, ...more }) as StepLine;
}

const knownMetrics = new Map<string, boolean>();

function isKnownMetric(key: string): boolean {
  const known = knownMetrics.get(key) ?? isMetricKey(key);
  knownMetrics.set(key, known);
  return known;
}

/** Numbers by name, null of which was none; undefined where something else is among them. */
function numbersIn(found: unknown, wanted = (_: string) => true): Record<string, number> | undefined {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
  const numbers: Record<string, number> = {};
  for (const [key, value] of Object.entries(found)) {
    if (!wanted(key)) continue;
    if (value !== null && typeof value !== 'number') return undefined;
    numbers[key] = value ?? Number.NaN;
  }
  return numbers;
}

function isClip(value: unknown): boolean {
  const clip = value as Partial<EvalClip> | null;
  return (
    typeof clip?.exampleId === 'string' &&
    typeof clip.label === 'string' &&
    Array.isArray(clip.answers) &&
    clip.answers.every((answer: unknown) => typeof answer === 'object' && answer !== null)
  );
}

/** Where the clips cannot tell it, an interval is null itself; its bounds are numbers. */
const intervalOf = (found: unknown): unknown => (found === null ? null : withNaN(found));

/** JSON has no NaN and no infinity: they were written as null. */
function withNaN(found: unknown): unknown {
  if (found === null) return Number.NaN;
  if (Array.isArray(found)) return found.map(withNaN);
  if (typeof found !== 'object') return found;
  return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, withNaN(value)]));
}
