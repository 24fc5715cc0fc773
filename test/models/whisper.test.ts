import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  audioTokens,
  openAudioProjector,
  parseAudioProjectorConfig,
  poolPositions,
} from '../../src/families/humanomni/audio-projector.ts';
import {
  inferWhisperConfig,
  openWhisper,
  parseWhisperConfig,
  whisperFeatures,
} from '../../src/families/humanomni/whisper.ts';
import { freeSegments, uploadSegments } from '../../src/families/shared/encoder-layer.ts';
import { checkTraining, expectGolden, observed, openTiny, type Tiny, uploadGolden } from './tiny.ts';

let tiny: Tiny;
beforeAll(async () => {
  tiny = await openTiny();
});
afterAll(() => {
  tiny.loader[Symbol.dispose]();
});

describe('Whisper encoder', () => {
  it('gives hidden states and audio tokens of the golden checkpoint', async () => {
    const { gpu, files, loader } = tiny;
    const config = parseWhisperConfig(files.towers.audio!.config);
    const model = openWhisper(loader.open, config);
    const projector = openAudioProjector(
      loader.open,
      parseAudioProjectorConfig(files.main.config, config.hiddenSize),
    );
    await loader.load();
    const segments = uploadSegments(gpu, 'audio', 1, config.positions);
    const mel = uploadGolden(gpu, 'input_features');
    const seen = await observed(gpu, (tape, observe) => {
      const hidden = whisperFeatures(tape, model, mel, segments, observe);
      audioTokens(tape, projector, poolPositions(tape, hidden), observe);
    });
    expectGolden('audio_hidden', seen.get('audio_hidden')!);
    expectGolden('audio_tokens', seen.get('audio_tokens')!);
    freeSegments(gpu, segments);
    gpu.free(mel);
  });

  it('can be trained together with its projector', async () => {
    const { gpu, files } = tiny;
    const config = parseWhisperConfig(files.towers.audio!.config);
    const projectorConfig = parseAudioProjectorConfig(files.main.config, config.hiddenSize);
    const segments = uploadSegments(gpu, 'audio', 1, config.positions);
    const mel = uploadGolden(gpu, 'input_features');
    // One tensor of each kind, in the first block: gradients pass through the second on their way to it.
    const chosen =
      /conv1.weight|conv2.bias|positions|layers.0.*(norm|q_proj|v_proj|fc1).weight|projector.0.weight/;
    await checkTraining(
      tiny,
      (tape, open) => {
        const hidden = whisperFeatures(tape, openWhisper(open, config), mel, segments);
        return audioTokens(tape, openAudioProjector(open, projectorConfig), poolPositions(tape, hidden));
      },
      (name) => chosen.test(name),
    );
    freeSegments(gpu, segments);
    gpu.free(mel);
  });
});

describe('Whisper config', () => {
  it('names a missing field', () => {
    expect(() => parseWhisperConfig({ d_model: 32 }, 'whisper/config.json')).toThrow(
      'whisper/config.json: "encoder_ffn_dim" is missing',
    );
  });

  it('is read off the shapes of a tower without a config', () => {
    const prefix = 'model.audio_tower.audio_tower.encoder.';
    const shapes = new Map([
      [`${prefix}conv1.weight`, [1280, 128, 3]],
      [`${prefix}embed_positions.weight`, [1500, 1280]],
      ...Array.from({ length: 32 }, (_, i): [string, number[]] => [
        `${prefix}layers.${i}.fc1.weight`,
        [5120, 1280],
      ]),
    ]);
    const config = inferWhisperConfig({
      has: (name) => shapes.has(name),
      shapeOf: (name) => shapes.get(name)!,
    });
    expect(config).toEqual({
      hiddenSize: 1280,
      intermediateSize: 5120,
      layers: 32,
      heads: 20,
      melBins: 128,
      positions: 1500,
    });
  });
});

describe('audio projector config', () => {
  it('falls back on the video projector’s type and rejects others by name', () => {
    const json = { hidden_size: 64, mm_projector_type: 'all_in_one_small' };
    expect(() => parseAudioProjectorConfig(json, 32)).toThrow(/"all_in_one_small", expected mlp2x_gelu/);
    expect(parseAudioProjectorConfig({ ...json, mm_audio_projector_type: 'mlp3x_gelu' }, 32).depth).toBe(3);
  });
});
