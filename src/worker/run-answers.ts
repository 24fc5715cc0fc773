/** What is asked about the answers of the latest run: of a step, among all of them, of one clip, token by token. It waits for no step. */
import type { AnswerOf, CommandOf } from '../protocol/messages.ts';
import type { OnDevice } from './gpu/on-device.ts';
import { type Emit, progressOf, type Report } from './progress.ts';
import { AnswerSearch, type Searching } from './runs/answer-search.ts';
import type { RunShelf } from './runs/shelf.ts';
import { findTokens } from './token-values.ts';

/** Milliseconds after which a search says how far it is. */
const QUIET_MS = 1000;

export class RunAnswers {
  readonly #device: Pick<OnDevice, 'trained' | 'kept' | 'answers'>;
  readonly #shelf: Pick<RunShelf, 'tokens'>;
  readonly #emit: Emit;
  #search?: AnswerSearch;
  #finding?: AbortController;

  constructor(
    device: Pick<OnDevice, 'trained' | 'kept' | 'answers'>,
    shelf: Pick<RunShelf, 'tokens'>,
    emit: Emit,
  ) {
    this.#device = device;
    this.#shelf = shelf;
    this.#emit = emit;
  }

  tokens(asked: CommandOf<'tokenValues'>): Promise<AnswerOf<'tokenValues'>> {
    return findTokens(asked, this.#device, this.#shelf);
  }

  async ofStep({ step }: CommandOf<'stepAnswers'>): Promise<AnswerOf<'stepAnswers'>> {
    return { groups: (await this.#device.answers?.groups(step)) ?? [] };
  }

  /** One search at a time: the next one ends it, and it is answered by nothing. */
  async find({ requestId, query, from, count }: CommandOf<'findAnswers'>): Promise<AnswerOf<'findAnswers'>> {
    const none = { total: 0, of: 0, labels: [], rows: [] };
    const found = await this.#searched(requestId, none, (search, searching) =>
      search.find(query, { from, count }, searching),
    );
    return found ? { found } : {};
  }

  async ofClip({ requestId, exampleId, bare }: CommandOf<'clipAnswers'>): Promise<AnswerOf<'clipAnswers'>> {
    const visits = await this.#searched(requestId, [], (search, searching) =>
      search.visits(exampleId, bare, searching),
    );
    return visits ? { visits } : {};
  }

  stop(): void {
    this.#finding?.abort();
  }

  #searched<T>(
    requestId: number,
    none: T,
    work: (search: AnswerSearch, searching: Searching) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    this.stop();
    const { answers } = this.#device;
    if (!answers) return Promise.resolve(none);
    if (this.#search?.log !== answers) this.#search = new AnswerSearch(answers);
    this.#finding = new AbortController();
    const report = late(progressOf(this.#emit, 'Searching the answers', 'bytes', requestId));
    return work(this.#search, { report, signal: this.#finding.signal });
  }
}

/** What takes no second says nothing. */
function late(report: Report): Report {
  const start = performance.now();
  return (done, total) => {
    if (performance.now() - start > QUIET_MS) report(done, total);
  };
}
