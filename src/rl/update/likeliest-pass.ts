import { positionAxes } from '../../decoder/qwen2.ts';
import { type Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import { headLogProbs } from '../../ops/tokens/head.ts';
import { type Likeliest, likeliestOf, TopTokens } from '../../ops/tokens/top-tokens.ts';
import type { MediaInputs } from '../media/pass-media.ts';
import type { Policy } from '../policy/policy.ts';
import { PassInputs, predictingHidden } from './pass-inputs.ts';
import { type PassData, type PassKind, recordMedia } from './policy-pass.ts';

/**
 * The likeliest tokens at each place of an answer, by the policy as it is: the forward of a pass without a loss and without a backward.
 * It reads the run's weights and writes none.
 */
export class LikeliestPass {
  readonly #gpu: Gpu;
  readonly #media: MediaInputs;
  readonly #inputs: PassInputs;
  #plan!: Plan;
  #tops!: Tensor;
  #state!: Tensor;

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
  ): Promise<LikeliestPass> {
    const pass = new LikeliestPass(policy, media, kind);
    const tape = Tape.on(policy.gpu);
    const { recorder } = tape;
    const top = new TopTokens(recorder, kind.size.predictions);
    const { state } = tape.constant(() => pass.#record(tape, policy, kind, top));
    for (const tensor of [top.tops, state]) recorder.keep(tensor);
    const label = `likeliest of ${kind.size.tokens} tokens`;
    pass.#plan = await Plan.create(policy.gpu, label, recorder, arena);
    pass.#tops = pass.#plan.output(top.tops);
    pass.#state = pass.#plan.output(state);
    return pass;
  }

  #record(tape: Tape, policy: Policy, kind: Pick<PassKind, 'shapes'>, top: TopTokens) {
    const { decoder, adapters } = policy.current;
    tape.recorder.mark('forward');
    const splices = recordMedia(tape, policy, this.#media, kind);
    const hidden = predictingHidden(tape, decoder, this.#inputs, splices, { adapters });
    const { targets, inverseTemperature } = this.#inputs;
    const eachTile = (raw: Tensor, first: number) => top.take(raw, first);
    return headLogProbs(tape, hidden, decoder.head, targets, inverseTemperature, { eachTile });
  }

  async run({ arrays, prompts, media, temperature }: Omit<PassData, 'batch'>): Promise<Likeliest> {
    const starts = arrays.layout.map(({ promptStart }) => promptStart);
    this.#inputs.write(arrays, temperature);
    await this.#media.write(prompts, starts, media);
    await this.#plan.run();
    const [tops, state] = await Promise.all([this.#gpu.readU32(this.#tops), this.#gpu.read(this.#state)]);
    const rows = arrays.lengths.reduce((sum, length) => sum + length, 0);
    return likeliestOf(tops, state, rows, temperature);
  }

  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
  }
}
