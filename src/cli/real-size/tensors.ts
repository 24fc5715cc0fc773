/** Names and shapes of the published 0.5B checkpoint's file: what the model opens, and what lies there unused. */

import type { Json } from '../../decoder/fields.ts';
import { openQwen2, parseQwen2Config } from '../../decoder/qwen2.ts';
import type { Weights } from '../../decoder/weights.ts';
import { type BertConfig, openBert } from '../../families/humanomni/bert.ts';
import { openProjectors } from '../../families/humanomni/parts.ts';
import { parseProjectorConfig } from '../../families/humanomni/projector.ts';
import { openSiglip, type SiglipConfig } from '../../families/humanomni/siglip.ts';
import { openWhisper, type WhisperConfig } from '../../families/humanomni/whisper.ts';
import { dryGpu, type Tensor } from '../../gpu/index.ts';
import { MAIN_CONFIG } from './config.ts';

export type Shapes = ReadonlyMap<string, readonly number[]>;

const VISION: SiglipConfig = {
  hiddenSize: 768,
  intermediateSize: 3072,
  layers: 12,
  heads: 12,
  imageSize: 224,
  patchSize: 16,
  layerNormEps: 1e-6,
};
const AUDIO: WhisperConfig = {
  hiddenSize: 1280,
  intermediateSize: 5120,
  layers: 32,
  heads: 20,
  melBins: 128,
  positions: 1500,
};
const BERT: BertConfig = {
  hiddenSize: 768,
  intermediateSize: 3072,
  layers: 12,
  heads: 12,
  vocabSize: 30522,
  maxPositions: 512,
  typeVocabSize: 2,
  layerNormEps: 1e-12,
};

/** In the file, and read by nothing: the rest of the towers' classes, and BERT's pooler. */
function unusedTensors(): [string, readonly number[]][] {
  const vision = 'model.vision_tower.vision_tower.vision_model';
  const audio = 'model.audio_tower.audio_tower';
  const { hiddenSize: d, intermediateSize: inner } = VISION;
  const layer = (name: string, shape: readonly number[]): [string, readonly number[]][] => [
    [`${name}.weight`, shape],
    [`${name}.bias`, [shape[0]!]],
  ];
  return [
    ...layer(`${vision}.post_layernorm`, [d]),
    [`${vision}.head.probe`, [1, 1, d]],
    [`${vision}.head.attention.in_proj_weight`, [3 * d, d]],
    [`${vision}.head.attention.in_proj_bias`, [3 * d]],
    ...layer(`${vision}.head.attention.out_proj`, [d, d]),
    ...layer(`${vision}.head.layernorm`, [d]),
    ...layer(`${vision}.head.mlp.fc1`, [inner, d]),
    ...layer(`${vision}.head.mlp.fc2`, [d, inner]),
    ...layer(`${audio}.projector`, [256, AUDIO.hiddenSize]),
    ...layer(`${audio}.classifier`, [2, 256]),
    ...layer('model.bert_model.pooler.dense', [BERT.hiddenSize, BERT.hiddenSize]),
  ];
}

/** Every tensor of the file; the head is tied to the embedding and stored once. `main` may have a smaller decoder. */
export function publishedShapes(main: typeof MAIN_CONFIG | Json = MAIN_CONFIG): Shapes {
  const shapes = new Map(unusedTensors());
  const open: Weights = (name, shape): Tensor => {
    shapes.set(name, shape);
    return { label: name, shape, dtype: 'bf16', storage: { kind: 'planned', id: shapes.size } };
  };
  const decoder = parseQwen2Config(main);
  const openRows = (name: string, shape: readonly [number, number]) => [open(name, shape)];
  openQwen2(dryGpu(), decoder, { open, openRows, maxPositions: 1 });
  // The last layer is in the file, too, though its output is not used.
  openSiglip(open, VISION, -1);
  openWhisper(open, AUDIO);
  openBert(open, BERT);
  const projector = parseProjectorConfig(main, BERT.hiddenSize);
  const towers = { vision: VISION, visionLayer: -2, audio: AUDIO, bert: BERT } as const;
  const config = { family: 'HumanOmni', decoder, ...towers, projector, frames: 8 } as const;
  openProjectors(open, config, main);
  return new Map([...shapes].sort(([a], [b]) => (a < b ? -1 : 1)));
}
