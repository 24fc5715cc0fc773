/**
 * One token a row through the decoder, in as few dispatches as there can be: five a layer, seven where all layers have adapters. Where
 * queries and keys are normed it is one more, and three more beside with adapters: these are applied before the norm then.
 */
import { type Recorder, Tape, type Tensor } from '../gpu/index.ts';
import type { LoraLinear } from '../io/formats/peft.ts';
import { adaptedProjections } from '../ops/decode/decode-adapted.ts';
import {
  attentionProducts,
  type DecodeRows,
  decodeAttention,
  ownSlots,
  rowAngles,
} from '../ops/decode/decode-attention.ts';
import { decodeHeadNorms } from '../ops/decode/decode-head-norm.ts';
import { addProjection, type DecodeLinear, decodeLogits, projections } from '../ops/decode/decode-linear.ts';
import { decodeSwiglu } from '../ops/decode/decode-swiglu.ts';
import type { DecodeVariant } from '../ops/decode/gemv.ts';
import { headLogits } from '../ops/tokens/head.ts';
import type { DecoderCache } from './cache.ts';
import type { DecodeAdapters } from './decode-adapters.ts';
import { decode, type Qwen2, type Qwen2Config } from './qwen2.ts';

/** Whether the fused kernels, which read four columns at a time and both halves of a head so, can take the model. */
const fitsFused = ({ hiddenSize, intermediateSize, headDim }: Qwen2Config): boolean =>
  hiddenSize % 4 === 0 && intermediateSize % 4 === 0 && headDim % 8 === 0;

export interface DecodeStep {
  readonly rows: DecodeRows;
  readonly cache: DecoderCache;
  /** Whether adapters take part. */
  readonly adapters: boolean;
  /** Those around attention where they take no dispatches of their own. */
  readonly decodeAdapters?: DecodeAdapters | undefined;
  readonly variant: DecodeVariant;
}

interface LayerStep extends DecodeStep {
  readonly index: number;
  /** From rowAngles. */
  readonly angles: Tensor;
}

/** One layer, in place on the residual stream x [rows, hidden]. */
function decodeLayer(recorder: Recorder, model: Qwen2, x: Tensor, step: LayerStep): void {
  const { rows, cache, adapters, decodeAdapters, index, angles } = step;
  const { variant } = step;
  const { linears, inputNorm, postNorm, headNorms } = model.layers[index]!;
  const eps = model.config.rmsNormEps;
  const linear = (name: LoraLinear): DecodeLinear => {
    const { weight, bias, adapter } = linears[name];
    return { weight, bias, adapter: adapters ? adapter : undefined };
  };
  const near = adapters ? decodeAdapters?.layer(index) : undefined;
  const { bias: valueBias, ...value } = linear('v_proj');
  const normed = { x, norm: { weight: inputNorm, eps }, variant };
  const qkvLinears = [linear('q_proj'), linear('k_proj'), value] as const;
  const qkv = near
    ? adaptedProjections(recorder, normed, qkvLinears, near)
    : projections(recorder, normed, qkvLinears);
  if (headNorms) decodeHeadNorms(recorder, qkv, headNorms, model.config, eps);
  const seen = { spans: rows.spans, ...cache.layer(index) };
  const inputs = { qkv, valueBias, angles, ...seen, adapters: near };
  const mixed = decodeAttention(recorder, inputs, model.config, variant);
  const products = near && attentionProducts(mixed, model.config, near);
  addProjection(recorder, { x: mixed, variant }, linear('o_proj'), x, products);
  const attended = { x, norm: { weight: postNorm, eps }, variant };
  const inner = decodeSwiglu(recorder, attended, linear('gate_proj'), linear('up_proj'));
  addProjection(recorder, { x: inner, variant }, linear('down_proj'), x);
}

/**
 * Logits [rows, vocabulary] of what follows x [rows, hidden], the embeddings of one token a row, whose keys and values are written to
 * the KV cache. x may be used up: it becomes the residual stream. A model that the fused kernels cannot take goes through the ops that a
 * forward is made of ({@link plainDecodeStep}).
 */
export function decodeStep(recorder: Recorder, model: Qwen2, x: Tensor, step: DecodeStep): Tensor {
  const { config, layers, norm, head, rope } = model;
  if (!fitsFused(config)) return plainDecodeStep(recorder, model, x, step);
  const angles = rowAngles(recorder, step.rows, rope);
  for (const index of layers.keys()) decodeLayer(recorder, model, x, { ...step, index, angles });
  const last = { x, norm: { weight: norm, eps: config.rmsNormEps }, variant: step.variant };
  return decodeLogits(recorder, last, head);
}

/** The same by the ops of a forward, for any extents: more dispatches, and no kernel of its own. */
export function plainDecodeStep(
  recorder: Recorder,
  model: Qwen2,
  x: Tensor,
  { rows, cache, adapters }: Pick<DecodeStep, 'rows' | 'cache' | 'adapters'>,
): Tensor {
  const tape = new Tape(recorder);
  const takeKeyValues = cache.extend(tape, ownSlots(recorder, rows));
  const last = tape.constant(() => decode(tape, model, x, rows, { adapters, takeKeyValues }));
  return headLogits(recorder, last, model.head);
}
