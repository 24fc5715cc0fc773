/** The quantities of a Qwen2-VL case: pixels, positions, vision tokens, logits, log-probabilities, loss, gradients. */

import { MROPE_AXES, mergedTokens } from '../../decoder/mrope.ts';
import type { Qwen2Vl, Qwen2VlConfig } from '../../families/qwen-vl/parts.ts';
import type { Gpu, Tensor } from '../../gpu/index.ts';
import type { FileTree } from '../../io/files/files.ts';
import { patchesFromFrames } from '../../media/patches.ts';
import { releaseTf, startTfOnDevice } from '../../media/tf-device.ts';
import { mediaPlaces } from '../../rl/media/media-input.ts';
import { VisionTower } from '../../rl/media/tower.ts';
import type { TowerPatches } from '../../rl/media/tower-patches.ts';
import { lossMetrics } from '../../rl/objective/loss.ts';
import type { PassArrays } from '../../rl/update/pass-arrays.ts';
import type { Splice } from '../../rl/update/pass-inputs.ts';
import { type CasePass, recordPass } from './case-pass.ts';
import { readFrames } from './frames.ts';
import { openArrays, packedGroup, separateGroups, spread } from './group-case.ts';
import {
  activation,
  differing,
  gradients,
  logProbability,
  pixelDifferences,
  type Quantity,
  scalar,
} from './quantity.ts';
import { loadQwen2VlCase, openQwen2VlCase, type Qwen2VlCase } from './qwen2-vl-case.ts';
import { RECORDED_LOSS } from './trl-config.ts';

const ACTIVATIONS = ['video_tokens', 'prompt_logits_last'] as const;

/** How the group is laid out, and whether each layer is computed again in the backward pass. */
const LAYOUTS = [
  { packed: true, checkpoint: false },
  { packed: true, checkpoint: true },
  { packed: false, checkpoint: false },
  { packed: false, checkpoint: true },
] as const;
type Layout = (typeof LAYOUTS)[number];

/** All quantities of one case folder. */
export async function qwen2VlQuantities(tree: FileTree, gpu: Gpu): Promise<Quantity[]> {
  const inputs = await openQwen2VlCase(tree);
  const [[, config]] = [...inputs.configs] as [[string, Qwen2VlConfig]];
  const quantities = [...(await positionQuantities(inputs)), ...(await patchQuantities(gpu, inputs, config))];
  for (const [file, written] of inputs.configs) {
    const found = [
      differing('fields', leaves(written), leaves(config)),
      ...(await modelQuantities(gpu, inputs, written)),
    ];
    quantities.push(...found.map((quantity) => ({ ...quantity, name: `${file}: ${quantity.name}` })));
  }
  return quantities;
}

/** All values of a config, in order. */
const leaves = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];

async function positionQuantities({ arrays, prompt, settings }: Qwen2VlCase): Promise<Quantity[]> {
  const { positions, next } = prompt.positions!;
  const count = prompt.ids.length;
  const byAxis = Array.from({ length: positions.length }, (_, i) => {
    const [axis, token] = [Math.floor(i / count), i % count];
    return positions[MROPE_AXES * token + axis];
  });
  return [
    differing('mrope_position_ids', byAxis, await arrays.integers('mrope_position_ids')),
    differing('mrope_delta', [next - count], [settings.mrope_delta]),
  ];
}

/** Patches and grids of the first frame as a picture and of all frames as a video. */
async function patchQuantities(
  gpu: Gpu,
  { arrays, settings }: Qwen2VlCase,
  { vision }: Qwen2VlConfig,
): Promise<Quantity[]> {
  const frames = await readFrames(arrays);
  const limits = { minPixels: Number(settings.min_pixels), maxPixels: Number(settings.max_pixels) };
  const quantities: Quantity[] = [];
  await startTfOnDevice(gpu.device, gpu.info);
  try {
    for (const [name, shown] of [
      ['image', frames.slice(0, 1)],
      ['video', frames],
    ] as const) {
      const { rows, grid } = await patchesFromFrames(shown, { ...vision, ...limits });
      quantities.push(
        differing(`${name}_grid_thw`, grid, await arrays.integers(`${name}_grid_thw`)),
        ...pixelDifferences(`${name}_pixel_values`, rows, await arrays.float32(`${name}_pixel_values`)),
      );
    }
  } finally {
    releaseTf();
  }
  return quantities;
}

async function modelQuantities(gpu: Gpu, inputs: Qwen2VlCase, config: Qwen2VlConfig): Promise<Quantity[]> {
  const quantities: Quantity[] = [];
  for (const layout of LAYOUTS) {
    const rows = layout.packed ? 'packed group' : 'separate rows';
    const label = `${rows}${layout.checkpoint ? ', checkpointed' : ''}`;
    for (const quantity of await groupQuantities(gpu, inputs, config, layout)) {
      quantities.push({ ...quantity, name: `${quantity.name}, ${label}` });
    }
  }
  return quantities;
}

/** Forward and backward of the group, all that the case has of them. */
async function groupQuantities(
  gpu: Gpu,
  inputs: Qwen2VlCase,
  config: Qwen2VlConfig,
  layout: Layout,
): Promise<Quantity[]> {
  const { arrays, settings, tree } = inputs;
  using loaded = await loadQwen2VlCase(gpu, inputs, config);
  const tokens = videoTokens(gpu, inputs, config);
  using tower = new VisionTower(gpu, loaded.model.vision, {
    trains: true,
    checkpoint: layout.checkpoint,
  });
  using pass = await recordGroup(gpu, loaded.model, inputs, layout, tokens);
  const patches = { patches: await videoPatches(inputs) };
  await tower.tokensInto(patches, tokens, 0);
  const seen = await pass.run();
  await tower.backward(patches, tokens.grad!, 0);
  const quantities: Quantity[] = [];
  for (const name of ACTIVATIONS)
    quantities.push(activation(name, seen.get(name)!, await arrays.float32(name)));
  const { loss } = lossMetrics(lossConfig(inputs), seen.get('loss')!) as { loss: number };
  const compared: Quantity[] = [];
  for (const [file, isOf] of GRADIENTS) {
    const expected = await openArrays(tree, file);
    if (expected)
      compared.push(...(await gradients('gradient', expected, loaded.store, { of: isOf })).quantities);
  }
  return [
    ...quantities,
    await logProbability(arrays, 'logps', spread(seen.get('logProbs')!, inputs)),
    scalar('grpo_loss', loss, Number(settings.grpo_loss)),
    ...compared,
  ];
}

const ofTower = (name: string): boolean => name.startsWith('visual.');
/** Files of gradients, and whose they are: each is measured by its own global norm. */
const GRADIENTS: readonly (readonly [file: string, isOf: (name: string) => boolean])[] = [
  ['grads_grpo.safetensors', (name) => !ofTower(name)],
  ['grads_grpo_vision.safetensors', ofTower],
];

const lossConfig = ({ settings }: Qwen2VlCase) => ({
  ...RECORDED_LOSS,
  lossType: 'grpo' as const,
  beta: Number(settings.beta ?? 0),
});

function recordGroup(
  gpu: Gpu,
  model: Qwen2Vl,
  inputs: Qwen2VlCase,
  layout: Layout,
  rows: Tensor,
): Promise<CasePass> {
  const options = {
    groups: layout.packed ? packedGroup(inputs) : separateGroups(inputs),
    objective: { config: lossConfig(inputs) },
    advantages: inputs.advantages,
    backward: true,
    checkpoint: layout.checkpoint,
  };
  return recordPass(gpu, { decoder: model.decoder, adapters: false }, options, (_tape, arrays, observe) => {
    observe('video_tokens', rows);
    return Promise.resolve(placeVideo(gpu, inputs, arrays, rows));
  });
}

/** Room for the tokens of the case's video, and for their gradients. */
function videoTokens(gpu: Gpu, { grid }: Qwen2VlCase, { vision, decoder }: Qwen2VlConfig): Tensor {
  const shape = [mergedTokens(grid, vision.merge), decoder.hiddenSize];
  const grad = gpu.tensor('gradients', 'd video tokens', shape);
  return { ...gpu.tensor('inputs', 'video tokens', shape), grad };
}

const videoPatches = async ({ arrays, grid }: Qwen2VlCase): Promise<TowerPatches> => ({
  shown: [{ grid }],
  rows: await arrays.float32('video_pixel_values'),
});

/** The video's tokens go to the places of every prompt. */
function placeVideo(gpu: Gpu, { prompt }: Qwen2VlCase, { layout }: PassArrays, rows: Tensor): Splice[] {
  return layout.map(({ promptStart }) => {
    const at = Uint32Array.from(mediaPlaces(prompt, promptStart));
    return { rows, at: gpu.upload('inputs', 'video places', [at.length], at, 'u32') };
  });
}
