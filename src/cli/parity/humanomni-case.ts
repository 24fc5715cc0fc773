/** A HumanOmni case folder, opened: its checkpoint, its arrays and its group of completions. */

import { audioTokenCount } from '../../families/humanomni/audio-projector.ts';
import { openHumanOmni } from '../../families/humanomni/files.ts';
import { expandPrompt } from '../../families/humanomni/prompt.ts';
import { weightSources } from '../../families/index.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import { type FileTree, readJson } from '../../io/files/files.ts';
import type { FloatDtype } from '../../io/tensors/dtype.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { BOUNDS, type Bounds } from './bounds.ts';
import { type GroupCase, openArrays, readCompletions } from './group-case.ts';

export interface HumanOmniCase extends GroupCase {
  readonly tree: FileTree;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly arrays: TensorSource;
  readonly files: ModelFiles;
  /** What counts as equal, by what the checkpoint's weights are stored as. */
  readonly bounds: Bounds;
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
  const files = await openHumanOmni(tree);
  return {
    tree,
    settings,
    arrays,
    files,
    bounds: BOUNDS[storedAs(weightSources(files).map(({ source }) => source))],
    prompt: expandPrompt(await arrays.integers('prompt_ids'), counts),
    ...(await readCompletions(arrays)),
    advantages: [...(await arrays.float32('advantages'))],
  };
}

/** The coarsest type that any of the weights is stored as. */
function storedAs(sources: readonly TensorSource[]): FloatDtype {
  const types = new Set(sources.flatMap((source) => source.names().map((name) => source.info(name).dtype)));
  return (['BF16', 'F16'] as const).find((dtype) => types.has(dtype)) ?? 'F32';
}
