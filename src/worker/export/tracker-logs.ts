/**
 * `logs/`: a run's metrics as other programs read them: a table, TensorBoard's event file, and lines that a script beside them hands
 * to wandb or trackio. Names are those that transformers' callbacks give a run of TRL.
 */

import { eventRecords, type ScalarEvent } from '../../io/formats/tensorboard.ts';
import { jsonLines } from '../../io/json/json-lines.ts';
import { type FileToWrite, inFolder, textFile } from '../../io/writing/file-to-write.ts';
import { isMetricKey, metricsOf } from '../../protocol/metrics.ts';
import type { Run } from '../run.ts';
import sendPy from './python/send_logs.py?raw';

/** Whose metrics they are: a run that is kept says its name and when it began. */
export interface LoggedRun {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A line of metrics.jsonl. */
interface Line {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** By phase. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Seconds that the run's steps took until this one's end: time between them, as of a pause, is not among them. */
  readonly runtime: number;
}

/** Nothing is read before it is written. */
export function trackerLogs({ metricsLog }: Pick<Run, 'metricsLog'>, run: LoggedRun): FileToWrite[] {
  const log = metricsLog.blob();
  const begun = run.createdAt / 1000;
  const made = (path: string, share: number, pieces: () => AsyncIterable<string | Bytes>): FileToWrite => ({
    path,
    bytes: Math.round(log.size * share),
    pieces: () => encoded(pieces()),
  });
  return inFolder('logs', [
    made('metrics.csv', CSV_SHARE, () => csv(log, begun)),
    made(`tensorboard/${run.name}/events.out.tfevents.${Math.floor(begun)}.studio`, EVENTS_SHARE, () =>
      eventRecords(begun, eventsOf(log, begun)),
    ),
    made('metrics-wandb.jsonl', 1, () => wandbLines(log, begun)),
    textFile('send_logs.py', sendPy),
  ]);
}

type Bytes = Uint8Array<ArrayBuffer>;

// How large the files are beside metrics.jsonl, about: names stand in the table once, and in events beside four bytes.
const CSV_SHARE = 0.5;
const EVENTS_SHARE = 0.8;

async function* encoded(pieces: AsyncIterable<string | Bytes>): AsyncGenerator<Bytes> {
  const encoder = new TextEncoder();
  for await (const piece of pieces) yield typeof piece === 'string' ? encoder.encode(piece) : piece;
}

async function* lines(log: Blob): AsyncGenerator<Line> {
  let runtime = 0;
  for await (const { value } of jsonLines(log)) {
    const {
      step,
      seconds,
      changed: _,
      ...reported
    } = value as { step: number; seconds: object; changed?: object };
    const metrics = withNaN(reported);
    if (Number.isFinite(metrics.step_time)) runtime += metrics.step_time!;
    yield { step, metrics, seconds: withNaN(seconds), runtime };
  }
}

/** JSON has no NaN and no infinity: the log has null for them. */
function withNaN(found: object): Record<string, number> {
  return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, value ?? Number.NaN]));
}

/** A column a metric, under the name that metrics.jsonl has. What a step does not report is empty. */
async function* csv(log: Blob, begun: number): AsyncGenerator<string> {
  const reported = new Set<string>();
  for await (const { metrics, seconds } of lines(log))
    for (const key of [...Object.keys(metrics), ...phaseKeys(seconds)]) reported.add(key);
  const known = metricsOf(reported).map(({ key }): string => key);
  const columns = [...new Set([...known.filter((key) => reported.has(key)), ...reported])];
  yield csvLine(['step', 'timestamp', 'runtime', ...columns]);
  for await (const { step, metrics, seconds, runtime } of lines(log)) {
    const values: Record<string, number> = { ...metrics, ...withPhases(seconds) };
    const timestamp = new Date((begun + runtime) * 1000).toISOString();
    yield csvLine([step, timestamp, runtime, ...columns.map((key) => values[key] ?? '')]);
  }
}

const csvLine = (cells: readonly (string | number)[]): string => `${cells.map(cell).join(',')}\n`;

/** What a reward logs may have any name. */
function cell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const phaseKey = (phase: string): string => `seconds/${phase}`;
const phaseKeys = (seconds: object): string[] => Object.keys(seconds).map(phaseKey);
const withPhases = (seconds: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(seconds).map(([phase, value]) => [phaseKey(phase), value]));

async function* eventsOf(log: Blob, begun: number): AsyncGenerator<ScalarEvent> {
  for await (const line of lines(log))
    yield { wallTime: begun + line.runtime, step: line.step, scalars: tracked(line) };
}

/** A step a line, as wandb writes a run's history. */
async function* wandbLines(log: Blob, begun: number): AsyncGenerator<string> {
  for await (const line of lines(log)) {
    const { step, runtime } = line;
    const history = { _step: step, _timestamp: begun + runtime, _runtime: runtime, ...tracked(line) };
    yield `${JSON.stringify(history)}\n`;
  }
}

/** `train/` before what a step measured, as transformers' callbacks write it; evaluations and times of phases say whose they are. */
function tracked({ metrics, seconds }: Line): Record<string, number> {
  const named = Object.entries(metrics).map(([key, value]) => [trackedName(key), value]);
  return { ...Object.fromEntries(named), ...withPhases(seconds) };
}

/** What rewards log, TRL logs under the bare name; one that is a metric's stays apart from that. */
function trackedName(key: string): string {
  const bare = key.replace(/^log\//, '');
  return key.startsWith('eval/') ? key : `train/${isMetricKey(bare) ? key : bare}`;
}
