/**
 * What a GPU gives the studio at real size: `npm run bench -- --gpu [--small] [--torch FILE] [--json FILE]`. This file needs nothing but
 * Node and Dawn beside it, so that it can be carried: `node src/cli/launch.mjs bench-gpu --bundle FILE.mjs` writes it whole.
 * FILE of --torch is what test/bench/torch_peer.py printed; without, it is run here if python3 has torch with CUDA.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Gpu } from '../gpu/index.ts';
import { describeError } from '../math/errors.ts';
import { openNodeDevice } from './adapter.ts';
import { gpuBench, gpuLines } from './bench/gpu.ts';
import { torchPeer } from './bench/torch-peer.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      gpu: { type: 'boolean' },
      small: { type: 'boolean', default: false },
      torch: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const { small, torch: file, json } = values;
  const { device, info } = await openNodeDevice();
  const own = await gpuBench(new Gpu(device, { info }), info.description, small);
  const torch = torchPeer(file, small);
  const report = torch === undefined ? own : { ...own, torch };
  console.log(gpuLines(report).join('\n'));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

main()
  .then(() => process.exit(0))
  .catch((error) => {
    console.error(describeError(error));
    process.exit(1);
  });
