import { positionAxes } from '../../decoder/qwen2.ts';
import { type Arena, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import type { MediaInputs } from '../media/pass-media.ts';
import type { Policy } from '../policy/policy.ts';
import { PassInputs, type Splice } from './pass-inputs.ts';
import { type PassData, type PassKind, recordMedia } from './policy-pass.ts';

/** What a forward is recorded from. */
export interface Forward {
  readonly tape: Tape;
  readonly inputs: PassInputs;
  readonly splices: readonly Splice[];
}

/** A forward of the policy as it is over the tokens of a pass, without a loss and without a backward. It writes no weights. */
export class ForwardPass {
  readonly #media: MediaInputs;
  readonly #inputs: PassInputs;
  readonly #plan: Plan;
  readonly #outputs: readonly Tensor[];

  private constructor(media: MediaInputs, inputs: PassInputs, plan: Plan, outputs: readonly Tensor[]) {
    this.#media = media;
    this.#inputs = inputs;
    this.#plan = plan;
    this.#outputs = outputs;
  }

  /** `what` it is for names it; `record` returns what can be read after each run. */
  static async create(
    what: string,
    [policy, arena, media, kind]: readonly [Policy, Arena, MediaInputs, Pick<PassKind, 'size' | 'shapes'>],
    record: (forward: Forward) => readonly Tensor[],
  ): Promise<ForwardPass> {
    const { gpu, config } = policy;
    const inputs = new PassInputs(gpu, kind.size, positionAxes(config.decoder));
    const tape = Tape.on(gpu);
    tape.recorder.mark('forward');
    const kept = tape.constant(() =>
      record({ tape, inputs, splices: recordMedia(tape, policy, media, kind) }),
    );
    for (const tensor of kept) tape.recorder.keep(tensor);
    const plan = await Plan.create(gpu, `${what} of ${kind.size.tokens} tokens`, tape.recorder, arena);
    const outputs = kept.map((tensor) => plan.output(tensor));
    return new ForwardPass(media, inputs, plan, outputs);
  }

  /** Returns what was recorded to be read, and how many predictions of it are the data's. */
  async run({ arrays, prompts, media, temperature }: Omit<PassData, 'batch'>): Promise<{
    readonly outputs: readonly Tensor[];
    readonly rows: number;
  }> {
    const starts = arrays.layout.map(({ promptStart }) => promptStart);
    this.#inputs.write(arrays, temperature);
    await this.#media.write(prompts, starts, media);
    await this.#plan.run();
    return { outputs: this.#outputs, rows: arrays.lengths.reduce((sum, length) => sum + length, 0) };
  }

  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
  }
}
