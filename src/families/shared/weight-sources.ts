import type { WeightSource } from '../../decoder/weights.ts';
import type { ModelFiles, TowerKind } from './model-files.ts';

/** Names that tensors in a tower's own folder have in a checkpoint of one file. */
export type TowerAliases = Readonly<Partial<Record<TowerKind, (name: string) => readonly string[]>>>;

const headAliases = (name: string): readonly string[] =>
  name === 'model.embed_tokens.weight' ? [name, 'lm_head.weight'] : [name];

/** Files of a checkpoint with the names its tensors have there; the main file comes first, so that its copies win. */
export function sourcesOf({ main, towers }: ModelFiles, aliases: TowerAliases = {}): WeightSource[] {
  const own = (kind: TowerKind): WeightSource[] => {
    const source = towers[kind]?.weights;
    const names = aliases[kind];
    return source && names ? [{ source, aliases: names }] : [];
  };
  return [{ source: main.weights, aliases: headAliases }, ...own('vision'), ...own('audio'), ...own('bert')];
}
