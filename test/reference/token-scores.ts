/** Log-probabilities of tokens in float64, by the published files and what was trained beside them. */
import type { TensorSource } from '../../src/io/tensors/safetensors.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import { Graph, type Matrix, matrix } from './autodiff.ts';
import { readAll } from './omni-tiny.ts';
import { logitsOf, type ReferenceDecoder, readReference } from './qwen-decoder.ts';

/** What trains, as matrices. */
export async function adaptersOf(policy: Policy): Promise<ReadonlyMap<string, Matrix>> {
  const matrices = new Map<string, Matrix>();
  for (const [name, values] of await readAll(policy)) {
    const [rows, cols] = policy.store.get(name).shape as [number, number];
    matrices.set(name, matrix(rows, cols, values));
  }
  return matrices;
}

/** The decoder of the published files in float64; towers and projectors are not in it. */
export function decoderOf({ files: { main } }: Policy): Promise<ReferenceDecoder> {
  const { weights } = main;
  const names = [...weights.names()].filter((name) =>
    /^(lm_head|model\.(embed_tokens|layers|norm))\./.test(name),
  );
  const source: Pick<TensorSource, 'names' | 'info' | 'float32'> = {
    names: () => names,
    info: (name) => weights.info(name),
    float32: (name) => weights.float32(name),
  };
  return readReference(main.config, source as TensorSource);
}

/** Of the whole vocabulary at each token of a completion, at a temperature. */
export function vocabularyLogProbs(
  model: ReferenceDecoder,
  prompt: readonly number[],
  completion: Uint32Array,
  temperature: number,
): number[][] {
  const ids = [...prompt, ...completion];
  const { values, cols } = logitsOf(new Graph(), model, ids.slice(0, -1));
  return Array.from(completion, (_, token) => {
    const at = prompt.length - 1 + token;
    const logits = Array.from(values.subarray(at * cols, (at + 1) * cols), (value) => value / temperature);
    const most = Math.max(...logits);
    const total = most + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0));
    return logits.map((value) => value - total);
  });
}
