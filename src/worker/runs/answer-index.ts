/** The numbers of a run's answers, a column each, out of its log: what filters and orders ask for without reading texts. */
import { isSilent, readingOf } from '../../protocol/answer-search.ts';
import type { Report } from '../progress.ts';
import type { AnswerLog } from './answer-log.ts';
import { type AnswerLine, readAnswer } from './answers.ts';

/** What is known of an answer by yes or no. */
export const ANSWER_IS = { right: 1, rightBare: 2, cut: 4, silent: 8 } as const;

export class AnswerIndex {
  readonly log: AnswerLog;
  readonly steps: number[] = [];
  /** Place among the answers of the step. */
  readonly places: number[] = [];
  readonly rewards: number[] = [];
  readonly advantages: number[] = [];
  readonly kls: number[] = [];
  readonly lengths: number[] = [];
  /** Sums of `ANSWER_IS`. */
  readonly marks: number[] = [];
  /** Numbers of clips and labels. */
  readonly clips: number[] = [];
  readonly labels: number[] = [];
  readonly #clipNumbers = new Map<string, number>();
  readonly #labelNumbers = new Map<string, number>();
  /** Bytes of the log that are in it. */
  #bytes = 0;
  /** The group that goes on. */
  #group: AnswerLine[] = [];
  #updating: Promise<void> = Promise.resolve();

  constructor(log: AnswerLog) {
    this.log = log;
  }

  get count(): number {
    return this.steps.length;
  }

  get labelNames(): string[] {
    return [...this.#labelNumbers.keys()];
  }

  labelNumber(label: string): number | undefined {
    return this.#labelNumbers.get(label);
  }

  clipNumber(exampleId: string): number | undefined {
    return this.#clipNumbers.get(exampleId);
  }

  /** Takes in what the log has more, one call after the other. What is read by the time it is aborted stays. */
  update(report: Report, signal?: AbortSignal): Promise<void> {
    this.#updating = this.#updating.then(() => this.#update(report, signal));
    return this.#updating;
  }

  async #update(report: Report, signal: AbortSignal | undefined): Promise<void> {
    const total = this.log.bytes;
    for await (const { lines, end } of this.log.lines(this.#bytes)) {
      for (const line of lines) this.#take(readAnswer(JSON.parse(line)));
      this.#bytes = end;
      report(end, total);
      if (signal?.aborted) return;
    }
    this.#endGroup();
  }

  #take(line: AnswerLine): void {
    const before = this.#group.at(-1);
    const goesOn =
      before?.step === line.step && before.exampleId === line.exampleId && before.index < line.index;
    if (!goesOn) this.#endGroup();
    const place = before?.step === line.step ? this.places.at(-1)! + 1 : 0;
    this.#group.push(line);
    this.steps.push(line.step);
    this.places.push(place);
    this.rewards.push(line.total);
    this.advantages.push(line.advantage);
    this.kls.push(line.meanKl ?? Number.NaN);
    this.lengths.push(line.tokens);
    this.clips.push(numberOf(this.#clipNumbers, line.exampleId));
    this.labels.push(numberOf(this.#labelNumbers, line.label));
    this.marks.push(
      (readingOf(line, false) === line.label ? ANSWER_IS.right : 0) |
        (readingOf(line, true) === line.label ? ANSWER_IS.rightBare : 0) |
        (line.ended === 'length' ? ANSWER_IS.cut : 0),
    );
  }

  #endGroup(): void {
    if (this.#group.length > 0 && isSilent(this.#group)) {
      for (let at = this.count - this.#group.length; at < this.count; at++)
        this.marks[at]! |= ANSWER_IS.silent;
    }
    this.#group = [];
  }
}

/** The number of a name, which is given one when it is first seen. */
function numberOf(numbers: Map<string, number>, name: string): number {
  const known = numbers.get(name) ?? numbers.size;
  numbers.set(name, known);
  return known;
}
