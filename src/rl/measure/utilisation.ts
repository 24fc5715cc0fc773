import { byteLength, sizeOf } from '../../gpu/index.ts';
import type { Ceilings } from '../../ops/tuning/ceilings.ts';
import type { Policy } from '../policy/policy.ts';
import type { PassArrays } from '../update/pass-arrays.ts';
import { type CostShape, type GroupTokens, passCost, rolloutCost } from './cost-model.ts';
import type { StepTimes } from './step-clock.ts';

/** What a step computed. */
export interface StepWork {
  /** Groups that were sampled, by so many rows at a time; none in supervised training. */
  readonly rollout?: { readonly groups: readonly GroupTokens[]; readonly rows: number };
  /** Passes of one optimizer step, and how many such steps were taken. */
  readonly passes: readonly PassArrays[];
  readonly iterations: number;
}

/** What the cost model has to know of a policy. */
export function costShape({ config, current, options }: Policy): CostShape {
  const { weight } = current.decoder.layers[0]!.linears.q_proj;
  const { lora, trainDecoder } = options;
  return {
    decoder: config.decoder,
    weightBytes: byteLength(weight) / sizeOf(weight.shape),
    ...(lora ? { lora } : {}),
    trainsDecoder: trainDecoder,
  };
}

/** Groups as they lie in a pass; a completion's last token is predicted but not in the row. */
export const groupsOf = ({ layout }: Pick<PassArrays, 'layout'>): GroupTokens[] =>
  layout.map(({ promptLength, lengths }) => ({
    prompt: promptLength,
    completions: lengths.map((fed) => fed + 1),
  }));

/**
 * Shares of the device's ceilings: model FLOPs utilisation of the training passes (mfu), and model bandwidth utilisation of
 * decoding (mbu), where reading weights and caches takes the time.
 */
export function utilisation(
  shape: CostShape,
  { gflops, gigabytes }: Ceilings,
  { rollout, passes, iterations }: StepWork,
  { reference = 0, forward = 0, backward = 0, decode = 0 }: StepTimes['phases'],
): { mfu?: number; mbu?: number } {
  const training = reference + forward + backward;
  const cost = passCost(shape, passes.flatMap(groupsOf), { reference: reference > 0 });
  // Later iterations take the reference's log-probabilities of the first.
  const flops = cost.reference.flops + iterations * (cost.forward.flops + cost.backward.flops);
  const read = rollout && rolloutCost(shape, rollout.groups, rollout).decode.bytes;
  return {
    ...(training > 0 ? { mfu: flops / training / (1e9 * gflops) } : {}),
    ...(read !== undefined && decode > 0 ? { mbu: read / decode / (1e9 * gigabytes) } : {}),
  };
}
