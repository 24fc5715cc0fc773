import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  inferSiglipConfig,
  openSiglip,
  parseSiglipConfig,
  siglipFeatures,
} from '../../src/families/humanomni/siglip.ts';
import { freeSegments, uploadSegments } from '../../src/families/shared/encoder-layer.ts';
import { checkTraining, expectGolden, golden, observed, openTiny, type Tiny, uploadGolden } from './tiny.ts';

let tiny: Tiny;
beforeAll(async () => {
  tiny = await openTiny();
});
afterAll(() => {
  tiny.loader[Symbol.dispose]();
});

describe('SigLIP tower', () => {
  it('gives the features of the golden checkpoint', async () => {
    const { gpu, files, loader } = tiny;
    const config = parseSiglipConfig(files.towers.vision!.config);
    const model = openSiglip(loader.open, config, -2);
    await loader.load();
    const segments = uploadSegments(gpu, 'vision', 8, 16);
    const pixels = uploadGolden(gpu, 'pixel_values');
    const seen = await observed(gpu, (tape, observe) => {
      siglipFeatures(tape, model, pixels, segments, observe);
    });
    expectGolden('vision_hidden', seen.get('vision_hidden')!);
    freeSegments(gpu, segments);
    gpu.free(pixels);
  });

  it('opens only what the selected layer needs', () => {
    const { loader } = tiny;
    const unused = loader.unused();
    expect(unused).toContain('vision_model.encoder.layers.2.mlp.fc1.weight');
    expect(unused).toContain('vision_model.head.probe');
    expect(unused).not.toContain('vision_model.encoder.layers.1.mlp.fc1.weight');
  });

  it('can be trained', async () => {
    const { gpu, files } = tiny;
    const config = parseSiglipConfig(files.towers.vision!.config);
    const segments = uploadSegments(gpu, 'vision', 2, 16);
    const frames = Float32Array.from(golden('pixel_values').values.subarray(0, 2 * 3 * 64 * 64));
    const pixels = gpu.upload('inputs', 'pixels', [2, 3, 64, 64], frames);
    await checkTraining(tiny, (tape, open) =>
      siglipFeatures(tape, openSiglip(open, config), pixels, segments),
    );
    freeSegments(gpu, segments);
    gpu.free(pixels);
  });
});

describe('SigLIP config', () => {
  it('falls back on siglip-base-patch16-224, also nested as in the whole model', () => {
    const base = parseSiglipConfig({
      model_type: 'siglip',
      vision_config: { model_type: 'siglip_vision_model' },
    });
    expect(base).toEqual({
      hiddenSize: 768,
      intermediateSize: 3072,
      layers: 12,
      heads: 12,
      imageSize: 224,
      patchSize: 16,
      layerNormEps: 1e-6,
    });
  });

  it('names the field that is off', () => {
    expect(() => parseSiglipConfig({ hidden_act: 'relu' }, 'siglip/config.json')).toThrow(
      'siglip/config.json: "hidden_act" is "relu"',
    );
    expect(() => parseSiglipConfig({ patch_size: 0 })).toThrow(/patch_size/);
  });

  it('is read off the shapes of a tower without a config', () => {
    const prefix = 'model.vision_tower.vision_tower.vision_model.';
    const shapes = new Map([
      [`${prefix}embeddings.patch_embedding.weight`, [1152, 3, 14, 14]],
      [`${prefix}embeddings.position_embedding.weight`, [729, 1152]],
      [`${prefix}encoder.layers.0.mlp.fc1.weight`, [4304, 1152]],
      ...Array.from({ length: 27 }, (_, i): [string, number[]] => [
        `${prefix}encoder.layers.${i}.layer_norm1.weight`,
        [1152],
      ]),
    ]);
    const config = inferSiglipConfig({
      has: (name) => shapes.has(name),
      shapeOf: (name) => shapes.get(name)!,
    });
    expect(config).toMatchObject({
      layers: 27,
      heads: 16,
      imageSize: 378,
      patchSize: 14,
      intermediateSize: 4304,
    });
  });
});
