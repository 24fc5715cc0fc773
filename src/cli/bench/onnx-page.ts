/** Runs in a browser: matmuls of onnxruntime-web's WebGPU provider against ours, on one device. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { matmulAgainst, ONNX, type OpenMatmul } from '../../bench/cases/matmul.ts';
import { uploaded } from '../../bench/cases/planned.ts';
import { runComparison } from '../../bench/comparison.ts';
import type { TimingOptions } from '../../bench/timing.ts';
import { Gpu, placed } from '../../gpu/index.ts';
import type { Row } from '../../protocol/bench.ts';
import { encodeMatmulModel } from './onnx-model.ts';

/** Where the server beside this page puts onnxruntime-web. */
const RUNTIME = '/ort/';

type Runtime = typeof import('onnxruntime-web');

/** A device with all that the adapter offers of what onnxruntime-web uses, for both sides. */
async function openDevice(): Promise<Gpu> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error('The browser offers no WebGPU adapter.');
  const wanted: readonly GPUFeatureName[] = ['shader-f16', 'subgroups'];
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
  });
  return new Gpu(device, { info: adapter.info });
}

async function loadRuntime(): Promise<Runtime> {
  const runtime = (await import(/* @vite-ignore */ `${RUNTIME}ort.webgpu.bundle.min.mjs`)) as Runtime;
  runtime.env.wasm.wasmPaths = RUNTIME;
  runtime.env.wasm.numThreads = 1;
  return runtime;
}

/** A session whose inputs and output stay on the device. */
const openMatmul =
  (runtime: Runtime): OpenMatmul =>
  async (gpu, { layout, shapes, out, a, b }) => {
    const flags = layout === 'nn' ? [] : [layout === 'nt' ? ('transB' as const) : ('transA' as const)];
    const operator = layout === 'nn' ? 'MatMul' : 'Gemm';
    const model = encodeMatmulModel({ operator, flags, ...shapes, out });
    const options: InferenceSession.SessionOptions = {
      executionProviders: [{ name: 'webgpu', device: gpu.device }],
      preferredOutputLocation: 'gpu-buffer',
    };
    const session = await runtime.InferenceSession.create(model, options);
    const left = uploaded(gpu, 'a', shapes.a, a);
    const right = uploaded(gpu, 'b', shapes.b, b);
    const input = (tensor: typeof left): Tensor =>
      runtime.Tensor.fromGpuBuffer(placed(tensor).buffer, { dataType: 'float32', dims: tensor.shape });
    const feeds = { a: input(left), b: input(right) };
    let result: Tensor | undefined;
    return {
      start: async () => {
        result?.dispose();
        result = (await session.run(feeds)).y;
      },
      settle: () => gpu.device.queue.onSubmittedWorkDone(),
      result: async () => (await result!.getData()) as Float32Array,
      dispose: () => {
        result?.dispose();
        session.release();
        gpu.free(left, right);
      },
    };
  };

let opened: Promise<{ gpu: Gpu; runtime: Runtime }> | undefined;

/** The device and the runtime, started once. */
function open(): Promise<{ gpu: Gpu; runtime: Runtime }> {
  opened ??= openDevice().then(async (gpu) => ({ gpu, runtime: await loadRuntime() }));
  return opened;
}

/** The rows of the n-th matmul. */
async function compareMatmul(index: number, timing: TimingOptions): Promise<Row[]> {
  const { gpu, runtime } = await open();
  const comparison = matmulAgainst({ [ONNX]: openMatmul(runtime) })[index]!;
  return await runComparison(gpu, comparison, [ONNX], timing);
}

Object.assign(globalThis, { compareMatmul });
