import { type DecoderOptions, decode, type Qwen2, type RowTensors } from '../../decoder/qwen2.ts';
import { positionShape } from '../../decoder/rows.ts';
import type { Gpu, Tape, Tensor } from '../../gpu/index.ts';
import { embedding, gatherRows } from '../../ops/tokens/gather-rows.ts';
import { headLogProbs } from '../../ops/tokens/head.ts';
import { spliceRows } from '../../ops/tokens/splice-rows.ts';
import type { PassArrays, PassSize } from './pass-arrays.ts';

/** Tokens to splice into a packed row: rows [m, hidden] at places u32 [m]. */
export interface Splice {
  readonly rows: Tensor;
  readonly at: Tensor;
}

/** GPU buffers of one bucket that a forward pass over packed groups reads. */
export class PassInputs {
  readonly size: PassSize;
  /** u32 [tokens] */
  readonly ids: Tensor;
  readonly rows: RowTensors;
  /** u32 [predictions] */
  readonly hiddenIndex: Tensor;
  /** u32 [predictions] */
  readonly targets: Tensor;
  /** f32 [1] */
  readonly inverseTemperature: Tensor;
  readonly #gpu: Gpu;

  /** `axes`: on how many a token has a position. */
  constructor(gpu: Gpu, size: PassSize, axes = 1) {
    const u32 = (label: string, shape: readonly number[]): Tensor =>
      gpu.tensor('inputs', `pass ${label}`, shape, 'u32');
    this.#gpu = gpu;
    this.size = size;
    this.ids = u32('ids', [size.tokens]);
    this.rows = {
      positions: u32('positions', positionShape(size.tokens, axes)),
      spans: u32('spans', [size.tokens, 4]),
      keySpans: u32('key spans', [size.tokens, 2]),
    };
    this.hiddenIndex = u32('hidden index', [size.predictions]);
    this.targets = u32('targets', [size.predictions]);
    this.inverseTemperature = gpu.upload('inputs', 'inverse temperature', [1], new Float32Array([1]));
  }

  /** Uploads a packed batch. `temperature` divides the logits, as in sampling; 1 for none. */
  write(arrays: PassArrays, temperature: number): void {
    const gpu = this.#gpu;
    gpu.write(this.ids, arrays.ids);
    gpu.write(this.rows.positions, arrays.rows.positions);
    gpu.write(this.rows.spans, arrays.rows.spans);
    gpu.write(this.rows.keySpans, arrays.rows.keySpans);
    gpu.write(this.hiddenIndex, arrays.hiddenIndex);
    gpu.write(this.targets, arrays.targets);
    gpu.write(this.inverseTemperature, new Float32Array([1 / temperature]));
  }

  [Symbol.dispose](): void {
    const { positions, spans, keySpans } = this.rows;
    this.#gpu.free(this.ids, positions, spans, keySpans, this.hiddenIndex, this.targets);
    this.#gpu.free(this.inverseTemperature);
  }
}

export interface TokenScores {
  /** f32 [predictions] */
  readonly logProbs: Tensor;
  /** f32 [predictions] nats */
  readonly entropies: Tensor;
}

/** Hidden states [predictions, d] of a packed batch that its predictions are made from. */
export function predictingHidden(
  tape: Tape,
  model: Qwen2,
  inputs: PassInputs,
  splices: readonly Splice[],
  options: DecoderOptions,
): Tensor {
  let x = embedding(tape, model.embedTokens, inputs.ids);
  for (const { rows, at } of splices) x = spliceRows(tape, x, rows, at);
  options.observe?.('inputs_embeds', x);
  const hidden = decode(tape, model, x, inputs.rows, options);
  return gatherRows(tape, hidden, inputs.hiddenIndex);
}

/** Log-probabilities and entropies of all predictions of a packed batch. */
export function scoreTokens(
  tape: Tape,
  model: Qwen2,
  inputs: PassInputs,
  splices: readonly Splice[],
  options: DecoderOptions,
): TokenScores {
  const predicting = predictingHidden(tape, model, inputs, splices, options);
  const { targets, inverseTemperature } = inputs;
  const { logProbs, entropies } = headLogProbs(tape, predicting, model.head, targets, inverseTemperature);
  return { logProbs, entropies };
}
