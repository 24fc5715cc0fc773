/** Names and shapes that the models ask for, against the list of the published 0.5B checkpoint. No device is needed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Weights } from '../../src/decoder/weights.ts';
import {
  openAudioProjector,
  parseAudioProjectorConfig,
} from '../../src/families/humanomni/audio-projector.ts';
import { inferBertConfig, openBert } from '../../src/families/humanomni/bert.ts';
import { openProjector, parseProjectorConfig } from '../../src/families/humanomni/projector.ts';
import { inferSiglipConfig, openSiglip } from '../../src/families/humanomni/siglip.ts';
import { inferWhisperConfig, openWhisper } from '../../src/families/humanomni/whisper.ts';
import type { Tensor } from '../../src/gpu/index.ts';

const { tensors } = JSON.parse(readFileSync('test/golden/humanomni-0.5b-tensors.json', 'utf8')) as {
  tensors: Record<string, number[]>;
};
const shapes = {
  has: (name: string): boolean => name in tensors,
  shapeOf: (name: string): readonly number[] => tensors[name]!,
};
const mainConfig = {
  hidden_size: 896,
  mm_hidden_size: 768,
  mm_projector_type: 'all_in_one_small',
  mm_audio_projector_type: 'mlp2x_gelu',
};

/** What is in the file and has no part in the forward pass. */
const UNUSED = [
  /^model\.vision_tower.*\.(encoder\.layers\.11|post_layernorm|head)\./,
  /^model\.audio_tower\.audio_tower\.(projector|classifier)\./,
  /^model\.bert_model\.pooler\./,
  /^model\.(embed_tokens|layers|norm)\./,
  /^lm_head\./,
];

describe('the published 0.5B checkpoint', () => {
  it('has every tensor that towers, gate and projectors open, and no other that should be used', () => {
    const opened = new Set<string>();
    const open: Weights = (name, shape): Tensor => {
      expect(tensors[name], name).toEqual(shape);
      opened.add(name);
      return { label: name, shape, dtype: 'bf16', storage: { kind: 'planned', id: opened.size } };
    };
    const bert = inferBertConfig(shapes);
    const whisper = inferWhisperConfig(shapes);
    openSiglip(open, inferSiglipConfig(shapes), -2);
    openWhisper(open, whisper);
    openBert(open, bert);
    openProjector(open, parseProjectorConfig(mainConfig, bert.hiddenSize));
    openAudioProjector(open, parseAudioProjectorConfig(mainConfig, whisper.hiddenSize));
    const left = Object.keys(tensors).filter((name) => !opened.has(name));
    expect(left.filter((name) => !UNUSED.some((pattern) => pattern.test(name)))).toEqual([]);
  });

  it('tells the configs of its towers by its shapes', () => {
    expect(inferSiglipConfig(shapes)).toMatchObject({ layers: 12, heads: 12, imageSize: 224, patchSize: 16 });
    expect(inferWhisperConfig(shapes)).toMatchObject({
      layers: 32,
      heads: 20,
      melBins: 128,
      positions: 1500,
    });
    expect(inferBertConfig(shapes)).toMatchObject({
      layers: 12,
      heads: 12,
      vocabSize: 30522,
      maxPositions: 512,
    });
  });
});
