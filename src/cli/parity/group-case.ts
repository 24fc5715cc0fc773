/** What cases of every model family share: a prompt and the group of completions recorded behind it. */
import type { PromptTokens } from '../../families/api.ts';
import { blobSource } from '../../io/files/bytes.ts';
import { type FileTree, findFile } from '../../io/files/files.ts';
import { openSafetensors, type TensorSource } from '../../io/tensors/safetensors.ts';
import type { TokenGroup } from '../../rl/update/pass-arrays.ts';

export interface GroupCase {
  readonly prompt: PromptTokens;
  /** Ids of each completion, padding removed. */
  readonly completions: readonly Uint32Array[];
  /** Tokens a completion takes in the case's arrays. */
  readonly width: number;
  readonly advantages: readonly number[];
}

/** A safetensors file of the case folder; undefined if it is not there. */
export async function openArrays(tree: FileTree, path: string): Promise<TensorSource | undefined> {
  const file = findFile(tree, path);
  return file && openSafetensors(blobSource(await file.blob()), `${tree.name}/${path}`);
}

/** The completions of `completion_ids` and `completion_mask`. */
export async function readCompletions(
  arrays: TensorSource,
): Promise<Pick<GroupCase, 'completions' | 'width'>> {
  const [rows, width] = arrays.info('completion_ids').shape as [number, number];
  const ids = await arrays.integers('completion_ids');
  const mask = await arrays.integers('completion_mask');
  const completions = Array.from({ length: rows }, (_, row) => {
    const at = row * width;
    return Uint32Array.from(ids.slice(at, at + width).filter((_id, t) => mask[at + t] === 1));
  });
  return { completions, width };
}

/** All completions behind one prompt: the packed group. */
export const packedGroup = ({ prompt, completions }: GroupCase): TokenGroup[] => [{ prompt, completions }];

/** Each completion behind a prompt of its own: G full rows. */
export const separateGroups = ({ prompt, completions }: GroupCase): TokenGroup[] =>
  completions.map((completion) => ({ prompt, completions: [completion] }));

/** Per-prediction values of packed completions, spread to [completion, width] with zeros behind each end. */
export function spread(values: ArrayLike<number>, { completions, width }: GroupCase): Float32Array {
  const spreadValues = new Float32Array(completions.length * width);
  let at = 0;
  completions.forEach((ids, row) => {
    for (let t = 0; t < ids.length; t++) spreadValues[row * width + t] = values[at++]!;
  });
  return spreadValues;
}

/** Mean over completions of the mean KL divergence over their tokens, as the published trainers log it; per-prediction values, packed. */
export function meanSequenceKl(
  { completions }: GroupCase,
  logProbs: ArrayLike<number>,
  reference: ArrayLike<number>,
): number {
  let at = 0;
  const means = completions.map((ids) => {
    let sum = 0;
    for (let t = 0; t < ids.length; t++, at++) {
      const difference = reference[at]! - logProbs[at]!;
      sum += Math.exp(difference) - difference - 1;
    }
    return sum / ids.length;
  });
  return means.reduce((sum, mean) => sum + mean, 0) / means.length;
}
