import { describe, expect, it } from 'vitest';
import { dryDevice, Gpu } from '../../src/gpu/index.ts';

describe('whether an adapter is the processor itself', () => {
  const nameless = { vendor: '', architecture: '', device: '', description: '' };

  it.each([
    [true, 'SwiftShader in Chrome', { vendor: 'google', architecture: 'swiftshader' }],
    [true, 'lavapipe', { vendor: 'mesa', description: 'llvmpipe (LLVM 19.1.7, 256 bits)' }],
    [true, 'WARP by its architecture', { vendor: 'microsoft', architecture: 'warp' }],
    [true, 'WARP by its name', { device: 'Microsoft Basic Render Driver' }],
    [true, 'one without a name that is the fallback', { isFallbackAdapter: true }],
    [false, 'a GPU', { vendor: 'nvidia', architecture: 'ada', isFallbackAdapter: false }],
    [false, 'one that says nothing', {}],
  ])('%s: %s', (isSoftware, _, facts) => {
    const gpu = new Gpu(dryDevice(), { info: { ...nameless, ...facts } });
    expect(gpu.traits.isSoftware).toBe(isSoftware);
    expect(gpu.isSoftware).toBe(isSoftware);
  });
});
