import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  branchProbabilities,
  openProjector,
  type ProjectorConfig,
  parseProjectorConfig,
  sampledSide,
  videoTokens,
} from '../../src/families/humanomni/projector.ts';
import { roundHalfEven } from '../../src/math/half.ts';
import { checkTraining, expectGolden, golden, observed, openTiny, type Tiny, uploadGolden } from './tiny.ts';

let tiny: Tiny;
let config: ProjectorConfig;
beforeAll(async () => {
  tiny = await openTiny();
  config = parseProjectorConfig(tiny.files.main.config, 32);
});
afterAll(() => {
  tiny.loader[Symbol.dispose]();
});

describe('video projector', () => {
  it('gives every intermediate of the golden checkpoint', async () => {
    const { gpu, loader } = tiny;
    const projector = openProjector(loader.open, config);
    await loader.load();
    const features = uploadGolden(gpu, 'vision_hidden', [8 * 16, 48]);
    const question = uploadGolden(gpu, 'bert_cls', [1, 32]);
    const seen = await observed(gpu, (tape, observe) => {
      const probabilities = branchProbabilities(tape, projector, question, observe);
      videoTokens(tape, projector, features, 8, probabilities, observe);
    });
    expect([...seen.keys()].sort()).toEqual(
      ['branch_probs', 'face_pooled', 'proj_body', 'proj_face', 'proj_video', 'video_tokens'].sort(),
    );
    for (const [name, values] of seen) expectGolden(name, values);
    gpu.free(features, question);
  });

  it('can be trained', async () => {
    const { gpu } = tiny;
    const values = Float32Array.from(golden('vision_hidden').values.subarray(0, 2 * 16 * 48));
    const features = gpu.upload('inputs', 'features', [2 * 16, 48], values);
    const question = uploadGolden(gpu, 'bert_cls', [1, 32]);
    // Both branches run the same code; one of them, and its block with a shortcut of its own, stand for all.
    const chosen = /s1_video.b1.*weight|sampler_video|readout_video.0.weight|face.0.weight|gate.*weight/;
    await checkTraining(
      tiny,
      (tape, open) => {
        const projector = openProjector(open, config);
        return videoTokens(tape, projector, features, 2, branchProbabilities(tape, projector, question));
      },
      (name) => chosen.test(name),
    );
    gpu.free(features, question);
  });

  it('rejects other projector types by name', () => {
    for (const type of ['linear', 'stc_connector', 'all_in_one_mlp']) {
      const json = { mm_projector_type: type, mm_hidden_size: 48, hidden_size: 64 };
      expect(() => parseProjectorConfig(json, 32)).toThrow(
        `mm_projector_type is "${type}", expected all_in_one_small or all_in_one`,
      );
    }
  });

  it('knows which sides fit', () => {
    const large = parseProjectorConfig(
      { mm_projector_type: 'all_in_one', mm_hidden_size: 4, hidden_size: 4 },
      4,
    );
    expect(large.depth).toBe(4);
    expect(sampledSide(config, 14)).toBe(7);
    expect(sampledSide(large, 27)).toBe(14);
    expect(() => sampledSide(config, 27)).toThrow(/13 x 13 .* 14 x 14/);
    expect(() => sampledSide(large, 14)).toThrow(/8 x 8 .* 7 x 7/);
  });
});

describe('roundHalfEven', () => {
  it('breaks ties towards even numbers', () => {
    expect([0.5, 1.5, 2.5, 10.75, 10.25].map(roundHalfEven)).toEqual([0, 2, 2, 11, 10]);
  });
});
