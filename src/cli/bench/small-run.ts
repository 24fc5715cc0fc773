/** GRPO steps of a small model, timed one by one. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GrpoSteps } from '../../bench/cases/grpo-step.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { Policy } from '../../rl/policy/policy.ts';
import { randomPolicy } from './random-checkpoint.ts';

/** Two layers of four heads of 32. A much smaller one would time how fast the system wakes threads. */
const SMALL = {
  hidden_size: 128,
  intermediate_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 512,
};
/** An eighth of the ids ends a completion, so that lengths vary and passes of several sizes are recorded. */
const SIZE = { group: 4, promptTokens: 16, length: 32, endIds: 64, beta: 0.04 };

export interface TimedStep {
  readonly ms: number;
  /** Tokens of the longest completion: the decode steps that were run. */
  readonly tokens: number;
}

/** What is in memory. */
export interface Held {
  readonly gpuBytes: number;
  readonly heapBytes: number;
}

/** What takes steps that are timed, here or in another process. */
export interface TimedRun extends Disposable {
  /** One step; `draw` chooses what it draws. */
  step(draw: number): Promise<TimedStep>;
  held(): Promise<Held>;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export class SmallRun implements TimedRun {
  readonly #policy: Policy;
  readonly #steps: GrpoSteps;
  readonly #now: () => number;

  private constructor(policy: Policy, steps: GrpoSteps, now: () => number) {
    this.#policy = policy;
    this.#steps = steps;
    this.#now = now;
  }

  static async create(gpu: Gpu, now: () => number): Promise<SmallRun> {
    const policy = await randomPolicy(gpu, SMALL, { rank: 4, maxPositions: 64 });
    return new SmallRun(policy, await GrpoSteps.create(policy, SIZE), now);
  }

  async step(draw: number): Promise<TimedStep> {
    const { rolloutMs, updateMs, lengths } = await this.#steps.run(draw, this.#now);
    return { ms: rolloutMs + updateMs, tokens: Math.max(...lengths) };
  }

  async held(): Promise<Held> {
    collect();
    return { gpuBytes: this.#policy.gpu.ledger.total, heapBytes: process.memoryUsage().heapUsed };
  }

  [Symbol.dispose](): void {
    this.#steps[Symbol.dispose]();
    this.#policy[Symbol.dispose]();
  }
}
