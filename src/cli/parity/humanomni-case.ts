/** A HumanOmni case folder, opened: its checkpoint, its arrays and its group of completions. */
import { type FileTree, readJson } from '../../io/files.ts';
import type { TensorSource } from '../../io/safetensors.ts';
import { audioTokenCount } from '../../models/audio-projector.ts';
import { type HumanOmniFiles, openHumanOmni } from '../../models/humanomni-files.ts';
import { expandPrompt } from '../../rl/prompt-tokens.ts';
import { type GroupCase, openArrays, readCompletions } from './group-case.ts';

export interface HumanOmniCase extends GroupCase {
  readonly tree: FileTree;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly arrays: TensorSource;
  readonly files: HumanOmniFiles;
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
  return {
    tree,
    settings,
    arrays,
    files: await openHumanOmni(tree),
    prompt: expandPrompt(await arrays.integers('prompt_ids'), counts),
    ...(await readCompletions(arrays)),
    advantages: [...(await arrays.float32('advantages'))],
  };
}
