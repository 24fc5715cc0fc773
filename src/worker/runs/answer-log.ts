/** The answers of a run, line by line, and where those of each step lie. */
import type { RolloutGroup } from '../../protocol/messages.ts';
import { LineLog } from '../line-log.ts';
import { type AnswerLine, answerLines, groupsOfLines, readAnswer } from './answers.ts';

/** Bytes of the log that a step's answers take. */
interface Range {
  readonly start: number;
  end: number;
}

const NEWLINE = 10;
/** Bytes that are read at a time. */
const PIECE_BYTES = 4 << 20;

export class AnswerLog extends LineLog {
  readonly #ranges = new Map<number, Range>();

  /** Appends a step's answers; steps rise. */
  add(step: number, groups: readonly RolloutGroup[]): void {
    if (groups.length === 0) return;
    const start = this.bytes;
    this.append(...answerLines(step, groups));
    this.#reach(step, start);
  }

  /** Takes over a line of a step as it was written, which is copied. */
  takeOver(step: number, line: Uint8Array): void {
    const start = this.bytes;
    this.appendLine(line);
    this.#reach(step, start);
  }

  #reach(step: number, start: number): void {
    const known = this.#ranges.get(step);
    if (known) known.end = this.bytes;
    else this.#ranges.set(step, { start, end: this.bytes });
  }

  /** Steps that have answers, in their order. */
  get steps(): number[] {
    return [...this.#ranges.keys()];
  }

  /** A step's answers; none where it has none. */
  async stepLines(step: number): Promise<AnswerLine[]> {
    const range = this.#ranges.get(step);
    if (!range) return [];
    const text = await this.blob().slice(range.start, range.end).text();
    const lines = text.trimEnd().split('\n');
    return lines.map((line) => readAnswer(JSON.parse(line)));
  }

  /** The same, group by group. */
  async groups(step: number): Promise<RolloutGroup[]> {
    return groupsOfLines(await this.stepLines(step));
  }

  /** All lines from a byte on that begins one, piece by piece, each with the byte behind it. */
  async *lines(from = 0): AsyncGenerator<{ readonly lines: readonly string[]; readonly end: number }> {
    const blob = this.blob();
    const decoder = new TextDecoder();
    let size = PIECE_BYTES;
    for (let start = from; start < blob.size; ) {
      const bytes = new Uint8Array(await blob.slice(start, start + size).arrayBuffer());
      const length = bytes.lastIndexOf(NEWLINE) + 1;
      // A line that is longer than the piece.
      if (length === 0) size *= 2;
      if (length === 0) continue;
      start += length;
      yield { lines: decoder.decode(bytes.subarray(0, length - 1)).split('\n'), end: start };
    }
  }
}
