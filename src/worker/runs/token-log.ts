/** Token values of a run's steps: records in blobs, which the browser holds outside of the heap. The oldest go where they are too many. */
import { TOKEN_VALUES_BYTES } from '../../protocol/token-values.ts';
import type { AnswerTokens } from '../../rl/measure/token-values.ts';
import { decodeAnswer, encodeStep, type FoundRecord } from './token-record.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** In how many segments all bytes of a run's lie: one of them goes at a time. */
const SEGMENTS = 16;
/** Parts of a segment that are joined into one. */
const MOST_PARTS = 64;

/** Records of steps that follow each other: a file of the stored run. */
export interface Segment {
  /** Step of its first record, and its file's name. */
  readonly first: number;
  readonly bytes: number;
  blob(): Blob;
}

class OpenSegment implements Segment {
  readonly first: number;
  readonly records = new Map<number, Pick<FoundRecord, 'start' | 'end' | 'answers'>>();
  bytes = 0;
  #parts: Blob[] = [];

  constructor(first: number) {
    this.first = first;
  }

  append(step: number, answers: number, record: Bytes): void {
    this.takeOver(record, [{ step, answers, start: 0, end: record.byteLength }]);
  }

  /** Takes over records that follow each other in these bytes without a gap. */
  takeOver(bytes: Bytes, records: readonly FoundRecord[]): void {
    const [from, to] = [records[0]!.start, records.at(-1)!.end];
    for (const { step, answers, start, end } of records) {
      this.records.set(step, { start: this.bytes + start - from, end: this.bytes + end - from, answers });
    }
    this.bytes += to - from;
    this.#parts.push(new Blob([bytes.subarray(from, to)]));
    if (this.#parts.length > MOST_PARTS) this.#parts = [this.blob()];
  }

  blob(): Blob {
    return new Blob(this.#parts);
  }
}

/** What is kept of an answer's tokens. */
export interface KeptAnswer {
  readonly tokens?: AnswerTokens;
  /** Answers of the step that are kept. */
  readonly answers: number;
  /** The first step that is kept. */
  readonly first?: number;
}

export class TokenLog {
  readonly #most: number;
  #segments: OpenSegment[] = [];

  /** `most`: bytes that are kept. The latest segment stays whatever its size is. */
  constructor(most = TOKEN_VALUES_BYTES) {
    this.#most = most;
  }

  append(step: number, answers: readonly AnswerTokens[]): void {
    const last = this.#segments.at(-1);
    const isFull = !last || last.bytes >= this.#most / SEGMENTS;
    const segment = isFull ? this.#open(step) : last;
    segment.append(step, answers.length, encodeStep(step, answers));
    this.#thin();
  }

  /** Takes over records of a stored run's file, which is a blob wherever nothing damaged lies between them. */
  takeOver(first: number, file: Bytes, records: readonly FoundRecord[]): void {
    const segment = this.#open(first);
    let stretch: FoundRecord[] = [];
    for (const record of records) {
      if (stretch.length > 0 && stretch.at(-1)!.end !== record.start) {
        segment.takeOver(file, stretch);
        stretch = [];
      }
      stretch.push(record);
    }
    if (stretch.length > 0) segment.takeOver(file, stretch);
    this.#thin();
  }

  #open(first: number): OpenSegment {
    const segment = new OpenSegment(first);
    this.#segments.push(segment);
    return segment;
  }

  #thin(): void {
    while (this.#segments.length > 1 && this.bytes > this.#most) this.#segments.shift();
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** An answer by its place among all of its step. */
  async answer(step: number, place: number): Promise<KeptAnswer> {
    const [first] = this.#segments[0]?.records.keys() ?? [];
    const kept = first === undefined ? {} : { first };
    for (const segment of this.#segments) {
      const record = segment.records.get(step);
      if (!record) continue;
      const { start, end, answers } = record;
      const bytes = new Uint8Array(await segment.blob().slice(start, end).arrayBuffer());
      const tokens = decodeAnswer(bytes, place);
      return { answers, ...kept, ...(tokens ? { tokens } : {}) };
    }
    return { answers: 0, ...kept };
  }
}
