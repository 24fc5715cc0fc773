/** What the classifiers of all types share: how texts are packed into a pass, and what reads them. */

import type { Segments } from '../families/shared/encoder-layer.ts';
import type { Gpu, Tape, Tensor } from '../gpu/index.ts';
import type { RopeTable } from '../ops/attention/rope.ts';

/** How a type of model reads the tokens of one text. */
export interface Reading {
  /** Whether a token sees those before it alone, and not its whole text. */
  readonly isCausal: boolean;
  /** The position of each token. */
  positions(ids: readonly number[]): readonly number[];
  /** Which token's row the head reads. */
  readAt(ids: readonly number[]): number;
}

/** Texts packed one after another into a pass of fixed extent. */
export interface PackedTexts {
  /** u32 [tokens] */
  readonly ids: Uint32Array;
  /** u32 [tokens] */
  readonly positions: Uint32Array;
  /** u32 [tokens, 4]: token i sees [x, y) and [z, w). */
  readonly spans: Uint32Array;
  /** u32 [tokens, 2] */
  readonly keySpans: Uint32Array;
  /** u32 [texts], the row that the head reads. */
  readonly rows: Uint32Array;
}

/** The same as tensors, rewritten for each pass. */
export interface TextTensors extends Segments {
  readonly ids: Tensor;
  readonly rows: Tensor;
  /** u32 [tokens], all 0: every token is of the first type. */
  readonly types: Tensor;
}

/** A sequence classifier's weights, opened. */
export interface Body extends Reading {
  /** Numbers that it gives a text. */
  readonly outputs: number;
  /** Tokens of the longest text that it has positions for. */
  readonly mostTokens: number;
  readonly vocabSize: number;
  /** Angles of rotary positions, where it turns by them. */
  readonly rope?: RopeTable;
  /** Logits [texts, outputs]. */
  logits(tape: Tape, texts: TextTensors): Tensor;
}

/** Packs texts, each of at least one token; what is left of the pass are tokens that see themselves. Throws where they do not fit. */
export function packTexts(
  texts: readonly (readonly number[])[],
  { tokens, rows }: { readonly tokens: number; readonly rows: number },
  reading: Reading,
): PackedTexts {
  const packed: PackedTexts = {
    ids: new Uint32Array(tokens),
    positions: new Uint32Array(tokens),
    spans: new Uint32Array(4 * tokens),
    keySpans: new Uint32Array(2 * tokens),
    rows: new Uint32Array(rows),
  };
  let start = 0;
  texts.forEach((ids, index) => {
    const end = start + ids.length;
    if (end > tokens || index >= rows)
      throw new Error(`packTexts: more than ${tokens} tokens or ${rows} texts.`);
    packed.ids.set(ids, start);
    packed.positions.set(reading.positions(ids), start);
    packed.rows[index] = start + reading.readAt(ids);
    for (let token = start; token < end; token++) {
      packed.spans.set([start, reading.isCausal ? token + 1 : end, 0, 0], 4 * token);
      packed.keySpans.set([reading.isCausal ? token : start, end], 2 * token);
    }
    start = end;
  });
  for (let token = start; token < tokens; token++) {
    packed.spans.set([token, token + 1, 0, 0], 4 * token);
    packed.keySpans.set([token, token + 1], 2 * token);
  }
  return packed;
}

/** Room for a pass of so many tokens and texts. The caller frees it with `freeTexts`. */
export function allocateTexts(gpu: Gpu, { tokens, rows }: { tokens: number; rows: number }): TextTensors {
  const room = (label: string, shape: readonly number[]): Tensor =>
    gpu.tensor('inputs', `classifier ${label}`, shape, 'u32');
  return {
    ids: room('ids', [tokens]),
    positions: room('positions', [tokens]),
    spans: room('spans', [tokens, 4]),
    keySpans: room('key spans', [tokens, 2]),
    rows: room('rows', [rows]),
    types: room('token types', [tokens]),
  };
}

const PARTS = ['ids', 'positions', 'spans', 'keySpans', 'rows'] as const;

export function writeTexts(gpu: Gpu, tensors: TextTensors, packed: PackedTexts): void {
  for (const part of PARTS) gpu.write(tensors[part], packed[part]);
}

export function freeTexts(gpu: Gpu, tensors: TextTensors): void {
  gpu.free(...PARTS.map((part) => tensors[part]), tensors.types);
}
