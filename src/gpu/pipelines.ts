import { type BoundKernel, bindKernel } from './bound.ts';
import { type Kernel, kernelLabel, type Specialisation } from './kernel.ts';
import { composeShader } from './shaders.ts';

export interface Pipeline {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly bound: BoundKernel;
}

function layoutEntries({ bindings }: BoundKernel): GPUBindGroupLayoutEntry[] {
  return [
    { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform' } },
    ...bindings.map(({ index, type }) => ({
      binding: index,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type },
    })),
  ];
}

/** What tells pipelines apart: the code, and the buffers it is bound to. */
function cacheKey(kernel: Kernel, label: string): string {
  return `${label} [${Object.keys(kernel.bindings).sort().join()}]`;
}

const caches = new WeakMap<GPUDevice, PipelineCache>();

/** Compiles each specialised kernel once; callers that ask at the same time share the promise. */
export class PipelineCache {
  /** That of a device, whoever asks: a pipeline belongs to its device. */
  static of(device: GPUDevice): PipelineCache {
    const cache = caches.get(device) ?? new PipelineCache(device);
    caches.set(device, cache);
    return cache;
  }

  readonly #device: GPUDevice;
  readonly #compose: typeof composeShader;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  /** Told of pipelines that are asked for, and of those that are made. */
  #watch: { asked(): void; made(): void } | undefined;

  /** `compose` makes a shader's text; another one only where a test needs shaders that are not in the folder. */
  constructor(device: GPUDevice, compose = composeShader) {
    this.#device = device;
    this.#compose = compose;
  }

  get size(): number {
    return this.#pipelines.size;
  }

  get(kernel: Kernel, special: Specialisation = {}): Promise<Pipeline> {
    const label = kernelLabel(kernel, special);
    const key = cacheKey(kernel, label);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#compile(kernel, special, label);
      this.#pipelines.set(key, pipeline);
      this.#watch?.asked();
      const { made } = this.#watch ?? {};
      // Who asked for it hears of a failure.
      if (made) pipeline.then(made, made);
    }
    return pipeline;
  }

  /** Does `work`, and reports how many of the pipelines that it needs anew are compiled. */
  async reporting<T>(report: (done: number, total: number) => void, work: () => Promise<T>): Promise<T> {
    let [done, total] = [0, 0];
    this.#watch = {
      asked: () => report(done, ++total),
      made: () => report(++done, total),
    };
    try {
      return await work();
    } finally {
      this.#watch = undefined;
    }
  }

  async #compile(kernel: Kernel, special: Specialisation, label: string): Promise<Pipeline> {
    const device = this.#device;
    const shader = this.#compose(kernel.shader, special.defines);
    const bound = bindKernel(kernel, this.#compose);
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label, code: shader.code });
    const layout = device.createBindGroupLayout({ label, entries: layoutEntries(bound) });
    const scope = device.popErrorScope();
    const info = await module.getCompilationInfo();
    await scope;
    const problems = info.messages.filter((message) => message.type === 'error');
    if (problems.length > 0) {
      const sourceLines = shader.code.split('\n');
      const text = problems.map((message) => {
        const { file, line } = shader.origin(message.lineNum);
        return `${file}:${line}:${message.linePos} ${message.message}\n    ${sourceLines[message.lineNum - 1] ?? ''}`;
      });
      throw new Error(`${label} does not compile:\n${text.join('\n')}`);
    }
    const pipeline = await device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: kernel.entry },
    });
    return { label, pipeline, layout, bound };
  }
}
