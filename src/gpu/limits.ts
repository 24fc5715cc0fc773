import { type AdapterFacts, isSoftwareAdapter } from './software.ts';

/**
 * Limits that a device is opened with as its adapter offers them. WebGPU's defaults suffice for everything; with larger
 * bindings more of a step goes through one pass.
 */
export const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxUniformBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

type OfferedLimits = Pick<GPUSupportedLimits, (typeof RAISED_LIMITS)[number]>;

/** All that an adapter offers of the limits that matter here, for `requestDevice`. */
export function offeredLimits(limits: OfferedLimits): Record<string, number> {
  return Object.fromEntries(RAISED_LIMITS.map((name) => [name, limits[name]]));
}

/** What a device of this adapter is opened with. A processor has nothing from larger passes: it stays on the defaults. */
export function limitsToAskFor({
  info,
  limits,
}: {
  readonly info: AdapterFacts;
  readonly limits: OfferedLimits;
}): Record<string, number> {
  return isSoftwareAdapter(info) ? {} : offeredLimits(limits);
}
