/** A whole run on the golden toy checkpoint: text, sampler, rewards and update are real, what the towers say is made up. */
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { Config } from '../../src/protocol/config.ts';
import { type TinyRun, tinyRun } from '../worker/tiny-run.ts';

/** Opens it with LoRA only, so that media tokens are made once; `values` override. */
export async function openRun(gpu: Gpu, values: Partial<Config> = {}): Promise<TinyRun> {
  const tree = await treeFromDisk('test/golden/omni-tiny');
  return tinyRun(gpu, tree, {
    loraRank: 4,
    trainDecoder: false,
    trainProjectors: false,
    trainGate: false,
    trainBert: false,
    schedule: 'constant',
    warmupSteps: 0,
    ...values,
  });
}
