/**
 * What the files of single ops leave out: gradients against `tf.grads` for ops that only move or rotate values, and the
 * largest of the odd sizes (1000 along each axis) for attention, head and gather.
 */
import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { attention } from '../../src/ops/attention/attention.ts';
import { rope, ropeTable } from '../../src/ops/attention/rope.ts';
import { gatherRows } from '../../src/ops/tokens/gather-rows.ts';
import { headLogProbs } from '../../src/ops/tokens/head.ts';
import { sliceRows, spliceRows } from '../../src/ops/tokens/splice-rows.ts';
import { unfold } from '../../src/ops/vision/unfold.ts';
import { checkOp, numbers, ODD_SIZES, testGpu } from './harness.ts';

const NONE = 0xffffffff;
const input = (shape: readonly number[], seed: number) => ({
  shape,
  data: numbers(
    shape.reduce((a, b) => a * b),
    seed,
  ),
});

/** y[i] = x[from[i]], 0 where from[i] is -1: moving ops as one formula, in float64. */
const moved = (x: Float64Array, from: readonly number[]): Float64Array =>
  Float64Array.from(from, (i) => (i < 0 ? 0 : x[i]!));

/** Unfold in tfjs by slices of the padded input, one for each place of the 2 x 2 x 3 kernel. */
function unfoldTf(x: tf.Tensor, [To, Ho, Wo]: readonly [number, number, number]): tf.Tensor {
  const [T, H, W, C] = x.shape as [number, number, number, number];
  const after = [To + 1 - T - 1, 2 * Ho - H - 1, 2 * Wo + 2 - W - 1].map((count) => Math.max(0, count));
  const padded = tf.pad(x, [
    [1, after[0]!],
    [1, after[1]!],
    [1, after[2]!],
    [0, 0],
  ]);
  const places = [0, 1].flatMap((t) => [0, 1].flatMap((h) => [0, 1, 2].map((w) => [t, h, w] as const)));
  const slices = places.map(([t, h, w]) => {
    // Every second row and column: pairs, of which the first is kept.
    const [high, wide] = [Math.min(2 * Ho, padded.shape[1]! - h), 2 * Wo];
    const part = tf.pad(padded.slice([t, h, w, 0], [To, high, wide, C]), [
      [0, 0],
      [0, 2 * Ho - high],
      [0, 0],
      [0, 0],
    ]);
    return part
      .reshape([To, Ho, 2, Wo, 2, C])
      .slice([0, 0, 0, 0, 0, 0], [To, Ho, 1, Wo, 1, C])
      .reshape([To * Ho * Wo, C]);
  });
  return tf.stack(slices, 2).reshape([To * Ho * Wo, C * 12]);
}

describe('rope', () => {
  it.each(ODD_SIZES.map((rows, i) => [rows, [3, 2, 1, 14, 1, 1][i]!, [2, 64, 16, 8, 128, 4][i]!]))(
    'rows %i, heads %i, head size %i',
    async (rows, heads, headDim) => {
      const gpu = await testGpu();
      const [theta, half] = [1e4, headDim / 2];
      const table = ropeTable(gpu, headDim, theta, 2000);
      const places = Uint32Array.from({ length: rows }, (_, row) => (row * 389) % 2000);
      const positions = gpu.upload('inputs', 'positions', [rows], places, 'u32');
      const angles = Array.from(places, (place) =>
        Array.from({ length: half }, (_, i) => place * theta ** (-i / half)),
      );
      const wave = (f: (angle: number) => number): tf.Tensor3D =>
        tf.tensor3d(
          angles.map((row) => [row.map(f)]),
          [rows, 1, half],
        );
      const turned = (x: Float64Array): Float64Array =>
        x.map((value, index) => {
          const [row, i] = [Math.floor(index / (heads * headDim)), index % headDim];
          const angle = angles[row]![i % half]!;
          const other = i < half ? -x[index + half]! : x[index - half]!;
          return value * Math.cos(angle) + other * Math.sin(angle);
        });
      const turnedTensor = (x: tf.Tensor): tf.Tensor => {
        const [a, b] = tf.split(x.reshape([rows, heads, headDim]), 2, 2) as [tf.Tensor, tf.Tensor];
        const [cos, sin] = [wave(Math.cos), wave(Math.sin)];
        return tf.concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], 2);
      };
      await checkOp(gpu, {
        name: 'rope',
        inputs: { q: input([rows, heads * headDim], 1), k: input([rows, heads * headDim], 2) },
        forward: (tape, { q, k }) => rope(tape, q, k, positions, table),
        reference: ({ q, k }) => Float64Array.of(...turned(q), ...turned(k)),
        tensorflow: (q, k) => tf.concat([q!, k!].map((x) => turnedTensor(x).flatten())),
      });
      gpu.free(table.cos, table.sin, positions);
    },
  );
});

describe('spliceRows and sliceRows', () => {
  it.each(ODD_SIZES.map((rows, i) => [rows, [65, 1, 7, 1000, 63, 2][i]!]))(
    'rows %i, cols %i',
    async (rows, cols) => {
      const gpu = await testGpu();
      const places = [rows - 1, NONE, ...(rows > 3 ? [0, 2] : [])];
      const at = gpu.upload('inputs', 'at', [places.length], Uint32Array.from(places), 'u32');
      const from = Array.from({ length: rows * cols }, (_, i) => {
        const j = places.indexOf(Math.floor(i / cols));
        return j < 0 ? i : rows * cols + j * cols + (i % cols);
      });
      await checkOp(gpu, {
        name: 'spliceRows',
        inputs: { x: input([rows, cols], 1), rows: input([places.length, cols], 2) },
        forward: (tape, inputs) => spliceRows(tape, inputs.x, inputs.rows, at),
        reference: (inputs) => moved(Float64Array.from([...inputs.x, ...inputs.rows]), from),
        tensorflow: (x, added) => {
          const hot = tf.tensor2d(
            Array.from({ length: rows }, (_, row) => places.map((place) => Number(place === row))),
          );
          return x!.mul(tf.sub(1, hot.sum(1, true))).add(tf.matMul(hot, added as tf.Tensor2D));
        },
      });
      gpu.free(at);
      const [start, count] = [Math.floor(rows / 3), Math.ceil(rows / 2)];
      await checkOp(gpu, {
        name: 'sliceRows',
        inputs: { x: input([rows, cols], 3) },
        forward: (tape, { x }) => sliceRows(tape, x, start, count),
        reference: ({ x }) => x.slice(start * cols, (start + count) * cols),
        tensorflow: (x) => tf.slice(x, [start, 0], [count, cols]),
      });
    },
  );
});

describe('unfold', () => {
  it.each(ODD_SIZES.map((width, i) => [width, [65, 64, 7, 2, 1, 1][i]!]))(
    'width %i, %i channels',
    async (W, C) => {
      const [T, H] = [2, 3];
      const output = [T + 1, 2, Math.floor((W - 1) / 2) + 1] as const;
      const from: number[] = [];
      for (let t = -1; t < T; t++)
        for (let h = 0; h < 3; h += 2)
          for (let w = 0; w < output[2]; w++)
            for (let c = 0; c < C; c++)
              for (const [dt, dh, dw] of [0, 1].flatMap((a) =>
                [-1, 0].flatMap((b) => [-1, 0, 1].map((d) => [a, b, d] as const)),
              )) {
                const [y, x] = [h + dh, 2 * w + dw];
                const inside = t + dt >= 0 && t + dt < T && y >= 0 && y < H && x >= 0 && x < W;
                from.push(inside ? (((t + dt) * H + y) * W + x) * C + c : -1);
              }
      await checkOp(await testGpu(), {
        name: 'unfold',
        inputs: { x: input([T, H, W, C], 1) },
        forward: (tape, { x }) =>
          unfold(tape, x, { kernel: [2, 2, 3], stride: [1, 2, 2], padding: [1, 1, 1], output }),
        reference: ({ x }) => moved(x, from),
        tensorflow: (x) => unfoldTf(x, output),
      });
    },
  );
});

describe('1000 rows', () => {
  it('are gathered, from 65 and into 65', async () => {
    const gpu = await testGpu();
    for (const [rows, count] of [
      [65, 1000],
      [1000, 65],
    ] as const) {
      const places = Uint32Array.from({ length: count }, (_, j) => (j * 7 + (j % 3)) % rows);
      const index = gpu.upload('inputs', 'index', [count], places, 'u32');
      const from = Array.from({ length: count * 7 }, (_, i) => places[Math.floor(i / 7)]! * 7 + (i % 7));
      await checkOp(gpu, {
        name: 'gatherRows',
        inputs: { x: input([rows, 7], 1) },
        forward: (tape, { x }) => gatherRows(tape, x, index),
        reference: ({ x }) => moved(x, from),
        tensorflow: (x) => tf.gather(x, tf.tensor1d(Int32Array.from(places), 'int32')),
      });
      gpu.free(index);
    }
  });

  it.each([
    [1, 1000, 1],
    [40, 1000, 1],
    [1000, 7, 1],
    [64, 63, 2],
  ])('attention of %i queries over %i keys, %i heads', async (n, m, heads) => {
    const gpu = await testGpu();
    const hd = 4;
    const spans = gpu.upload(
      'inputs',
      'spans',
      [n, 4],
      Uint32Array.from({ length: 4 * n }, (_, i) => [0, m, 0, 0][i % 4]!),
      'u32',
    );
    const keySpans = gpu.upload(
      'inputs',
      'keys',
      [m, 2],
      Uint32Array.from({ length: 2 * m }, (_, i) => [0, n][i % 2]!),
      'u32',
    );
    const split = (x: tf.Tensor): tf.Tensor => tf.transpose(x.reshape([-1, heads, hd]), [1, 0, 2]);
    const dense = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor => {
      const weights = tf.softmax(tf.matMul(split(q), split(k), false, true).div(Math.sqrt(hd)));
      return tf.transpose(tf.matMul(weights, split(v)), [1, 0, 2]).reshape([n, heads * hd]);
    };
    await checkOp(gpu, {
      name: 'attention',
      inputs: { q: input([n, heads * hd], 1), k: input([m, heads * hd], 2), v: input([m, heads * hd], 3) },
      forward: (tape, { q, k, v }) =>
        attention(tape, q, k, v, { heads, kvHeads: heads, headDim: hd, spans, keySpans }),
      reference: ({ q, k, v }) => denseAttention(q, k, v, heads, hd),
      tensorflow: (q, k, v) => dense(q!, k!, v!),
    });
    gpu.free(spans, keySpans);
  });

  it.each([
    [1000, 7, 9],
    [7, 1000, 65],
    [1, 63, 1000],
  ])('head: %i rows of %i, vocabulary %i', async (rows, d, vocabulary) => {
    const gpu = await testGpu();
    const targets = Array.from({ length: rows }, (_, i) => (i * 5 + 2) % vocabulary);
    const ids = gpu.upload('inputs', 'targets', [rows], Uint32Array.from(targets), 'u32');
    const factor = gpu.upload('inputs', 'inverse temperature', [1], Float32Array.of(0.5));
    await checkOp(gpu, {
      name: 'headLogProbs',
      inputs: { hidden: input([rows, d], 1), weight: input([vocabulary, d], 2) },
      forward: (tape, { hidden, weight }) => headLogProbs(tape, hidden, [weight], ids, factor).logProbs,
      reference: ({ hidden, weight }) =>
        targets.map((target, i) => {
          const logits = Array.from({ length: vocabulary }, (_, v) => {
            let dot = 0;
            for (let c = 0; c < d; c++) dot += hidden[i * d + c]! * weight[v * d + c]!;
            return 0.5 * dot;
          });
          const top = Math.max(...logits);
          return (
            logits[target]! - top - Math.log(logits.reduce((sum, value) => sum + Math.exp(value - top), 0))
          );
        }),
      tensorflow: (hidden, weight) =>
        tf
          .logSoftmax(tf.matMul(hidden as tf.Tensor2D, weight as tf.Tensor2D, false, true).mul(0.5))
          .mul(tf.oneHot(targets, vocabulary))
          .sum(1),
    });
    gpu.free(ids, factor);
  });
});

/** Softmax attention where every query sees every key. */
function denseAttention(
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  heads: number,
  hd: number,
): Float64Array {
  const width = heads * hd;
  const out = new Float64Array(q.length);
  for (let start = 0; start < q.length; start += hd) {
    const at = start % width;
    const scores: number[] = [];
    for (let key = at; key < k.length; key += width) {
      let dot = 0;
      for (let c = 0; c < hd; c++) dot += q[start + c]! * k[key + c]!;
      scores.push(Math.exp(dot / Math.sqrt(hd)));
    }
    const total = scores.reduce((sum, score) => sum + score, 0);
    scores.forEach((score, j) => {
      for (let c = 0; c < hd; c++) out[start + c]! += (score / total) * v[j * width + at + c]!;
    });
  }
  return out;
}
