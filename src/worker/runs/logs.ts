/** The growing files of a stored run: `events.jsonl` (steps and evaluations) and `rollouts.jsonl` (answers). */
import type { FileStore } from '../../io/file-store.ts';
import { encodeLines, jsonLines } from '../../io/json-lines.ts';
import type { Alarm } from '../../protocol/alarms.ts';
import type { EvalResult, EventOf, RolloutGroup } from '../../protocol/messages.ts';
import type { MetricValues } from '../../protocol/metrics.ts';
import { type AnswerLine, answerLines, groupsOfLines } from './answers.ts';

type StepLine = EventOf<'step'>;
type EvalLine = { readonly type: 'eval'; readonly result: EvalResult };
type AlarmLine = EventOf<'alarm'>;
type EventLine = StepLine | EvalLine | AlarmLine;

/** What reading the logs back finds, in the order in which it was written; answers come after all steps. */
export interface LogReader {
  step(event: StepLine): void;
  evaluation(result: EvalResult): void;
  alarm(alarm: Alarm): void;
  answers(step: number, groups: readonly RolloutGroup[]): void;
}

export class RunLogs {
  readonly #store: FileStore;
  readonly #events: string;
  readonly #answers: string;

  /** `folder` is the run's. */
  constructor(store: FileStore, folder: string) {
    this.#store = store;
    this.#events = `${folder}/events.jsonl`;
    this.#answers = `${folder}/rollouts.jsonl`;
  }

  async addStep(event: StepLine, groups: readonly RolloutGroup[]): Promise<void> {
    await this.#store.append(this.#events, encodeLines([event]));
    const lines = answerLines(event.step, groups);
    if (lines.length > 0) await this.#store.append(this.#answers, encodeLines(lines));
  }

  async addEvaluation(result: EvalResult): Promise<void> {
    const line: EvalLine = { type: 'eval', result };
    await this.#store.append(this.#events, encodeLines([line]));
  }

  async addAlarm(alarm: Alarm): Promise<void> {
    const line: AlarmLine = { type: 'alarm', alarm };
    await this.#store.append(this.#events, encodeLines([line]));
  }

  /** Hands everything up to `step` to the reader and cuts the files off there: what came later is done again. */
  async replay(step: number, reader: LogReader): Promise<void> {
    await this.#readUntil(this.#events, step, (line: EventLine) => {
      if (line.type === 'eval') reader.evaluation(line.result);
      else if (line.type === 'alarm') reader.alarm(line.alarm);
      else reader.step({ ...line, metrics: withNaN(line.metrics) });
    });
    let together: AnswerLine[] = [];
    const handOver = (): void => {
      const [first] = together;
      if (first) reader.answers(first.step, groupsOfLines(together));
      together = [];
    };
    await this.#readUntil(this.#answers, step, (line: AnswerLine) => {
      if (together[0] && together[0].step !== line.step) handOver();
      together.push(line);
    });
    handOver();
  }

  async #readUntil<T extends EventLine | AnswerLine>(
    path: string,
    step: number,
    take: (line: T) => void,
  ): Promise<void> {
    const file = await this.#store.read(path);
    if (!file) return;
    let kept = 0;
    for await (const { value, end } of jsonLines(file)) {
      const line = value as T;
      if (stepOf(line) > step) break;
      take(line);
      kept = end;
    }
    if (kept < file.size) await this.#store.truncate(path, kept);
  }
}

function stepOf(line: EventLine | AnswerLine): number {
  if ('alarm' in line) return line.alarm.step;
  return 'result' in line ? line.result.step : line.step;
}

/** JSON has no NaN and no infinity: they were written as null. */
function withNaN(metrics: Readonly<Record<string, number | null | undefined>>): MetricValues {
  return Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, value ?? Number.NaN]));
}
