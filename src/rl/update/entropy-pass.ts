import { positionAxes } from '../../decoder/qwen2.ts';
import { type Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import type { MediaInputs } from '../media/pass-media.ts';
import type { Policy } from '../policy/policy.ts';
import { PassInputs, scoreTokens } from './pass-inputs.ts';
import { type PassData, type PassKind, recordMedia } from './policy-pass.ts';

/**
 * Entropies of the policy's predictions for part of a group, without a loss: the threshold that all parts of the group share
 * must be known before the loss of any. The forward is that of the policy's pass of the same size, so its bits are, too.
 */
export class EntropyPass {
  readonly #gpu: Gpu;
  readonly #media: MediaInputs;
  readonly #inputs: PassInputs;
  #plan!: Plan;
  #entropies!: Tensor;

  private constructor({ gpu, config }: Policy, media: MediaInputs, { size }: Pick<PassKind, 'size'>) {
    this.#gpu = gpu;
    this.#media = media;
    this.#inputs = new PassInputs(gpu, size, positionAxes(config.decoder));
  }

  static async create(
    policy: Policy,
    arena: Arena,
    media: MediaInputs,
    kind: Pick<PassKind, 'size' | 'shapes'>,
  ): Promise<EntropyPass> {
    const pass = new EntropyPass(policy, media, kind);
    const tape = Tape.on(policy.gpu);
    const { decoder, adapters } = policy.current;
    tape.recorder.mark('forward');
    const { entropies } = tape.constant(() =>
      scoreTokens(tape, decoder, pass.#inputs, recordMedia(tape, policy, media, kind), { adapters }),
    );
    tape.recorder.keep(entropies);
    const label = `entropies of ${kind.size.tokens} tokens`;
    pass.#plan = await Plan.create(policy.gpu, label, tape.recorder, arena);
    pass.#entropies = pass.#plan.output(entropies);
    return pass;
  }

  /** Nats, one for each token that is predicted. */
  async run({ arrays, prompts, media, temperature }: Omit<PassData, 'batch'>): Promise<Float32Array> {
    const starts = arrays.layout.map(({ promptStart }) => promptStart);
    this.#inputs.write(arrays, temperature);
    await this.#media.write(prompts, starts, media);
    await this.#plan.run();
    const found = await this.#gpu.read(this.#entropies);
    return found.subarray(
      0,
      arrays.lengths.reduce((sum, length) => sum + length, 0),
    );
  }

  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
  }
}
