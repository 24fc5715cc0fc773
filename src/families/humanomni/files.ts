import type { Json } from '../../decoder/fields.ts';
import { type FileTree, readJsonIfThere } from '../../io/files/files.ts';
import { openCheckpoint } from '../../io/sealed/checkpoint.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';
import { headOf } from '../shared/head-files.ts';
import {
  findMain,
  type ModelFiles,
  type ModelFolder,
  modelName,
  type TowerKind,
} from '../shared/model-files.ts';

const TOWER_TYPES: Readonly<Record<string, TowerKind>> = {
  siglip_vision_model: 'vision',
  siglip: 'vision',
  whisper: 'audio',
  bert: 'bert',
};

/** How the names of a tower's tensors begin in the main file. */
const INSIDE: Readonly<Record<TowerKind, string>> = {
  vision: 'model.vision_tower.',
  audio: 'model.audio_tower.',
  bert: 'model.bert_model.',
};

/** Whether a config.json is that of a HumanOmni. */
export const isHumanOmni = (config: Json): boolean =>
  typeof config.model_type === 'string' && config.model_type.startsWith('HumanOmni');

/**
 * Finds a HumanOmni checkpoint in a dropped folder, in either published layout: everything in one folder, or towers in
 * folders of their own beside or below the main one, which is the one at `path`, or that nearest to the top. Throws an InputError
 * if there is none.
 */
export async function openHumanOmni(tree: FileTree, path?: string): Promise<ModelFiles> {
  const { main, rest, seen } = await findMain(tree, isHumanOmni, path);
  if (!main) {
    const found = seen.length > 0 ? `found ${seen.join(', ')}` : 'found no config.json';
    throw new InputError(
      `${tree.name}: no HumanOmni checkpoint; ${found}, expected a model_type that begins with HumanOmni.`,
      {
        hint: 'Drop the folder of HumanOmni-0.5B or R1-Omni-0.5B, or a folder that holds it beside its towers.',
      },
    );
  }
  const notes: string[] = [];
  const say = (note: string) => void notes.push(note);
  const weights = await openCheckpoint(main.tree, say);
  const towers: Partial<Record<TowerKind, ModelFolder>> = {};
  for (const { tree: folder, config } of rest) {
    const kind = TOWER_TYPES[String(config.model_type)];
    if (kind && !towers[kind]) towers[kind] = await withWeights({ tree: folder, config }, kind, weights, say);
  }
  const head = await headOf(main.config, weights);
  return {
    family: 'HumanOmni',
    name: modelName(tree, main.path, main.config),
    main: { tree: main.tree, config: main.config, weights },
    towers,
    layout: Object.keys(towers).length > 0 ? 'towers in folders of their own' : 'one folder',
    tied: head.tied,
    notes: [...notes, ...head.notes],
  };
}

/** A tower's folder with its weights; without, if it has none and the main file holds them. */
async function withWeights(
  folder: ModelFolder,
  kind: TowerKind,
  mainWeights: TensorSource,
  say: (note: string) => void,
): Promise<ModelFolder> {
  const none = !folder.tree.files.some(({ path }) => path.endsWith('.safetensors'));
  if (none && mainWeights.names().some((name) => name.startsWith(INSIDE[kind]))) return folder;
  return { ...folder, weights: await openCheckpoint(folder.tree, say) };
}

/** preprocessor_config.json of a tower's own folder, or the part of the main config that stands for it. */
export async function preprocessorOf(files: ModelFiles, tower: TowerKind): Promise<Json> {
  const own = files.towers[tower];
  const apart = own && (await readJsonIfThere(own.tree, 'preprocessor_config.json'));
  if (apart) return apart;
  const inside = files.main.config[`${tower}_preprocessor`];
  return typeof inside === 'object' && inside !== null ? (inside as Json) : {};
}
