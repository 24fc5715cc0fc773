import { deriveSeed, permutation } from '../math/random.ts';

/** Where a sampler stands: enough to go on after a reload. */
export interface SamplerState {
  readonly epoch: number;
  /** Prompts of the epoch already handed out or passed over. */
  readonly index: number;
}

/** Whether a prompt cannot be used: then it gives way to the next of the order. */
export type IsOut = (prompt: number) => boolean;

const START: SamplerState = { epoch: 0, index: 0 };
const noneIsOut: IsOut = () => false;

/** The order in which the prompts 0 … n-1 come in an epoch of a run with this seed. */
function promptOrder(n: number, seed: number, epoch: number): number[] {
  return permutation(n, deriveSeed(seed, 'prompts'), epoch);
}

/**
 * Hands out prompt indices 0 … n-1: each once per epoch, in an order that depends on (seed, epoch) alone. A batch at the
 * end of an epoch continues with the next one. A prompt that is out is passed over when its turn comes, so that the order of
 * the others is the same whether that is known from the start or found out just before the turn (why: D-152).
 */
export class PromptSampler {
  private readonly n: number;
  private readonly seed: number;
  private epoch = 0;
  private index = 0;
  private order: number[];

  constructor(n: number, seed: number, state: SamplerState = START) {
    if (n < 1) throw new RangeError('PromptSampler: there are no prompts to sample from.');
    this.n = n;
    this.seed = seed;
    this.epoch = state.epoch;
    this.index = state.index;
    this.order = promptOrder(n, seed, this.epoch);
  }

  get state(): SamplerState {
    return { epoch: this.epoch, index: this.index };
  }

  /** Epochs so far, with the fraction of the present one. */
  get epochs(): number {
    return this.epoch + this.index / this.n;
  }

  /** Whether a prompt's turn has come at least once. */
  hadTurn(prompt: number): boolean {
    return this.epoch > 0 || this.order.indexOf(prompt) < this.index;
  }

  /** @throws RangeError when every prompt is out */
  next(count: number, isOut = noneIsOut): number[] {
    return Array.from({ length: count }, () => this.draw(isOut));
  }

  /** What `next` would hand out. */
  ahead(count: number, isOut = noneIsOut): number[] {
    return new PromptSampler(this.n, this.seed, this.state).next(count, isOut);
  }

  private draw(isOut: IsOut): number {
    // The rest of an epoch and the whole of the next one hold every prompt.
    for (let passed = 0; passed < 2 * this.n; passed++) {
      if (this.index === this.n) {
        this.epoch += 1;
        this.index = 0;
        this.order = promptOrder(this.n, this.seed, this.epoch);
      }
      const prompt = this.order[this.index++]!;
      if (!isOut(prompt)) return prompt;
    }
    throw new RangeError('PromptSampler: every prompt is out.');
  }
}
