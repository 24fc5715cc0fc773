import { deriveSeed, permutation } from '../math/random.ts';

/** Where a sampler stands: enough to go on after a reload. */
export interface SamplerState {
  readonly epoch: number;
  /** Prompts of the epoch already handed out. */
  readonly index: number;
}

/** The order in which the prompts 0 … n-1 come in an epoch of a run with this seed. */
function promptOrder(n: number, seed: number, epoch: number): number[] {
  return permutation(n, deriveSeed(seed, 'prompts'), epoch);
}

/**
 * Hands out prompt indices 0 … n-1: each once per epoch, in an order that depends on (seed, epoch) alone. A batch at the
 * end of an epoch continues with the next one.
 */
export class PromptSampler {
  private readonly n: number;
  private readonly seed: number;
  private epoch = 0;
  private index = 0;
  private order: number[];

  constructor(n: number, seed: number, state: SamplerState = { epoch: 0, index: 0 }) {
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

  next(count: number): number[] {
    return Array.from({ length: count }, () => {
      if (this.index === this.n) {
        this.epoch += 1;
        this.index = 0;
        this.order = promptOrder(this.n, this.seed, this.epoch);
      }
      return this.order[this.index++]!;
    });
  }
}
