import type { Qwen2 } from '../../decoder/qwen2.ts';
import { type Gpu, Tape, type Tensor } from '../../gpu/index.ts';
import { LOSS_DEFAULTS } from '../../protocol/loss-config.ts';
import { lossBatchTensor, recordLoss } from '../../rl/objective/loss.ts';
import { encodeLossBatch } from '../../rl/objective/loss-batch.ts';
import { packPass, passSize, type TokenGroup } from '../../rl/update/pass-arrays.ts';
import { PassInputs, scoreTokens } from '../../rl/update/pass-inputs.ts';

export interface GroupSize {
  readonly prompts: number;
  readonly group: number;
  readonly promptTokens: number;
  /** Tokens of each completion. */
  readonly length: number;
}

/** Groups of made-up ids below 110: a kernel's time does not depend on which tokens it sees. */
export function makeGroups({ prompts, group, promptTokens, length }: GroupSize): TokenGroup[] {
  const ids = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => 10 + (i % 100));
  return Array.from({ length: prompts }, () => ({
    prompt: { ids: ids(promptTokens) },
    completions: Array.from({ length: group }, () => ids(length)),
  }));
}

export interface LossPass {
  readonly tape: Tape;
  /** [predictions] */
  readonly logProbs: Tensor;
  readonly loss: Tensor;
  readonly tokens: number;
}

/** Records the GRPO loss of the groups, forward and backward. */
export function recordLossPass(gpu: Gpu, decoder: Qwen2, groups: readonly TokenGroup[]): LossPass {
  const size = passSize(groups);
  const arrays = packPass(groups, size);
  const inputs = new PassInputs(gpu, size);
  inputs.write(arrays, 1);
  const tape = Tape.on(gpu);
  const scores = scoreTokens(tape, decoder, inputs, [], { adapters: false });
  const batch = lossBatchTensor(gpu, arrays.starts.length);
  const completions = arrays.starts.map((start, i) => ({
    start,
    length: arrays.lengths[i]!,
    advantage: 1 - 2 * (i % 2),
  }));
  const tokensInBatch = arrays.lengths.reduce((sum, length) => sum + length, 0);
  gpu.write(batch, encodeLossBatch(LOSS_DEFAULTS, { completions, accumulation: 1, tokensInBatch }));
  const loss = recordLoss(tape.recorder, LOSS_DEFAULTS, scores, batch);
  tape.backward([[scores.logProbs, loss.dLogProbs]]);
  return { tape, logProbs: scores.logProbs, loss: loss.result, tokens: size.tokens };
}
