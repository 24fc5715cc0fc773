/** From the audio tower's hidden states to the decoder's tokens: mean over triples of positions, then an MLP. */

import { Fields, type Json } from '../../decoder/fields.ts';
import type { Weights } from '../../decoder/weights.ts';
import type { Tape, Tensor } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import { gelu } from '../../ops/elementwise.ts';
import { averageRows } from '../../ops/vision/pool.ts';
import { applyLinear, type Linear, type Observe, openLinear } from '../shared/encoder-layer.ts';

const PREFIX = 'model.audio_projector';
/** Consecutive positions that become one token. */
const POOLED_POSITIONS = 3;

export interface AudioProjectorConfig {
  /** Width of the audio tower. */
  readonly inputs: number;
  /** Width of the decoder's tokens. */
  readonly width: number;
  /** Linear layers, with GELU between them. */
  readonly depth: number;
}

export interface AudioProjector {
  readonly config: AudioProjectorConfig;
  readonly layers: readonly Linear[];
}

/** Reads the audio projector's part of a HumanOmni config.json; `inputs` is the audio tower's width. */
export function parseAudioProjectorConfig(
  json: Json,
  inputs: number,
  label = 'config.json',
): AudioProjectorConfig {
  const type = String(json.mm_audio_projector_type ?? json.mm_projector_type ?? 'linear');
  const depth = Number(/^mlp(\d+)x_gelu$/.exec(type)?.[1] ?? 0);
  if (depth < 1) {
    throw new InputError(`${label}: mm_audio_projector_type is "${type}", expected mlp2x_gelu.`, {
      hint: 'Only projectors of the form mlpNx_gelu are supported for audio.',
    });
  }
  return { inputs, width: new Fields(json, label).count('hidden_size'), depth };
}

/** Opens the linear layers; the GELUs between them count in the names. */
export function openAudioProjector(open: Weights, config: AudioProjectorConfig): AudioProjector {
  const { inputs, width, depth } = config;
  const layers = Array.from({ length: depth }, (_, index) =>
    openLinear(open, `${PREFIX}.${2 * index}`, [width, index === 0 ? inputs : width]),
  );
  return { config, layers };
}

/** Number of tokens that `positions` hidden states become. */
export const audioTokenCount = (positions: number): number => Math.floor(positions / POOLED_POSITIONS);

/** Hidden states [positions, inputs] → their means over triples [floor(positions / 3), inputs]: what is kept of a clip. */
export function poolPositions(tape: Tape, hidden: Tensor): Tensor {
  return averageRows(tape, hidden, POOLED_POSITIONS);
}

/** Pooled states [n, inputs] → tokens [n, width]. */
export function audioTokens(
  tape: Tape,
  { layers }: AudioProjector,
  pooled: Tensor,
  observe?: Observe,
): Tensor {
  let x = pooled;
  layers.forEach((layer, index) => {
    x = applyLinear(tape, index === 0 ? x : gelu(tape, x, 'erf'), layer);
  });
  observe?.('audio_tokens', x);
  return x;
}
