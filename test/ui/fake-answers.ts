/** What the pretended worker is asked about the answers of its run, found by the worker's own search. */
import type { CommandOf, Event } from '../../src/protocol/messages.ts';
import { AnswerLog } from '../../src/worker/runs/answer-log.ts';
import { AnswerSearch } from '../../src/worker/runs/answer-search.ts';

type Asked = CommandOf<'stepAnswers'> | CommandOf<'findAnswers'> | CommandOf<'clipAnswers'>;

export class FakeAnswers {
  readonly #say: (event: Event) => void;
  #search = new AnswerSearch(new AnswerLog());

  constructor(say: (event: Event) => void) {
    this.#say = say;
  }

  get log(): AnswerLog {
    return this.#search.log;
  }

  clear(): void {
    this.#search = new AnswerSearch(new AnswerLog());
  }

  async answer(asked: Asked): Promise<void> {
    const { requestId } = asked;
    const searching = { report: () => undefined, signal: new AbortController().signal };
    if (asked.type === 'stepAnswers') {
      this.#say({ type: 'stepAnswers', requestId, groups: await this.log.groups(asked.step) });
    } else if (asked.type === 'findAnswers') {
      const { query, from, count } = asked;
      const found = await this.#search.find(query, { from, count }, searching);
      this.#say({ type: 'findAnswers', requestId, ...(found ? { found } : {}) });
    } else {
      const visits = await this.#search.visits(asked.exampleId, asked.bare, searching);
      this.#say({ type: 'clipAnswers', requestId, ...(visits ? { visits } : {}) });
    }
    this.#say({ type: 'done', requestId });
  }
}
