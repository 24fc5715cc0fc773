/** Whether a model's output head is its embedding, as its config and its files say. */

import { Fields, type Json } from '../../decoder/fields.ts';
import { bytesToF32 } from '../../io/tensors/dtype.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';

const HEAD = 'lm_head.weight';
const EMBEDDING = 'model.embed_tokens.weight';
/** Bytes that are compared at a time. */
const PIECE_BYTES = 4 << 20;

export interface HeadOf {
  readonly tied: boolean;
  readonly notes: readonly string[];
}

/**
 * Files without a head have it tied, unless the config says everywhere that it is not; a head that differs from the embedding
 * is one of its own, whatever the config says. Saying nothing counts as tied, as in transformers. @throws InputError
 */
export async function headOf(config: Json, weights: TensorSource): Promise<HeadOf> {
  const inner = new Fields(config, 'config.json').object('text_config');
  const said = [new Fields(config, 'config.json'), new Fields(inner, 'config.json text_config')]
    .map((fields) => fields.flag('tie_word_embeddings'))
    .filter((flag) => flag !== undefined);
  const untied = said.length > 0 && said.every((flag) => !flag);
  if (!weights.has(HEAD)) {
    if (!untied) return { tied: true, notes: [] };
    throw new InputError(
      `${weights.label}: no ${HEAD}, though config.json says "tie_word_embeddings": false: the head is not the embedding.`,
      { hint: 'Check that no shard was left out; where the head is the embedding, set it to true.' },
    );
  }
  if (untied || !weights.has(EMBEDDING)) return { tied: !untied, notes: [] };
  if (await isSame(weights, HEAD, EMBEDDING)) return { tied: true, notes: [] };
  const says = said.includes(true)
    ? 'config.json says that they are one'
    : 'config.json does not say whether they are one';
  return {
    tied: false,
    notes: [
      `${HEAD} differs from the embedding (${says}): it is used as a head of its own, as the files have it.`,
    ],
  };
}

/** Whether two tensors hold the same values. */
async function isSame(source: TensorSource, a: string, b: string): Promise<boolean> {
  const [left, right] = [source.info(a), source.info(b)];
  if (left.shape.join() !== right.shape.join()) return false;
  if (left.dtype !== right.dtype) {
    const [x, y] = [await source.float32(a), await source.float32(b)];
    return x.every((value, index) => value === y[index]);
  }
  const other = source.pieces(b, PIECE_BYTES);
  for await (const { bytes } of source.pieces(a, PIECE_BYTES)) {
    const next = await other.next();
    if (next.done || !isSameBytes(bytes, next.value.bytes, left.dtype)) return false;
  }
  return true;
}

function isSameBytes(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>, dtype: TensorDtype): boolean {
  if (a.length !== b.length) return false;
  if (a.every((byte, index) => byte === b[index])) return true;
  // A zero of the other sign is the same value.
  const [x, y] = [bytesToF32(dtype, a), bytesToF32(dtype, b)];
  return x.every((value, index) => value === y[index]);
}

type TensorDtype = ReturnType<TensorSource['info']>['dtype'];
