/** In which sizes a Qwen2-VL sees what it is shown: from settings to patches, and what does not fit. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { VisionGrid } from '../../src/decoder/mrope.ts';
import { dryGpu, type Gpu } from '../../src/gpu/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { type Config, checkConfig, defaultConfig, parseConfig } from '../../src/protocol/config.ts';
import { encoderFingerprint } from '../../src/worker/clips/fingerprint.ts';
import { type ClipModel, modelUnder } from '../../src/worker/inputs/model.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import { policyOptions, runTexts } from '../../src/worker/run-options.ts';
import { testGpu } from '../ops/harness.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { openClipModel } from './clip-model.ts';
import { CLIPS, preparedClips } from './sized-clips.ts';

/** Video-R1's videos: two frames a second, up to 16, of up to 128 tokens each (src/scripts/run_grpo_video.sh). */
const VIDEO_R1 = { framesPerSecond: 2, maxFrames: 16, maxPixels: 128 * 28 * 28 };

let gpu: Gpu;
let model: ClipModel;
beforeAll(async () => {
  gpu = await testGpu();
  model = await openClipModel(await qwen2VlTree('published'));
});
const under = (values: Partial<Config>) => modelUnder(model, parseConfig(values));

describe('the sizes of a run', () => {
  it('are those of before, and go by the same name, where nobody has chosen', () => {
    const patches = { patchSize: 14, temporalPatchSize: 2, merge: 2, minPixels: 3136, maxPixels: 57600 };
    for (const { clips } of [model, under({})]) {
      expect(clips.identity).toEqual({ kind: 'patches', patches });
      expect(clips.decoding(['video'])).toEqual([{ frames: 'spread', audioSeconds: 0 }]);
      expect([clips.counts.video, clips.largest]).toEqual([4 * 73, [4, 2, 2 * 73]]);
    }
  });

  it('reach the frames, the pixels, the room for tokens and the name of what is kept', async () => {
    const { clips, ...rest } = under(VIDEO_R1);
    expect(clips.decoding(['video', 'image'])).toEqual(
      Array(2).fill({ frames: { perSecond: 2, most: 16 }, audioSeconds: 0 }),
    );
    expect([clips.counts.video, clips.largest]).toEqual([8 * 128, [8, 2, 2 * 128]]);
    const names = await Promise.all(
      [{}, VIDEO_R1, { ...VIDEO_R1, maxFrames: 8 }, { minPixels: 7000 }].map((values) =>
        encoderFingerprint(under(values)),
      ),
    );
    expect(new Set(names).size).toBe(4);
    expect(await encoderFingerprint({ ...rest, clips: under({}).clips })).toBe(
      await encoderFingerprint(model),
    );
    const longest = (values: Partial<Config>) =>
      runTexts(under(values), parseConfig(values), []).prompts.longest;
    expect(longest(VIDEO_R1) - longest({})).toBe(8 * 128 - 4 * 73);
  });

  it('enlarge and shrink what is shown', async () => {
    const grids = async (values: Partial<Config>): Promise<(VisionGrid | undefined)[]> => {
      const features = await preparedClips(gpu, under(values), memoryFeatureCache());
      return CLIPS.map((clip) => features.shownOf(clip)?.[0]?.grid);
    };
    expect(await grids({})).toEqual([
      [2, 6, 4],
      [3, 4, 8],
    ]);
    expect(await grids({ maxPixels: 3136, minPixels: 784 })).toEqual([
      [2, 4, 2],
      [3, 2, 4],
    ]);
    expect(await grids({ minPixels: 12_544 })).toEqual([
      [2, 10, 8],
      [3, 6, 12],
    ]);
  });
});

describe('a size that does not fit', () => {
  const plan = (values: Partial<Config>) => {
    const config = parseConfig({ loraRank: 4, ...values });
    return planMemory(model, config, runTexts(under(values), config, []), dryGpu());
  };

  it('is refused by the plan, which names what would fit, with the tower before the run and inside it', async () => {
    const usual = await plan({});
    const larger = await plan({ maxPixels: 4 * 57_600 });
    expect(larger.encoding).toBeGreaterThan(3 * usual.encoding - 2 ** 20);
    expect(larger.training.activations!).toBeGreaterThan(usual.training.activations!);
    // The widest activation of a patch are its 1,176 values: 28,532 patches in 128 MiB.
    for (const inside of [{}, { loraVision: true }]) {
      const refused = plan({ maxPixels: 12_845_056, ...inside });
      await expect(refused).rejects.toThrow(/8 frames of 12849760 pixels is 262240 patches.* holds 28532/);
      await expect(refused).rejects.toMatchObject({
        hint: expect.stringContaining('maxPixels within 1397872'),
      });
    }
  });

  it('is refused by its settings where they contradict one another, or say nothing of the model', () => {
    const [problem] = checkConfig({ ...defaultConfig(), minPixels: 60_000 });
    expect(problem?.message).toBe('minPixels is 60000; expected at most maxPixels, which is 57600.');
    expect(() => policyOptions('HumanOmni', parseConfig({ maxFrames: 16 }), 64)).toThrow(
      /maxFrames is 16; it says how the vision tower of a Qwen2-VL/,
    );
  });
});
