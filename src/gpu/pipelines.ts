import { type Access, type Kernel, kernelLabel, type Specialisation } from './kernel.ts';
import { composeShader } from './shaders.ts';

export interface Pipeline {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** How WebGPU calls what a shader does with a buffer. */
const BUFFER_TYPES: Readonly<Record<Access, GPUBufferBindingType>> = {
  read: 'read-only-storage',
  uniform: 'uniform',
  write: 'storage',
  update: 'storage',
};

function layoutEntries(kernel: Kernel): GPUBindGroupLayoutEntry[] {
  const entries: GPUBindGroupLayoutEntry[] = [
    { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform' } },
  ];
  for (const { index, access } of Object.values(kernel.bindings)) {
    entries.push({
      binding: index,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: BUFFER_TYPES[access] },
    });
  }
  return entries;
}

/** What tells pipelines apart: the code, and the layout it is bound by. */
function cacheKey(kernel: Kernel, label: string): string {
  const layout = Object.values(kernel.bindings).map(
    ({ index, access }) => `${index} ${BUFFER_TYPES[access]}`,
  );
  return `${label} [${layout.sort().join()}]`;
}

/** Compiles each specialised kernel once per device; callers that ask at the same time share the promise. */
export class PipelineCache {
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
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label, code: shader.code });
    const layout = device.createBindGroupLayout({ label, entries: layoutEntries(kernel) });
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
      compute: { module, entryPoint: kernel.entry, constants: { ...special.constants } },
    });
    return { label, pipeline, layout };
  }
}
