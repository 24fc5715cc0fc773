import type { Arena, Gpu } from '../../gpu/index.ts';
import type { MediaInputs } from '../media/pass-media.ts';
import type { Policy } from '../policy/policy.ts';
import { ForwardPass } from './forward-pass.ts';
import { scoreTokens } from './pass-inputs.ts';
import type { PassData, PassKind } from './policy-pass.ts';

/**
 * Entropies of the policy's predictions for part of a group, without a loss: the threshold that all parts of the group share
 * must be known before the loss of any. The forward is that of the policy's pass of the same size, so its bits are, too.
 */
export class EntropyPass {
  readonly #gpu: Gpu;
  readonly #forward: ForwardPass;

  private constructor(gpu: Gpu, forward: ForwardPass) {
    this.#gpu = gpu;
    this.#forward = forward;
  }

  static async create(
    policy: Policy,
    arena: Arena,
    media: MediaInputs,
    kind: Pick<PassKind, 'size' | 'shapes'>,
  ): Promise<EntropyPass> {
    const { decoder, adapters } = policy.current;
    const forward = await ForwardPass.create(
      'entropies',
      [policy, arena, media, kind],
      ({ tape, inputs, splices }) => [scoreTokens(tape, decoder, inputs, splices, { adapters }).entropies],
    );
    return new EntropyPass(policy.gpu, forward);
  }

  /** Nats, one for each token that is predicted. */
  async run(data: Omit<PassData, 'batch'>): Promise<Float32Array> {
    const { outputs, rows } = await this.#forward.run(data);
    const found = await this.#gpu.read(outputs[0]!);
    return found.subarray(0, rows);
  }

  [Symbol.dispose](): void {
    this.#forward[Symbol.dispose]();
  }
}
