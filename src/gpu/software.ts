/** What an adapter says of itself: WebGPU's GPUAdapterInfo, or what of it is known. */
export interface AdapterFacts {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly device?: string;
  /** Absent from browsers that do not say. */
  readonly isFallbackAdapter?: boolean;
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|\bwarp\b|software/i;

/** Whether the adapter is the processor itself: right numbers, low speed, dear barriers. */
export function isSoftwareAdapter(facts: AdapterFacts): boolean {
  const { vendor, architecture, device = '', description, isFallbackAdapter } = facts;
  return isFallbackAdapter === true || SOFTWARE.test([vendor, architecture, device, description].join(' '));
}
