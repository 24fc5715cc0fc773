import { expectShape, kernelsOf, type Tape, type Tensor, type Traits } from '../../gpu/index.ts';
import { resizeHeads } from '../vision/resize-heads.ts';
import { type AttentionVariant, uniforms, VECTOR, variantOf } from './attention-variants.ts';

const kernel = kernelsOf('attention_sums', uniforms);
const backwardMoments = kernel('backward_moments', {
  reads: ['saved_o', 'saved_lse', 'd_o'],
  writes: ['moments'],
});
const sumParts = kernel('sum_parts', { reads: ['parts'], writes: ['total'] });

const MAX_HEAD_DIM = 128;

export interface AttentionOptions {
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; query head h uses KV head floor(h / (heads / kvHeads)) (Ainslie et al. 2023, arXiv 2305.13245). */
  readonly kvHeads: number;
  /** Columns of one head, at most 128. */
  readonly headDim: number;
  /** u32 [n, 4]: query i sees keys [s0, s1) and [s2, s3). Both empty: its output is 0. */
  readonly spans: Tensor;
  /** u32 [m, 2]: key j is seen by exactly the queries [first, end). Needed wherever k or v get gradients. */
  readonly keySpans?: Tensor | undefined;
}

interface Shapes {
  readonly values: {
    queries: number;
    keys: number;
    heads: number;
    group: number;
    parts: number;
    scale: number;
  };
  /** Of the kernels that all variants share. */
  readonly defines: { VECS: number };
  readonly variant: AttentionVariant;
}

function checked(
  traits: Traits,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions,
  scale: number,
): Shapes {
  const { heads, kvHeads, headDim, spans } = options;
  if (heads % kvHeads !== 0) {
    throw new Error(`attention: ${heads} query heads cannot be shared out over ${kvHeads} key/value heads.`);
  }
  const [queries, keys] = [q.shape[0]!, k.shape[0]!];
  expectShape('attention q', q, [queries, heads * headDim]);
  expectShape('attention k', k, [keys, kvHeads * headDim]);
  expectShape('attention v', v, [keys, kvHeads * headDim]);
  expectShape('attention spans', spans, [queries, 4]);
  const group = heads / kvHeads;
  const variant = variantOf(traits, headDim);
  const parts = variant.partsOf({ queries, keys, kvHeads, group });
  const defines = { VECS: headDim / VECTOR };
  return { values: { queries, keys, heads, group, parts, scale }, defines, variant };
}

/**
 * Softmax attention at scale 1 / sqrt(headDim), without ever storing the scores (FlashAttention, Dao et al. 2022,
 * arXiv 2205.14135). q [n, heads·headDim], k and v [m, kvHeads·headDim]; k and v may be a cache with more rows than
 * any span reaches. Returns [n, heads·headDim].
 */
export function attention(tape: Tape, q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const { heads, kvHeads, headDim } = options;
  if (headDim < 1 || headDim > MAX_HEAD_DIM) {
    throw new Error(`attention: head size ${headDim}; expected 1 to ${MAX_HEAD_DIM}.`);
  }
  const scale = 1 / Math.sqrt(headDim);
  const whole = VECTOR * Math.ceil(headDim / VECTOR);
  if (whole === headDim) return attend(tape, q, k, v, options, scale);
  // The kernels read four columns at a time: columns of zeros change neither scores nor sums.
  const widen = (x: Tensor, count: number): Tensor => resizeHeads(tape, x, count, headDim, whole);
  const widened = { ...options, headDim: whole };
  const o = attend(tape, widen(q, heads), widen(k, kvHeads), widen(v, kvHeads), widened, scale);
  return resizeHeads(tape, o, heads, whole, headDim);
}

function attend(
  tape: Tape,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions,
  scale: number,
): Tensor {
  const { recorder } = tape;
  const shapes = checked(recorder.traits, q, k, v, options, scale);
  const { values, defines, variant } = shapes;
  const { queries, heads } = values;
  const o = recorder.temp('attention', q.shape);
  const lse = recorder.temp('attention log-sum-exp', [queries, heads]);
  recorder.dispatch(variant.kernels.forward, {
    uniforms: values,
    defines: variant.forward.defines,
    tensors: { q, k, v, spans: options.spans, o, lse },
    workgroups: Math.ceil(queries / variant.forward.rows) * heads,
  });
  tape.record([o], [q, k, v], () => {
    const dO = tape.gradOf(o)!;
    const moments = recorder.temp('attention moments', [queries, heads, 2]);
    recorder.dispatch(backwardMoments, {
      uniforms: values,
      defines,
      tensors: { saved_o: o, saved_lse: lse, d_o: dO, moments },
      workgroups: Math.ceil((queries * heads) / 64),
    });
    if (tape.needsGrad(q)) {
      const dq = recorder.temp('d attention q', q.shape);
      recorder.dispatch(variant.kernels.backwardQueries, {
        uniforms: values,
        defines: variant.backward.defines,
        tensors: { q, k, v, spans: options.spans, d_o: dO, saved_moments: moments, dq },
        workgroups: Math.ceil(queries / variant.backward.rows) * heads,
      });
      tape.addGrad(q, dq);
    }
    if (tape.needsGrad(k) || tape.needsGrad(v))
      keyGradients(tape, { q, k, v, d_o: dO, saved_moments: moments }, options, shapes);
  });
  return o;
}

function keyGradients(
  tape: Tape,
  tensors: Record<'q' | 'k' | 'v' | 'd_o' | 'saved_moments', Tensor>,
  { keySpans }: AttentionOptions,
  { values, defines, variant }: Shapes,
): void {
  const { recorder } = tape;
  const { k, v } = tensors;
  const { keys, heads, group, parts } = values;
  if (!keySpans) throw new Error('attention: k or v needs a gradient, which needs keySpans. Pass them.');
  expectShape('attention keySpans', keySpans, [keys, 2]);
  const kvHeads = heads / group;
  const partShape = [keys, kvHeads * parts * VECTOR * defines.VECS];
  const dk = recorder.temp('d attention k', partShape);
  const dv = recorder.temp('d attention v', partShape);
  recorder.dispatch(variant.kernels.backwardKeys, {
    uniforms: values,
    defines: variant.backward.defines,
    tensors: { ...tensors, key_spans: keySpans, dk, dv },
    workgroups: Math.ceil(keys / variant.backward.rows) * kvHeads * parts,
  });
  for (const [input, partial] of [
    [k, dk],
    [v, dv],
  ] as const) {
    if (!tape.needsGrad(input)) continue;
    if (parts === 1) {
      tape.addGrad(input, partial);
      continue;
    }
    const total = recorder.temp(partial.label, input.shape);
    recorder.dispatch(sumParts, {
      uniforms: values,
      defines,
      tensors: { parts: partial, total },
      workgroups: Math.ceil((keys * kvHeads * defines.VECS) / 64),
    });
    tape.addGrad(input, total);
  }
}
