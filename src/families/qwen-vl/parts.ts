/**
 * Qwen2-VL (Wang et al. 2024, arXiv 2409.12191): a vision tower whose merged patches a Qwen2 decoder reads, with M-RoPE.
 * Qwen2.5-VL (Bai et al. 2025, arXiv 2502.13923) has another tower, and positions that follow the clip's time.
 */

import { Fields, type Json } from '../../decoder/fields.ts';
import { MROPE_AXES } from '../../decoder/mrope.ts';
import {
  type DecoderSources,
  openQwen2,
  parseQwen2Config,
  positionAxes,
  type Qwen2,
  type Qwen2Config,
} from '../../decoder/qwen2.ts';
import { refuseUnsupported } from '../../decoder/unsupported.ts';
import type { WeightParts } from '../../decoder/weights.ts';
import type { Gpu } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import { freeRopeTable } from '../../ops/attention/rope.ts';
import { type Qwen2VlFamily, qwen2VlFamily } from './files.ts';
import {
  openQwen2VlVision,
  parseQwen2VlVisionConfig,
  parseQwen25VlVisionConfig,
  type Qwen2VlVision,
  type Qwen2VlVisionConfig,
} from './vision.ts';

export interface Qwen2VlConfig {
  readonly family: Qwen2VlFamily;
  readonly decoder: Qwen2Config;
  readonly vision: Qwen2VlVisionConfig;
  /** Positions of M-RoPE that a second of video takes; absent where each slice takes one. */
  readonly tokensPerSecond?: number;
  /** Ids that stand for one token of a picture, or of a video. */
  readonly imageId: number;
  readonly videoId: number;
  /** Ids around a picture or video. */
  readonly visionStartId: number;
  readonly visionEndId: number;
}

/**
 * Reads config.json in both published layouts: the decoder's fields beside the rest, or in `text_config`. Throws an
 * InputError naming the field that is off.
 */
export function parseQwen2VlConfig(json: Json): Qwen2VlConfig {
  const fields = new Fields(json, 'config.json');
  const family = qwen2VlFamily(json);
  const decoder = decoderConfig(json, fields);
  if (positionAxes(decoder) !== MROPE_AXES) {
    throw new InputError('config.json: "mrope_section" is missing or has not three numbers.', {
      hint: 'It stands in rope_scaling or rope_parameters of a Qwen2-VL checkpoint.',
    });
  }
  const vision = fields.object('vision_config');
  return {
    family,
    decoder,
    ...towerFields(family, vision, decoder.hiddenSize),
    imageId: fields.tokenId('image_token_id') ?? 151655,
    videoId: fields.tokenId('video_token_id') ?? 151656,
    visionStartId: fields.tokenId('vision_start_token_id') ?? 151652,
    visionEndId: fields.tokenId('vision_end_token_id') ?? 151653,
  };
}

function decoderConfig(json: Json, fields: Fields): Qwen2Config {
  const inner = fields.object('text_config');
  if (Object.keys(inner).length === 0) return parseQwen2Config(json);
  refuseUnsupported(json, 'config.json');
  // The newer layout may say on the outside only whether the head is tied.
  return parseQwen2Config(
    { tie_word_embeddings: json.tie_word_embeddings, ...inner },
    'config.json text_config',
  );
}

function towerFields(
  family: Qwen2VlFamily,
  json: Json,
  outputWidth: number,
): Pick<Qwen2VlConfig, 'vision' | 'tokensPerSecond'> {
  if (family === 'Qwen2-VL') return { vision: parseQwen2VlVisionConfig(json, outputWidth) };
  const fields = new Fields(json, 'config.json vision_config');
  return {
    vision: parseQwen25VlVisionConfig(json, outputWidth),
    tokensPerSecond: fields.positive('tokens_per_second', 4),
  };
}

export interface Qwen2Vl {
  readonly config: Qwen2VlConfig;
  readonly decoder: Qwen2;
  readonly vision: Qwen2VlVision;
  /** Frees the tables of angles; weights belong to what opened them. */
  [Symbol.dispose](): void;
}

/** Opens every tensor of the model. */
export function openQwen2Vl(
  gpu: Gpu,
  config: Qwen2VlConfig,
  sources: DecoderSources & { readonly openPart: WeightParts },
): Qwen2Vl {
  const decoder = openQwen2(gpu, config.decoder, sources);
  const vision = openQwen2VlVision(gpu, sources, config.vision);
  return {
    config,
    decoder,
    vision,
    [Symbol.dispose]() {
      for (const { rope } of [decoder, vision]) freeRopeTable(gpu, rope);
    },
  };
}
