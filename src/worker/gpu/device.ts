import { Gpu, limitsToAskFor } from '../../gpu/index.ts';
import type { DeviceInfo } from '../../protocol/messages.ts';

/** Asked for where the adapter has them; nothing depends on them without a plain path beside. */
const OPTIONAL_FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups'];
const SHOWN_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

export type OpenedDevice =
  | { readonly kind: 'ready'; readonly gpu: Gpu; readonly info: DeviceInfo }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly hint: string };

/** Opens the fastest adapter with what it offers. `wasLost` tells whether one was lost a short while ago. */
export async function openDevice(wasLost: () => Promise<boolean>): Promise<OpenedDevice> {
  if (!navigator.gpu) {
    return unavailable('This browser has no WebGPU (navigator.gpu is missing).', missingHint());
  }
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    const hint = (await wasLost()) ? WITHHELD : adapterHint();
    return unavailable('WebGPU is there, but it offers no adapter.', hint);
  }
  try {
    const requiredFeatures = OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature));
    const requiredLimits = limitsToAskFor(adapter);
    const device = await adapter.requestDevice({ label: 'studio', requiredFeatures, requiredLimits });
    const gpu = new Gpu(device, { info: adapter.info });
    return { kind: 'ready', gpu, info: describeDevice(adapter, gpu) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return unavailable(
      `The GPU gave no device: ${reason}`,
      'Close other tabs that use the GPU and reload the page.',
    );
  }
}

function unavailable(reason: string, hint: string): OpenedDevice {
  return { kind: 'unavailable', reason, hint };
}

function describeDevice({ info }: GPUAdapter, { device, isSoftware }: Gpu): DeviceInfo {
  const { vendor, architecture, device: model, description } = info;
  return {
    vendor,
    architecture,
    description: description || model,
    isSoftware,
    features: [...device.features].sort(),
    limits: Object.fromEntries(SHOWN_LIMITS.map((name) => [name, device.limits[name]])),
  };
}

function missingHint(): string {
  if (!globalThis.isSecureContext)
    return 'Open the page over https or from localhost: WebGPU needs a secure address.';
  const agent = navigator.userAgent;
  if (/Firefox/.test(agent))
    return 'Use Chrome or Edge 121 or newer, or a Firefox in which dom.webgpu.enabled is on.';
  if (/Linux/.test(agent) && !/Android/.test(agent)) {
    return 'Use Chrome 121 or newer and switch on chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan.';
  }
  if (/Mac OS X/.test(agent) && !/Chrome/.test(agent))
    return 'Use Chrome 121 or newer, or Safari 26 or newer.';
  return 'Use Chrome or Edge 121 or newer.';
}

const WITHHELD =
  'A GPU was lost a short while ago, and browsers then withhold WebGPU for a while: try again in a minute, or restart the browser.';

function adapterHint(): string {
  const agent = navigator.userAgent;
  if (/Linux/.test(agent) && !/Android/.test(agent)) {
    return 'Install a Vulkan driver for the GPU, switch on chrome://flags/#enable-unsafe-webgpu and look at chrome://gpu.';
  }
  if (/Windows/.test(agent))
    return 'Update the graphics driver, switch on hardware acceleration, and look at chrome://gpu.';
  return 'Switch on hardware acceleration in the browser’s settings and look at chrome://gpu.';
}
