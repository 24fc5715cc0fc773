import { it } from 'vitest';
import { composeShader } from '../../src/gpu/shaders.ts';
import { testGpu } from './harness.ts';
it('compile', async () => {
  const gpu = await testGpu();
  for (const [hd, gr] of [[8,1],[16,1],[64,7],[128,2]] as const) {
    const code = composeShader('attention', { HEAD_DIM: hd, GROUP: gr }).code;
    for (const entry of ['forward','forward_parts','forward_join','backward_moments','backward_queries','backward_keys','sum_group']) {
      const t = performance.now();
      const module = gpu.device.createShaderModule({ code });
      await gpu.device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: entry } });
      process.stderr.write(["T", hd, gr, entry, (performance.now() - t).toFixed(0)].join(" ") + "\n");
    }
  }
});
