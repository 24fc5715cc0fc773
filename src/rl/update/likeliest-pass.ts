import type { Arena, Gpu, Tensor } from '../../gpu/index.ts';
import { headLogProbs } from '../../ops/tokens/head.ts';
import { type Likeliest, likeliestOf, TopTokens } from '../../ops/tokens/top-tokens.ts';
import type { MediaInputs } from '../media/pass-media.ts';
import type { Policy } from '../policy/policy.ts';
import { type Forward, ForwardPass } from './forward-pass.ts';
import { predictingHidden } from './pass-inputs.ts';
import type { PassData, PassKind } from './policy-pass.ts';

/** The likeliest tokens at each place of an answer, by the policy as it is. */
export class LikeliestPass {
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
  ): Promise<LikeliestPass> {
    const forward = await ForwardPass.create('likeliest', [policy, arena, media, kind], (recorded) =>
      topsAndState(policy, kind.size.predictions, recorded),
    );
    return new LikeliestPass(policy.gpu, forward);
  }

  async run(data: Omit<PassData, 'batch'>): Promise<Likeliest> {
    const { outputs, rows } = await this.#forward.run(data);
    const [tops, state] = await Promise.all([this.#gpu.readU32(outputs[0]!), this.#gpu.read(outputs[1]!)]);
    return likeliestOf(tops, state, rows, data.temperature);
  }

  [Symbol.dispose](): void {
    this.#forward[Symbol.dispose]();
  }
}

/** The largest logits of each prediction, and the head's sums over all of them. */
function topsAndState(
  { current: { decoder, adapters } }: Policy,
  predictions: number,
  { tape, inputs, splices }: Forward,
): Tensor[] {
  const top = new TopTokens(tape.recorder, predictions);
  const hidden = predictingHidden(tape, decoder, inputs, splices, { adapters });
  const { targets, inverseTemperature } = inputs;
  const eachTile = (raw: Tensor, first: number) => top.take(raw, first);
  const { state } = headLogProbs(tape, hidden, decoder.head, targets, inverseTemperature, { eachTile });
  return [top.tops, state];
}
