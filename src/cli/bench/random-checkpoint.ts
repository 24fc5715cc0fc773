/** A HumanOmni checkpoint of random weights that lies in no file: its bytes are made when they are read. */

import type { Json } from '../../decoder/fields.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { ByteSource } from '../../io/files/bytes.ts';
import { treeFromMemory } from '../../io/files/files.ts';
import { LORA_LINEARS } from '../../io/formats/peft.ts';
import { openSafetensors } from '../../io/tensors/safetensors.ts';
import { numberToBf16 } from '../../math/half.ts';
import { uniform } from '../../math/random.ts';
import { loadPolicy, type Policy } from '../../rl/policy/policy.ts';
import { MAIN_CONFIG } from '../real-size/config.ts';
import { publishedShapes, type Shapes } from '../real-size/tensors.ts';

/** Random values are drawn once and repeat. */
const BLOCK = 1 << 20;
/** Half the width of the values' range, so that their deviation is 0.02, as published weights begin. */
const RANGE = 0.02 * Math.sqrt(3);

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** Length of the header, then the header: where each tensor lies, all bf16. */
function headerOf(shapes: Shapes): { bytes: Uint8Array<ArrayBuffer>; dataBytes: number } {
  let at = 0;
  const tensors = [...shapes].map(([name, shape]) => {
    const start = at;
    at += 2 * sizeOf(shape);
    return [name, { dtype: 'BF16', shape, data_offsets: [start, at] }] as const;
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(tensors)));
  const bytes = new Uint8Array(8 + json.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return { bytes, dataBytes: at };
}

/** A safetensors file of these tensors; the values depend on their place alone. */
export function randomSafetensors(shapes: Shapes): ByteSource {
  const header = headerOf(shapes);
  const values = Uint16Array.from({ length: BLOCK }, (_, i) => numberToBf16(RANGE * (2 * uniform(1, i) - 1)));
  const block = new Uint8Array(values.buffer);
  const first = header.bytes.length;
  return {
    size: first + header.dataBytes,
    slice: async (start, end) => {
      const bytes = new Uint8Array(end - start);
      if (start < first) bytes.set(header.bytes.subarray(start, Math.min(end, first)));
      for (let at = Math.max(start, first); at < end; ) {
        const from = (at - first) % block.length;
        const part = block.subarray(from, Math.min(block.length, from + end - at));
        bytes.set(part, at - start);
        at += part.length;
      }
      return bytes;
    },
  };
}

/** What of the decoder is made smaller than the published 0.5B. */
export type DecoderFields = Partial<
  Record<
    | 'hidden_size'
    | 'intermediate_size'
    | 'num_hidden_layers'
    | 'num_attention_heads'
    | 'num_key_value_heads'
    | 'vocab_size',
    number
  >
>;

/** HumanOmni-0.5B with random weights, its decoder changed by `fields`. */
export async function randomHumanOmni(fields: DecoderFields = {}): Promise<ModelFiles> {
  const config: Json = { ...MAIN_CONFIG, ...fields };
  const weights = await openSafetensors(randomSafetensors(publishedShapes(config)), 'random weights');
  const tree = treeFromMemory('random', {});
  return {
    family: 'HumanOmni',
    name: 'random weights',
    main: { tree, config, weights },
    towers: {},
    layout: 'one folder',
  };
}

/** It as a policy with a reference, adapters of that rank on all linear layers. */
export async function randomPolicy(
  gpu: Gpu,
  fields: DecoderFields,
  { rank, maxPositions }: { readonly rank: number; readonly maxPositions: number },
): Promise<Policy> {
  const parts = { trainDecoder: false, trainProjectors: false, trainGate: false, trainBert: false };
  const lora = { rank, alpha: 2 * rank, targets: LORA_LINEARS };
  const options = { ...parts, lora, reference: true, seed: 1, maxPositions };
  return loadPolicy(gpu, await randomHumanOmni(fields), options);
}
