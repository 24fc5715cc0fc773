/**
 * A device that allocates and runs nothing. Whatever is built on it goes through the same recording and the same ledger
 * as on a real one, so that memory is known to the byte before any of it is asked for (why: D-012).
 */
import { Gpu } from './device.ts';

/** WebGPU's default limits, as far as the engine looks at them. */
const DEFAULT_LIMITS = {
  maxBufferSize: 256 * 2 ** 20,
  maxStorageBufferBindingSize: 128 * 2 ** 20,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65_535,
};

/** WebGPU's flags by name, for machines that have no WebGPU at all: memory can be planned there, too. */
function defineFlags(): void {
  const usage = {
    MAP_READ: 1,
    MAP_WRITE: 2,
    COPY_SRC: 4,
    COPY_DST: 8,
    UNIFORM: 64,
    STORAGE: 128,
    QUERY_RESOLVE: 512,
  };
  Object.assign(globalThis, {
    GPUBufferUsage: globalThis.GPUBufferUsage ?? usage,
    GPUShaderStage: globalThis.GPUShaderStage ?? { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 },
  });
}

const nothing = (): void => undefined;

const PASS = {
  setPipeline: nothing,
  setBindGroup: nothing,
  dispatchWorkgroups: nothing,
  end: nothing,
};

const ENCODER = {
  beginComputePass: () => PASS,
  copyBufferToBuffer: nothing,
  clearBuffer: nothing,
  finish: () => ({}),
};

const QUEUE = { writeBuffer: nothing, submit: nothing, onSubmittedWorkDone: async () => undefined };

/** A device with the features and limits of `like`, or of WebGPU's defaults. Reading from its buffers fails: there is nothing in them. */
export function dryDevice(like?: Pick<GPUDevice, 'features' | 'limits'>): GPUDevice {
  defineFlags();
  const device = {
    label: 'dry',
    features: like?.features ?? new Set<GPUFeatureName>(),
    limits: like?.limits ?? DEFAULT_LIMITS,
    queue: QUEUE,
    createBuffer: ({ size, label }: GPUBufferDescriptor) => ({
      size,
      label,
      destroy: nothing,
      mapAsync: async () => {
        throw new Error(`${label}: nothing can be read from a dry device; it only plans memory.`);
      },
    }),
    createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipelineAsync: async () => ({}),
    createBindGroup: () => ({}),
    createCommandEncoder: () => ENCODER,
    pushErrorScope: nothing,
    popErrorScope: async () => null,
  };
  return device as unknown as GPUDevice;
}

/** An engine on a dry device: on one like that of `like`, or one with WebGPU's defaults. */
export function dryGpu(like?: Pick<Gpu, 'device' | 'traits'>): Gpu {
  return new Gpu(dryDevice(like?.device), like ? { traits: like.traits } : {});
}
