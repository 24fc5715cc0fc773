/** A HumanOmni case folder, opened: its checkpoint, its arrays and its group of completions. */
import { blobSource } from '../../io/bytes.ts';
import { type FileTree, findFile, readJson } from '../../io/files.ts';
import { openSafetensors, type TensorSource } from '../../io/safetensors.ts';
import { audioTokenCount } from '../../models/audio-projector.ts';
import { type HumanOmniFiles, openHumanOmni } from '../../models/humanomni-files.ts';
import type { TokenGroup } from '../../rl/pass-arrays.ts';
import { expandPrompt, type PromptTokens } from '../../rl/prompt-tokens.ts';

export interface HumanOmniCase {
  readonly tree: FileTree;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly arrays: TensorSource;
  readonly files: HumanOmniFiles;
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

/** Opens a case folder: case.json, case.safetensors, and the checkpoint in model/ beside its towers. */
export async function openCase(tree: FileTree): Promise<HumanOmniCase> {
  const settings = await readJson(tree, 'case.json');
  const arrays = await openArrays(tree, 'case.safetensors');
  if (!arrays) throw new Error(`${tree.name}: case.safetensors is missing.`);
  const counts = {
    video: arrays.info('video_tokens').shape[0]!,
    audio: audioTokenCount(arrays.info('audio_hidden').shape[0]!),
  };
  const [rows, width] = arrays.info('completion_ids').shape as [number, number];
  const ids = await arrays.integers('completion_ids');
  const mask = await arrays.integers('completion_mask');
  const completions = Array.from({ length: rows }, (_, row) => {
    const at = row * width;
    return Uint32Array.from(ids.slice(at, at + width).filter((_id, t) => mask[at + t] === 1));
  });
  return {
    tree,
    settings,
    arrays,
    files: await openHumanOmni(tree),
    prompt: expandPrompt(await arrays.integers('prompt_ids'), counts),
    completions,
    width,
    advantages: [...(await arrays.float32('advantages'))],
  };
}

/** All completions behind one prompt: the packed group. */
export const packedGroup = ({ prompt, completions }: HumanOmniCase): TokenGroup[] => [
  { prompt, completions },
];

/** Each completion behind a prompt of its own: G full rows. */
export const separateGroups = ({ prompt, completions }: HumanOmniCase): TokenGroup[] =>
  completions.map((completion) => ({ prompt, completions: [completion] }));

/** Per-prediction values of packed completions, spread to [completion, width] with zeros behind each end. */
export function spread(values: ArrayLike<number>, { completions, width }: HumanOmniCase): Float32Array {
  const spreadValues = new Float32Array(completions.length * width);
  let at = 0;
  completions.forEach((ids, row) => {
    for (let t = 0; t < ids.length; t++) spreadValues[row * width + t] = values[at++]!;
  });
  return spreadValues;
}
