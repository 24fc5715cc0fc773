/** Sampling from Qwen2-VL through the key-value cache, with M-RoPE. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordPass } from '../../src/cli/parity/case-pass.ts';
import {
  type LoadedCase,
  loadQwen2VlCase,
  openQwen2VlCase,
  type Qwen2VlCase,
} from '../../src/cli/parity/qwen2-vl-case.ts';
import { mropePositions } from '../../src/decoder/mrope.ts';
import { type PromptTokens, slotTokens } from '../../src/families/api.ts';
import { Arena, type Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { mediaPlaces } from '../../src/rl/media/media-input.ts';
import { type Completion, Generator } from '../../src/rl/rollout/generator.ts';
import type { TokenGroup } from '../../src/rl/update/pass-arrays.ts';
import { readGolden } from '../media/golden.ts';
import { testGpu } from '../ops/harness.ts';
import { SAMPLING } from '../reference/omni-tiny.ts';

const FOLDER = 'test/golden/qwen2-vl-tiny';
const NEW_TOKENS = 12;
const GROUP = 3;

let gpu: Gpu;
let inputs: Qwen2VlCase;
let loaded: LoadedCase;
let video: Float32Array;
let prompts: PromptTokens[];
beforeAll(async () => {
  gpu = await testGpu();
  inputs = await openQwen2VlCase(await treeFromDisk(FOLDER));
  loaded = await loadQwen2VlCase(gpu, inputs, inputs.configs.get('config.json')!);
  video = Float32Array.from(readGolden(`${FOLDER}/case.safetensors`)('video_tokens').values);
  const text = Uint32Array.of(5, 17, 29, 250, 3, 88, 41);
  const places = { placeholders: [], grids: [], merge: 2 };
  prompts = [inputs.prompt, { ids: text, positions: mropePositions(text, places) }];
});
afterAll(() => loaded[Symbol.dispose]());

/** [prompt][completion]: a prompt with a video, and one of text. */
async function rollout(): Promise<Completion[][]> {
  using arena = new Arena(gpu, 'rollout');
  const shape = {
    rows: 2 * GROUP,
    groupSize: GROUP,
    places: 2,
    prefillTogether: 2,
    promptTokens: prompts[0]!.ids.length + 3,
    mediaRows: slotTokens(prompts[0]!.video),
    maxNewTokens: NEW_TOKENS,
  };
  const options = { endIds: [1], adapters: false };
  using generator = await Generator.create(gpu, arena, loaded.model.decoder, shape, options);
  const none = { rows: new Float32Array(0) };
  return await generator.generate(prompts, SAMPLING, (prompt) => [{ rows: video }, none][prompt]!);
}

/** Log-probabilities of completions behind the given prompts in one uncached pass. */
async function lossPass(groups: readonly TokenGroup[]): Promise<Float32Array> {
  const { decoder } = loaded.model;
  const advantages = groups.flatMap(({ completions }) => completions.map(() => 1));
  const options = { groups, objective: 'nll', advantages, backward: false } as const;
  using pass = await recordPass(gpu, { decoder, adapters: false }, options, async (_tape, { layout }) => {
    const at = Uint32Array.from(mediaPlaces(prompts[0]!, layout[0]!.promptStart));
    const rows = gpu.upload('inputs', 'video', [at.length, decoder.config.hiddenSize], video);
    return [{ rows, at: gpu.upload('inputs', 'places', [at.length], at, 'u32') }];
  });
  return (await pass.run()).get('logProbs')!;
}

const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

describe('a rollout of Qwen2-VL', () => {
  it('has the log-probabilities of the loss pass, though a token stands before its place in the row', async () => {
    const completions = await rollout();
    const sampled = completions.flat().flatMap(({ logProbs }) => [...logProbs]);
    expect(sampled.length).toBeGreaterThan(20);
    expect(inputs.prompt.positions!.next).toBeLessThan(inputs.prompt.ids.length);
    const groups = completions.map((group, index) => ({
      prompt: prompts[index]!,
      completions: group.map(({ ids }) => ids),
    }));
    expect(largestGap(sampled, await lossPass(groups))).toBeLessThan(5e-4);
    // Going on at the place in the row instead would be seen.
    const { positions } = inputs.prompt.positions!;
    const late = { ...inputs.prompt, positions: { positions, next: inputs.prompt.ids.length } };
    const moved = await lossPass([{ ...groups[0]!, prompt: late }, groups[1]!]);
    expect(largestGap(sampled, moved)).toBeGreaterThan(5e-3);
  });
});
