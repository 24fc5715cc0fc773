/**
 * WebGPU in Node, by Dawn (the `webgpu` package), on a named adapter.
 *
 * The Vulkan loader takes its driver from environment variables, read when Dawn first asks for an adapter. So the
 * variables are set here, right before that, and Dawn itself is loaded only then.
 */
import type { AdapterKind } from './setup/paths.mjs';
import { adapterEnvironment, chosenAdapter } from './setup/paths.mjs';
import { slowNativeImmediates } from './unhurried.ts';

export type { AdapterKind } from './setup/paths.mjs';
export { chosenAdapter, parseAdapter } from './setup/paths.mjs';

/** What an adapter says about itself, as plain data. */
export interface AdapterDescription {
  kind: AdapterKind;
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  subgroupMinSize: number;
  subgroupMaxSize: number;
  features: string[];
}

export interface NodeDevice {
  kind: AdapterKind;
  gpu: GPU;
  adapter: GPUAdapter;
  device: GPUDevice;
  info: AdapterDescription;
}

/** Features asked for when the adapter has them. Nothing may depend on them without a plain path beside. */
export const OPTIONAL_FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups'];

/** How a software adapter is recognised in its description: proof that the driver asked for is the one that answered. */
const SIGNATURE: Record<AdapterKind, RegExp> = {
  swiftshader: /swiftshader/i,
  lavapipe: /llvmpipe/i,
  default: /./,
};

// Dawn frees the instance under a live device when its JavaScript object is collected, so every instance stays reachable.
const instances = new Map<AdapterKind, GPU>();

/** The `navigator.gpu` of Node for one kind of adapter; also puts the WebGPU globals (GPUBufferUsage, …) on globalThis. */
export async function openNodeGpu(kind: AdapterKind = chosenAdapter()): Promise<GPU> {
  const known = instances.get(kind);
  if (known) return known;
  Object.assign(process.env, adapterEnvironment(kind));
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  if (kind !== 'default' && instances.size === 0) slowNativeImmediates();
  const gpu = create([]);
  instances.set(kind, gpu);
  return gpu;
}

/** Opens the named adapter. Throws, naming what was found, when there is none or another driver answered. */
export async function openNodeAdapter(kind: AdapterKind = chosenAdapter()): Promise<GPUAdapter> {
  const gpu = await openNodeGpu(kind);
  const adapter = await gpu.requestAdapter();
  if (!adapter)
    throw new Error(`WebGPU offers no adapter of the kind "${kind}" in Node. ${adapterHint(kind)}`);
  const { description, device } = adapter.info;
  if (!SIGNATURE[kind].test(`${description} ${device} `)) {
    throw new Error(`Asked for the adapter "${kind}", found "${description}". ${adapterHint(kind)}`);
  }
  return adapter;
}

function adapterHint(kind: AdapterKind): string {
  if (kind === 'default')
    return 'Is a GPU driver with Vulkan, Metal or D3D12 installed? Try --adapter swiftshader.';
  const { VK_ICD_FILENAMES } = adapterEnvironment(kind);
  return `The driver named is ${VK_ICD_FILENAMES}; is the Vulkan loader there (Debian: apt-get install libvulkan1)? One process keeps the driver it first loaded: open a second kind in a second process.`;
}

/** Opens a device with WebGPU's default limits, or those that `limits` names, and those of `features` that the adapter has. */
export async function openNodeDevice(
  kind: AdapterKind = chosenAdapter(),
  features: readonly GPUFeatureName[] = OPTIONAL_FEATURES,
  limits: (adapter: GPUAdapter) => Record<string, number> = () => ({}),
): Promise<NodeDevice> {
  const gpu = await openNodeGpu(kind);
  const adapter = await openNodeAdapter(kind);
  const requiredFeatures = features.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits: limits(adapter) });
  return { kind, gpu, adapter, device, info: describeAdapter(kind, adapter) };
}

/** An adapter's description as plain data, for logs and reports. */
export function describeAdapter(kind: AdapterKind, adapter: GPUAdapter): AdapterDescription {
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize } = adapter.info;
  const features = [...adapter.features].sort();
  return { kind, vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize, features };
}
