/** Which code compares which kind of case folder. */
import type { Gpu } from '../../gpu/index.ts';
import { type FileTree, readJson } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import { lossQuantities } from './grpo-losses.ts';
import { humanOmniQuantities } from './humanomni.ts';
import { preprocessQuantities } from './preprocess.ts';
import type { Quantity } from './quantity.ts';
import { qwenTextQuantities } from './qwen-text.ts';
import { qwen2VlQuantities } from './qwen2-vl.ts';
import { rewardModelQuantities } from './reward-model.ts';
import { samplingQuantities } from './sampling.ts';

export type Comparison = (tree: FileTree, gpu: Gpu) => Promise<Quantity[]>;

const KINDS: Readonly<Record<string, Comparison>> = {
  'grpo-losses': lossQuantities,
  humanomni: humanOmniQuantities,
  preprocess: preprocessQuantities,
  'qwen2-vl': qwen2VlQuantities,
  'qwen-text': qwenTextQuantities,
  'reward-model': rewardModelQuantities,
  sampling: samplingQuantities,
};

/** The kind that a folder's case.json names, and its comparison. Throws InputError for a kind that is not known. */
export async function comparisonFor(tree: FileTree): Promise<{ kind: string; compare: Comparison }> {
  const { kind } = await readJson(tree, 'case.json');
  const compare = typeof kind === 'string' && Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (compare) return { kind: String(kind), compare };
  throw new InputError(
    `${tree.name}/case.json: there is no comparison for the kind ${JSON.stringify(kind)}.`,
    {
      hint: `Known kinds are ${Object.keys(KINDS).join(', ')}.`,
    },
  );
}
