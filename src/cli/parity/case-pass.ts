/** Forward and backward of a decoder on a case's inputs, with the intermediates it passes; any model family. */

import { positionAxes, type Qwen2 } from '../../decoder/qwen2.ts';
import { Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import { gatherRows } from '../../ops/tokens/gather-rows.ts';
import { headLogits } from '../../ops/tokens/head.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import type { LossCompletion } from '../../protocol/loss-shares.ts';
import { lossBatchTensor, recordLoss, recordNll } from '../../rl/objective/loss.ts';
import { encodeLossBatch, encodeNllBatch } from '../../rl/objective/loss-batch.ts';
import { type PassArrays, packPass, passSize, type TokenGroup } from '../../rl/update/pass-arrays.ts';
import { PassInputs, type Splice, scoreTokens, type TokenScores } from '../../rl/update/pass-inputs.ts';

export interface PassPlanOptions {
  readonly groups: readonly TokenGroup[];
  /** 'nll', or the GRPO loss whose reference log-probabilities are given per prediction. */
  readonly objective: 'nll' | { readonly config: LossConfig; readonly reference?: Float32Array };
  readonly advantages: readonly number[];
  readonly backward: boolean;
  /** Compute each layer again in the backward pass. */
  readonly checkpoint?: boolean;
}

/** One recorded pass over a case, ready to run several times. */
export interface CasePass {
  /** Runs it and reads what was observed, by name, with `logProbs`, `entropies` and `loss` (the loss's result words). */
  run(): Promise<ReadonlyMap<string, Float32Array>>;
  readonly arrays: PassArrays;
  [Symbol.dispose](): void;
}

/** Records what turns the case's media into tokens of the packed rows, and names intermediates. */
export type RecordMedia = (
  tape: Tape,
  arrays: PassArrays,
  observe: (name: string, tensor: Tensor) => void,
) => Promise<readonly Splice[]>;

/** Records media, decoder and loss over a case's groups. */
export async function recordPass(
  gpu: Gpu,
  view: { readonly decoder: Qwen2; readonly adapters: boolean },
  options: PassPlanOptions,
  recordMedia: RecordMedia,
): Promise<CasePass> {
  const size = passSize(options.groups);
  const axes = positionAxes(view.decoder.config);
  const arrays = packPass(options.groups, size, axes);
  const buffers = new PassInputs(gpu, size, axes);
  buffers.write(arrays, 1);
  const tape = Tape.on(gpu);
  const observed = new Map<string, Tensor>();
  const observe = (name: string, tensor: Tensor): void => {
    if (!observed.has(name)) observed.set(name, tape.recorder.keep(tensor));
  };
  const splices = await recordMedia(tape, arrays, observe);
  const scores = scoreTokens(tape, view.decoder, buffers, splices, {
    adapters: view.adapters,
    checkpoint: options.checkpoint ?? false,
    observe,
  });
  observe('logProbs', scores.logProbs);
  observe('entropies', scores.entropies);
  const hidden = observed.get('decoder_hidden_last')!;
  const lastToken = options.groups[0]!.prompt.ids.length - 1;
  const last = gpu.upload('inputs', 'last', [1], Uint32Array.of(lastToken), 'u32');
  const lastHidden = tape.constant(() => gatherRows(tape, hidden, last));
  observe('prompt_logits_last', headLogits(tape.recorder, lastHidden, view.decoder.head));
  recordObjective(gpu, tape, scores, arrays, options, observe);
  const arena = new Arena(gpu, 'case');
  const plan = await Plan.create(gpu, 'case', tape.recorder, arena);
  return {
    arrays,
    async run() {
      await plan.run();
      const values = new Map<string, Float32Array>();
      for (const [name, tensor] of observed) values.set(name, await gpu.read(plan.output(tensor)));
      return values;
    },
    [Symbol.dispose]() {
      plan[Symbol.dispose]();
      arena[Symbol.dispose]();
      buffers[Symbol.dispose]();
    },
  };
}

function recordObjective(
  gpu: Gpu,
  tape: Tape,
  scores: TokenScores,
  arrays: PassArrays,
  options: PassPlanOptions,
  observe: (name: string, tensor: Tensor) => void,
): void {
  const { objective, advantages, backward } = options;
  const completions: LossCompletion[] = arrays.starts.map((start, index) => ({
    start,
    length: arrays.lengths[index]!,
    advantage: advantages[index] ?? 0,
  }));
  const tokens = arrays.lengths.reduce((sum, length) => sum + length, 0);
  const batch = lossBatchTensor(gpu, completions.length);
  if (objective === 'nll') gpu.write(batch, encodeNllBatch(completions, tokens));
  else
    gpu.write(
      batch,
      encodeLossBatch(objective.config, { completions, accumulation: 1, tokensInBatch: tokens }),
    );
  const reference =
    objective !== 'nll' && objective.reference
      ? gpu.upload('inputs', 'reference', [tokens], objective.reference)
      : undefined;
  const loss =
    objective === 'nll'
      ? recordNll(tape.recorder, scores, batch)
      : recordLoss(
          tape.recorder,
          objective.config,
          { ...scores, ...(reference ? { refLogProbs: reference } : {}) },
          batch,
        );
  observe('loss', loss.result);
  if (backward) tape.backward([[scores.logProbs, loss.dLogProbs]]);
}
