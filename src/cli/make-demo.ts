/**
 * `npm run make-demo`: makes the embedded demo's model (public/demo/model) from its clips, by this project's own engine.
 *
 *   1. random weights in the real architecture at toy size, and tokenizers made from the prompt's own words
 *   2. both towers pre-trained on their cue (smile or frown; lively or quiet voice), then frozen, as published towers are
 *   3. supervised cold start on 64 clips, a part of whose labels are shuffled: the format holds, the answers are half right
 *   4. weights rounded to bf16, as the published checkpoint, and written with their folder and the demo's manifest
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedArray } from '../decoder/lora.ts';
import { openHumanOmni } from '../families/humanomni/files.ts';
import { readHumanOmniConfig } from '../families/humanomni/parts.ts';
import { Gpu } from '../gpu/index.ts';
import { f32ToBytes } from '../io/tensors/dtype.ts';
import { writeSafetensors } from '../io/tensors/safetensors-write.ts';
import { startTfOnDevice } from '../media/tf-device.ts';
import { openNodeDevice } from './adapter.ts';
import { hasSmile, isLively } from './demo/architecture.ts';
import { readDemoClips } from './demo/clips.ts';
import { coldStart } from './demo/cold-start.ts';
import { initialTensors, makeSmallFiles, modelTree, type SmallFiles } from './demo/initial.ts';
import { trainAudio, trainVision } from './demo/towers.ts';
import { projectRoot } from './setup/paths.mjs';

const SEED = 20;
/** Enough for the format, and so noisy that only half of the held-out answers are right. */
const COLD_START = { steps: 120, learningRate: 3e-3, shuffled: 0.75 };
const FOLDER = join(projectRoot(), 'public', 'demo');
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function replaced(tensors: readonly NamedArray[], changed: readonly NamedArray[]): NamedArray[] {
  const byName = new Map(changed.map((array) => [array.name, array]));
  return tensors.map((array) => byName.get(array.name) ?? array);
}

async function writeModel(small: SmallFiles, tensors: readonly NamedArray[]): Promise<void> {
  const folder = join(FOLDER, 'model');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(small)) writeFileSync(join(folder, name), text);
  const blob = await writeSafetensors(
    tensors.map(({ name, shape, data }) => ({
      name,
      shape,
      dtype: 'BF16' as const,
      bytes: () => f32ToBytes('BF16', Float32Array.from(data)),
    })),
  );
  writeFileSync(join(folder, 'model.safetensors'), new Uint8Array(await blob.arrayBuffer()));
  const model = readdirSync(folder).sort();
  const clips = readdirSync(join(FOLDER, 'clips')).sort();
  const manifest = { model, data: ['data.json', ...clips.map((name) => `clips/${name}`)] };
  writeFileSync(join(FOLDER, 'manifest.json'), `${JSON.stringify(manifest)}\n`);
}

async function main(): Promise<void> {
  const { device, info } = await openNodeDevice();
  const gpu = new Gpu(device, { info });
  await startTfOnDevice(device, info);
  const clips = await readDemoClips(FOLDER);
  say(`${clips.length} clips decoded`);
  const small = makeSmallFiles();
  const initial = initialTensors(gpu, JSON.parse(small['config.json']!), SEED);
  const files = await openHumanOmni(await modelTree(small, initial));
  const config = readHumanOmniConfig(files, { has: () => false, shapeOf: () => [] });
  const train = clips.filter(({ split }) => split === 'train');
  const options = { seed: SEED, log: say };
  const faces = train.map(({ pixels, label }) => ({ input: pixels, present: hasSmile(label) }));
  const voices = train.map(({ logMel, label }) => ({ input: logMel, present: isLively(label) }));
  const vision = await trainVision(gpu, config, initial, faces, {
    ...options,
    steps: 120,
    learningRate: 2e-3,
  });
  const audio = await trainAudio(gpu, config, initial, voices, {
    ...options,
    steps: 120,
    learningRate: 2e-3,
  });
  const withTowers = replaced(initial, [...vision, ...audio]);
  const trained = await coldStart(gpu, await modelTree(small, withTowers), clips, {
    ...COLD_START,
    seed: SEED,
    log: say,
  });
  await writeModel(small, replaced(withTowers, trained));
  process.exit(0);
}

await main();
