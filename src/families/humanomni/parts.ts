import { Fields, isJson, type Json } from '../../decoder/fields.ts';
import { type DecoderSources, openQwen2, parseQwen2Config, type Qwen2Config } from '../../decoder/qwen2.ts';
import type { Weights } from '../../decoder/weights.ts';
import type { Gpu, Tape, Tensor } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import type { Observe, TensorShapes } from '../shared/encoder-layer.ts';
import type { ModelFiles, TowerKind } from '../shared/model-files.ts';
import {
  type AudioProjector,
  audioTokenCount,
  audioTokens,
  openAudioProjector,
  parseAudioProjectorConfig,
} from './audio-projector.ts';
import { type Bert, type BertConfig, inferBertConfig, openBert, parseBertConfig } from './bert.ts';
import {
  branchProbabilities,
  openProjector,
  type Projector,
  type ProjectorConfig,
  parseProjectorConfig,
  sampledSide,
  videoTokens,
} from './projector.ts';
import {
  inferSiglipConfig,
  openSiglip,
  parseSiglipConfig,
  patchGrid,
  type Siglip,
  type SiglipConfig,
} from './siglip.ts';
import {
  inferWhisperConfig,
  openWhisper,
  parseWhisperConfig,
  type Whisper,
  type WhisperConfig,
} from './whisper.ts';

/** Frames of a clip that are believed; the published models look at 8 or 32. */
const MOST_FRAMES = 4096;

/** Everything a HumanOmni checkpoint's configs say. A model without an audio tower has no `audio`. */
export interface HumanOmniConfig {
  readonly family: 'HumanOmni';
  readonly decoder: Qwen2Config;
  readonly vision: SiglipConfig;
  /** Index into the vision tower's hidden states. */
  readonly visionLayer: number;
  readonly audio?: WhisperConfig;
  readonly bert: BertConfig;
  readonly projector: ProjectorConfig;
  readonly frames: number;
}

/** A tower's config: its own folder's, or `<kind>_config` of the main one, or what the tensors' shapes tell. */
function towerConfig<C>(
  files: ModelFiles,
  kind: TowerKind,
  parse: (json: Json, label?: string) => C,
  infer: () => C,
): C {
  const own = files.towers[kind];
  if (own) return parse(own.config, `${own.tree.name}/config.json`);
  const inside = files.main.config[`${kind}_config`];
  if (isJson(inside)) return parse(inside, `config.json ${kind}_config`);
  if (inside === undefined || inside === null) return infer();
  throw new InputError(`config.json: "${kind}_config" is ${JSON.stringify(inside)}, expected an object.`);
}

/** Reads all configs. Throws an InputError naming the field or type that is not supported. */
export function readHumanOmniConfig(files: ModelFiles, shapes: TensorShapes): HumanOmniConfig {
  const main = files.main.config;
  const fields = new Fields(main, 'config.json');
  const decoder = parseQwen2Config(main);
  const bert = towerConfig(files, 'bert', parseBertConfig, () => inferBertConfig(shapes));
  const vision = towerConfig(files, 'vision', parseSiglipConfig, () => inferSiglipConfig(shapes));
  const audio = hasAudioTower(main)
    ? towerConfig(files, 'audio', parseWhisperConfig, () => inferWhisperConfig(shapes))
    : undefined;
  return {
    family: 'HumanOmni',
    decoder,
    vision,
    visionLayer: fields.index('mm_vision_select_layer', -2),
    ...(audio ? { audio } : {}),
    bert,
    projector: parseProjectorConfig(main, bert.hiddenSize),
    frames: fields.count('num_frames', 8, MOST_FRAMES),
  };
}

/** Whether a HumanOmni hears; said by its config alone. */
export function hasAudioTower({ mm_audio_tower: tower }: Json): boolean {
  if (tower === undefined || tower === null || typeof tower === 'string') return typeof tower === 'string';
  throw new InputError(
    `config.json: "mm_audio_tower" is ${JSON.stringify(tower)}, expected the name of a tower, or none.`,
  );
}

/** The parts between towers and decoder: what turns features into the decoder's tokens. */
export interface MediaProjectors {
  readonly config: HumanOmniConfig;
  readonly projector: Projector;
  readonly audioProjector?: AudioProjector;
}

export interface Towers {
  readonly vision: Siglip;
  readonly audio?: Whisper;
}

export function openTowers(open: Weights, config: HumanOmniConfig): Towers {
  const vision = openSiglip(open, config.vision, config.visionLayer);
  return { vision, ...(config.audio ? { audio: openWhisper(open, config.audio) } : {}) };
}

/** The encoder of the question that steers the gate. */
export function openGateEncoder(open: Weights, config: HumanOmniConfig): Bert {
  return openBert(open, config.bert);
}

export function openProjectors(open: Weights, config: HumanOmniConfig, mainConfig: Json): MediaProjectors {
  const { audio } = config;
  return {
    config,
    projector: openProjector(open, config.projector),
    ...(audio
      ? { audioProjector: openAudioProjector(open, parseAudioProjectorConfig(mainConfig, audio.hiddenSize)) }
      : {}),
  };
}

/** Opens every tensor of a checkpoint. */
export function openHumanOmniParts(
  gpu: Gpu,
  config: HumanOmniConfig,
  mainConfig: Json,
  sources: DecoderSources,
): void {
  openQwen2(gpu, config.decoder, sources);
  openProjectors(sources.open, config, mainConfig);
  openGateEncoder(sources.open, config);
  openTowers(sources.open, config);
}

/** Tokens of one frame. */
export const frameTokens = (config: HumanOmniConfig): number =>
  sampledSide(config.projector, patchGrid(config.vision)) ** 2;

/** Tokens that a clip of `frames` frames with sound becomes. */
export function mediaTokenCounts(config: HumanOmniConfig): { video: number; audio: number } {
  return {
    video: config.frames * frameTokens(config),
    audio: config.audio ? audioTokenCount(config.audio.positions) : 0,
  };
}

/** Extents of the features of `frames` frames and of a sound: rows and columns of the vision tower's output, and of the audio tower's pooled one. */
export function featureShapes(
  config: HumanOmniConfig,
  frames = config.frames,
): {
  vision: readonly [number, number];
  audio: readonly [number, number];
} {
  const patches = patchGrid(config.vision) ** 2;
  return {
    vision: [frames * patches, config.vision.hiddenSize],
    audio: config.audio ? [audioTokenCount(config.audio.positions), config.audio.hiddenSize] : [0, 0],
  };
}

export interface ClipFeatures {
  /** [frames · patches, width] of the vision tower's selected layer. */
  readonly vision?: Tensor;
  /** [audio tokens, width] of the audio tower, pooled. */
  readonly audio?: Tensor;
  /** [1, width] BERT's row of the question; needed where something is seen. */
  readonly question?: Tensor;
}

export interface MediaTokenTensors {
  /** [video tokens, hidden] */
  readonly video?: Tensor;
  /** [audio tokens, hidden] */
  readonly audio?: Tensor;
}

/** From one clip's features to the decoder's tokens. */
export function mediaTokens(
  tape: Tape,
  parts: MediaProjectors,
  features: ClipFeatures,
  frames: number,
  observe?: Observe,
): MediaTokenTensors {
  const { projector, audioProjector } = parts;
  const tokens: { video?: Tensor; audio?: Tensor } = {};
  if (features.vision) {
    if (!features.question) throw new Error('mediaTokens: what steers the gate is missing.');
    const probabilities = branchProbabilities(tape, projector, features.question);
    observe?.('branch_probs', probabilities);
    tokens.video = videoTokens(tape, projector, features.vision, frames, probabilities, observe);
  }
  if (features.audio && audioProjector) {
    tokens.audio = audioTokens(tape, audioProjector, features.audio);
    observe?.('audio_tokens', tokens.audio);
  }
  return tokens;
}
