/** Finds answers among all of a run: by their numbers in the index, by their texts in the log, which is read as a stream. */
import type {
  AnswerFilter,
  AnswerOrder,
  AnswerQuery,
  ClipVisit,
  FoundAnswer,
  FoundAnswers,
} from '../../protocol/answer-search.ts';
import { nextMacrotask } from '../lane.ts';
import type { Report } from '../progress.ts';
import { ANSWER_IS, AnswerIndex } from './answer-index.ts';
import type { AnswerLog } from './answer-log.ts';
import { type AnswerLine, readAnswer } from './answers.ts';

export interface Searching {
  /** Bytes of the log that were looked through. */
  readonly report: Report;
  /** Aborted: nothing is answered. */
  readonly signal: AbortSignal;
}

/** The part of what is found that is shown: its first answer from 0, and how many. */
export interface Part {
  readonly from: number;
  readonly count: number;
}

/** What was found last: a table is asked for part by part. */
interface Found {
  readonly query: string;
  /** Answers that there were. */
  readonly of: number;
  readonly places: Uint32Array;
}

const COLUMNS: Record<Exclude<AnswerOrder, 'step'>, 'rewards' | 'advantages' | 'kls' | 'lengths'> = {
  reward: 'rewards',
  advantage: 'advantages',
  kl: 'kls',
  length: 'lengths',
};

export class AnswerSearch {
  readonly #index: AnswerIndex;
  #found?: Found;

  constructor(log: AnswerLog) {
    this.#index = new AnswerIndex(log);
  }

  get log(): AnswerLog {
    return this.#index.log;
  }

  /**
   * A part of the answers that pass. Those behind the first part are of the same answers as it, though the run goes on meanwhile.
   * Undefined where it was aborted.
   */
  async find(query: AnswerQuery, part: Part, searching: Searching): Promise<FoundAnswers | undefined> {
    const found = await this.#places(query, part, searching);
    if (!found) return undefined;
    const { places, of } = found;
    const rows = await this.#rows(places.subarray(part.from, part.from + part.count));
    return { total: places.length, of, labels: this.#index.labelNames.sort(), rows };
  }

  async #places(query: AnswerQuery, { from }: Part, searching: Searching): Promise<Found | undefined> {
    const asked = JSON.stringify(query);
    if (from > 0 && this.#found?.query === asked) return this.#found;
    await this.#index.update(searching.report, searching.signal);
    if (searching.signal.aborted) return undefined;
    const of = this.#index.count;
    const passing = await this.#passing(query, of, searching);
    if (!passing) return undefined;
    this.#found = { query: asked, of, places: this.#ordered(passing, query) };
    return this.#found;
  }

  /** In the order of the run. */
  async #passing(query: AnswerQuery, of: number, searching: Searching): Promise<Uint32Array | undefined> {
    const { filter, bare } = query;
    const passes = this.#passesNumbers(filter, bare);
    const places: number[] = [];
    for (let n = 0; n < of; n++) if (passes(n)) places.push(n);
    if (filter.search === '') return Uint32Array.from(places);
    return this.#withText(filter.search, places, searching);
  }

  #passesNumbers(filter: AnswerFilter, bare: boolean): (n: number) => boolean {
    const { marks, labels, clips } = this.#index;
    const label = filter.label === undefined ? undefined : (this.#index.labelNumber(filter.label) ?? -1);
    const clip =
      filter.exampleId === undefined ? undefined : (this.#index.clipNumber(filter.exampleId) ?? -1);
    const wanted = (filter.silentOnly ? ANSWER_IS.silent : 0) | (filter.cutOnly ? ANSWER_IS.cut : 0);
    const unwanted = filter.wrongOnly ? (bare ? ANSWER_IS.rightBare : ANSWER_IS.right) : 0;
    return (n) =>
      (marks[n]! & wanted) === wanted &&
      (marks[n]! & unwanted) === 0 &&
      (label === undefined || labels[n] === label) &&
      (clip === undefined || clips[n] === clip);
  }

  async #withText(
    search: string,
    among: readonly number[],
    { report, signal }: Searching,
  ): Promise<Uint32Array | undefined> {
    const holds = holder(search);
    const places: number[] = [];
    let [n, next] = [0, 0];
    for await (const { lines, end } of this.log.lines()) {
      for (const line of lines) {
        if (next >= among.length) break;
        if (among[next] === n && holds(line)) places.push(n);
        if (among[next] === n) next++;
        n++;
      }
      report(end, this.log.bytes);
      if (next >= among.length) break;
      // What is asked next may end this.
      await nextMacrotask();
      if (signal.aborted) return undefined;
    }
    return Uint32Array.from(places);
  }

  #ordered(places: Uint32Array, { order, rising }: AnswerQuery): Uint32Array {
    if (order === 'step') return rising ? places : places.toReversed();
    const column = this.#index[COLUMNS[order]];
    const sign = rising ? 1 : -1;
    return places.sort((a, b) => {
      const [x, y] = [column[a]!, column[b]!];
      if (Number.isNaN(x) || Number.isNaN(y))
        return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
      return sign * (x - y) || a - b;
    });
  }

  /** Answers of one step lie together, and are read together. */
  async #rows(numbers: Uint32Array): Promise<FoundAnswer[]> {
    const { steps, places } = this.#index;
    const wanted = [...new Set([...numbers].map((n) => steps[n]!))];
    const lines = new Map(
      await Promise.all(wanted.map(async (step) => [step, await this.log.stepLines(step)] as const)),
    );
    return [...numbers].map((n) => foundAnswer(lines.get(steps[n]!)![places[n]!]!, places[n]!));
  }

  /** Every step that asked a clip. Undefined where it was aborted. */
  async visits(exampleId: string, bare: boolean, searching: Searching): Promise<ClipVisit[] | undefined> {
    await this.#index.update(searching.report, searching.signal);
    if (searching.signal.aborted) return undefined;
    const { steps, rewards, marks, clips, count } = this.#index;
    const clip = this.#index.clipNumber(exampleId);
    const right = bare ? ANSWER_IS.rightBare : ANSWER_IS.right;
    const visits = new Map<number, ClipVisit>();
    for (let n = 0; n < count; n++) {
      if (clips[n] !== clip) continue;
      const visit = visits.get(steps[n]!) ?? { step: steps[n]!, answers: 0, right: 0, reward: 0 };
      visit.answers++;
      if (marks[n]! & right) visit.right++;
      visit.reward += (rewards[n]! - visit.reward) / visit.answers;
      visits.set(visit.step, visit);
    }
    return [...visits.values()];
  }
}

/** Whether an answer's line holds a text. Most lines do not, which is seen without parsing them where JSON writes the text as it is. */
function holder(search: string): (line: string) => boolean {
  const wanted = search.toLowerCase();
  const isPlain = JSON.stringify(wanted) === `"${wanted}"`;
  return (line) =>
    (!isPlain || line.toLowerCase().includes(wanted)) &&
    readAnswer(JSON.parse(line)).text.toLowerCase().includes(wanted);
}

function foundAnswer({ index: _, ...line }: AnswerLine, place: number): FoundAnswer {
  return { ...line, place };
}
