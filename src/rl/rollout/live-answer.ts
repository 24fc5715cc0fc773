import type { LiveAnswer } from '../../protocol/live-answer.ts';
import { StreamDecoder, type Tokenizer } from '../../text/tokenizer.ts';
import type { Listener } from './generator.ts';

/** Most events in any one second. */
const PER_SECOND = 10;
const SECOND_MS = 1000;

/** What a step's answers are told by. */
export interface StepAnswers {
  /** Counts from 1, as in the events. */
  readonly step: number;
  /** Of each prompt, the example's id. */
  readonly exampleIds: readonly string[];
  readonly tokenizer: Tokenizer;
}

/** The answer that is followed just now. */
interface Followed {
  readonly row: number;
  readonly decoder: StreamDecoder;
  /** Tokens decoded so far. */
  tokens: number;
  /** Characters told so far. */
  at: number;
}

/**
 * Tells one answer of a run piece by piece while it is sampled, then another. The last event of a second is kept for the end
 * of the answer, so that each answer that was begun is told to its end.
 */
export class LiveAnswers {
  readonly #say: (piece: LiveAnswer) => void;
  readonly #now: () => number;
  /** When events were sent, within the last second. */
  #sent: number[] = [];

  constructor(say: (piece: LiveAnswer) => void, now: () => number = () => performance.now()) {
    this.#say = say;
    this.#now = now;
  }

  /** Listens to a step's rollout. */
  listen({ step, exampleIds, tokenizer }: StepAnswers): Listener {
    let followed: Followed | undefined;
    return {
      choose: (rows) => {
        if (followed) return followed.row;
        const [row] = this.#isTime() ? rows : [];
        if (row === undefined) return undefined;
        followed = { row, decoder: new StreamDecoder(tokenizer), tokens: 0, at: 0 };
        return row;
      },
      hear: ({ prompt, index }, ids, isWhole) => {
        if (!followed || (!isWhole && !this.#isTime())) return;
        const text = decodeOn(followed, ids, isWhole);
        const { tokens, at } = followed;
        if (!isWhole && text === '') return;
        this.#tell({ step, exampleId: exampleIds[prompt]!, completion: index, at, text, tokens });
        followed.at += text.length;
        if (isWhole) followed = undefined;
      },
    };
  }

  #tell(piece: LiveAnswer): void {
    this.#sent.push(this.#now());
    this.#say(piece);
  }

  /** Whether an event that is not an answer's last may be sent. */
  #isTime(): boolean {
    const now = this.#now();
    this.#sent = this.#sent.filter((time) => now - time < SECOND_MS);
    const last = this.#sent.at(-1) ?? Number.NEGATIVE_INFINITY;
    return now - last >= SECOND_MS / PER_SECOND && this.#sent.length < PER_SECOND - 1;
  }
}

/** The text of the ids that were drawn since the last piece, as far as their last character is whole. */
function decodeOn(followed: Followed, ids: Uint32Array, isWhole: boolean): string {
  const { decoder, tokens } = followed;
  followed.tokens = ids.length;
  return decoder.push(...ids.subarray(tokens)) + (isWhole ? decoder.flush() : '');
}
