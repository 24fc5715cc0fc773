import { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { encodeMatmulModel, type MatmulModel } from '../../../src/cli/bench/onnx-model.ts';

const A = [1, 2, 3, 4, 5, 6];
const B = [1, 0, 2, -1, 3, 1];

/** What onnxruntime's processor backend makes of the model. */
async function run(model: MatmulModel): Promise<{ dims: readonly number[]; data: number[] }> {
  const session = await InferenceSession.create(encodeMatmulModel(model), { executionProviders: ['wasm'] });
  const feeds = {
    a: new Tensor('float32', Float32Array.from(A), model.a),
    b: new Tensor('float32', Float32Array.from(B), model.b),
  };
  const { y } = await session.run(feeds);
  await session.release();
  return { dims: y!.dims, data: [...((await y!.getData()) as Float32Array)] };
}

describe('encodeMatmulModel', () => {
  it('is read by onnxruntime: A·B', async () => {
    const model = { operator: 'MatMul', flags: [], a: [2, 3], b: [3, 2], out: [2, 2] } as const;
    expect(await run(model)).toEqual({ dims: [2, 2], data: [14, 1, 32, 1] });
  });

  it('is read by onnxruntime: A·Bᵀ', async () => {
    const model = { operator: 'Gemm', flags: ['transB'], a: [2, 3], b: [2, 3], out: [2, 2] } as const;
    expect(await run(model)).toEqual({ dims: [2, 2], data: [7, 8, 16, 17] });
  });

  it('is read by onnxruntime: Aᵀ·B', async () => {
    const model = { operator: 'Gemm', flags: ['transA'], a: [3, 2], b: [3, 2], out: [2, 2] } as const;
    expect(await run(model)).toEqual({ dims: [2, 2], data: [22, 2, 28, 2] });
  });

  it('writes extents of any size', () => {
    const model = { operator: 'MatMul', flags: [], a: [1, 151_936], b: [151_936, 1], out: [1, 1] } as const;
    // 151,936 in groups of seven bits, the lowest first.
    const extent = [0x80, 0xa3, 0x09];
    expect([...encodeMatmulModel(model)].join()).toContain(extent.join());
  });
});
