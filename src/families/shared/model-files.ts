import type { Json } from '../../decoder/fields.ts';
import { extension, type FileTree, readJson, readTextIfThere, subtree } from '../../io/files/files.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';

/** One folder of a checkpoint: its config and, if it has weights of its own, these. */
export interface ModelFolder {
  readonly tree: FileTree;
  readonly config: Json;
  readonly weights?: TensorSource;
}

export type TowerKind = 'vision' | 'audio' | 'bert';

/** A checkpoint as found: the main folder, and towers that lie in folders of their own. */
export interface ModelFiles {
  /** Name of its family. */
  readonly family: string;
  readonly name: string;
  /** Its tensors go by the names under which the family was first published. */
  readonly main: ModelFolder & { readonly weights: TensorSource };
  readonly towers: Readonly<Partial<Record<TowerKind, ModelFolder>>>;
  readonly layout: 'one folder' | 'towers in folders of their own';
  /** The name that a tensor, or the beginning of one, has in the files, where these use newer names. */
  readonly writtenAs?: (name: string) => string;
  /** Whether the head is the embedding, as the weights say; where absent, the config alone does. */
  readonly tied?: boolean;
  /** What of the folder was left aside, or taken otherwise than its config says. */
  readonly notes?: readonly string[];
}

const CONFIG = 'config.json';

/** Folders of the tree, the top ('') included, that hold a config.json; in the order in which one is taken for the model. */
function configFolders(tree: FileTree): string[] {
  const folders = foldersWith(tree, CONFIG);
  const withWeights = new Set(
    tree.files.filter(({ path }) => extension(path) === 'safetensors').map(({ path }) => folderOf(path)),
  );
  const lacksWeights = (folder: string): number => Number(!withWeights.has(folder));
  return folders.sort((a, b) => lacksWeights(a) - lacksWeights(b) || compareFolders(a, b));
}

/** Folders that hold a file of this name; the top is ''. */
export function foldersWith(tree: FileTree, name: string): string[] {
  return tree.files
    .filter(({ path }) => path === name || path.endsWith(`/${name}`))
    .map(({ path }) => folderOf(path));
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const partsOf = (folder: string): string[] => (folder === '' ? [] : folder.split('/'));

/** Whether a folder is another one or lies below it. */
export const isWithin = (folder: string, outer: string): boolean =>
  outer === '' || folder === outer || folder.startsWith(`${outer}/`);

/** Nearest to the top first; beside each other by name, but of `checkpoint-200` and `checkpoint-1000`, or of `v0-…` and `v1-…`, the highest first. */
function compareFolders(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  if (left.length !== right.length) return left.length - right.length;
  const at = left.findIndex((part, index) => part !== right[index]);
  if (at < 0) return 0;
  const [x, y] = [numbered(left[at]!), numbered(right[at]!)];
  if (x && y && x.stem === y.stem && x.number !== y.number) return y.number - x.number;
  return left[at]!.localeCompare(right[at]!, 'en', { numeric: true });
}

/** `checkpoint-200` as its stem and number; `v1-20250310-104500`, one run of several into a folder, as a version. */
function numbered(name: string): { stem: string; number: number } | undefined {
  const version = /^v(\d{1,9})-\d{6,}[\d-]*$/.exec(name);
  if (version) return { stem: 'v', number: Number(version[1]) };
  const found = /^(.*?)(\d{1,15})$/.exec(name);
  return found ? { stem: found[1]!, number: Number(found[2]) } : undefined;
}

/** Folders, nearest to the top first. */
export const inOrder = (folders: readonly string[]): string[] => [...folders].sort(compareFolders);

/** A snapshot in the cache of a hub: `models--owner--name/snapshots/<commit>`, or below the folder of that name. */
const SNAPSHOT = /^(?:(.*)\/)?snapshots\/([^/]+)$/;
const CACHED = /^models--(?:.+?--)?(.+)$/;

/** Of a commit, so many digits are shown. */
const COMMIT = /^([0-9a-f]{7})[0-9a-f]{33}$/;
const SOUND_NAME = /^(?=.*[A-Za-z])[\w.-]{1,96}$/;

/** What a model is called by where it lies in the dropped folder; by its config where that is a commit alone. */
export function modelName(tree: FileTree, path: string, config: Json): string {
  const [, around = '', commit] = SNAPSHOT.exec(path) ?? [];
  const holder = around.slice(around.lastIndexOf('/') + 1) || tree.name;
  const cached = commit === undefined ? undefined : CACHED.exec(holder)?.[1];
  const own = path.slice(path.lastIndexOf('/') + 1);
  const name = cached ?? (own === '' || own === 'model' ? tree.name : own);
  const short = COMMIT.exec(name)?.[1];
  return short === undefined ? name : `${nameInConfig(config)}-${short}`;
}

/** What a config calls its model: by the path it was loaded from, by its class, or by its type. */
function nameInConfig({ _name_or_path: from, architectures, model_type: type }: Json): string {
  const parts = typeof from === 'string' ? from.split(/[/\\]/).reverse() : [];
  const names = [...parts.slice(0, 3).map((part) => CACHED.exec(part)?.[1]), parts[0]];
  const kinds = Array.isArray(architectures) ? [architectures[0], type] : [type];
  const isName = (name: unknown): name is string =>
    typeof name === 'string' && SOUND_NAME.test(name) && !COMMIT.test(name);
  return [...names, ...kinds].find(isName) ?? 'model';
}

/** A folder with a config.json, as found. */
export interface FoundFolder {
  readonly path: string;
  readonly tree: FileTree;
  readonly config: Json;
}

/** Whether a config.json is that of a model of a family. */
export type IsMain = (config: Json) => boolean;

/** The folder of a model among all that hold a config.json, and the folders that may belong to it. */
export interface Found {
  readonly main?: FoundFolder;
  /** Folders of parts: not the main one, and not inside another model's folder. */
  readonly rest: readonly FoundFolder[];
  /** Folders of other models, which were left aside. */
  readonly others: readonly string[];
  /** Every folder that was looked at with its type, for messages. */
  readonly seen: readonly string[];
}

/** The first of the models; of the snapshots of one repository that which a hub's cache calls the main one, unless it lacks weights. */
async function firstOf(tree: FileTree, mains: readonly FoundFolder[]): Promise<FoundFolder | undefined> {
  const [first] = mains;
  const found = first && SNAPSHOT.exec(first.path);
  if (!found) return first;
  const repository = found[1] === undefined ? '' : `${found[1]}/`;
  const commit = (await readTextIfThere(tree, `${repository}refs/main`))?.trim();
  const main = mains.find(({ path }) => path === `${repository}snapshots/${commit}`);
  return main && hasWeights(main.tree) >= hasWeights(first.tree) ? main : first;
}

const hasWeights = ({ files }: FileTree): number =>
  Number(files.some(({ path }) => extension(path) === 'safetensors'));

/**
 * The folder nearest to the top that is a model, or the one at `path`. A config.json that cannot be read is an error unless it lies
 * in another model's folder.
 */
export async function findMain(tree: FileTree, isMain: IsMain, path?: string): Promise<Found> {
  const folders: FoundFolder[] = [];
  const broken: { path: string; error: unknown }[] = [];
  for (const at of configFolders(tree)) {
    const folder = at === '' ? tree : subtree(tree, at)!;
    try {
      folders.push({ path: at, tree: folder, config: await readJson(folder, CONFIG) });
    } catch (error) {
      broken.push({ path: at, error });
    }
  }
  const mains = folders.filter(({ config }) => isMain(config));
  const main = path === undefined ? await firstOf(tree, mains) : mains.find((folder) => folder.path === path);
  // A model around the chosen one is not beside it: what lies there may be of use to both.
  const others = mains.filter((other) => other !== main).map((other) => other.path);
  const beside = others.filter((other) => !main || !isWithin(main.path, other));
  const isFree = (folder: string): boolean => !beside.some((other) => isWithin(folder, other));
  const failed = broken.find((folder) => isFree(folder.path));
  if (failed) throw failed.error;
  const isBelow = ({ path: at }: FoundFolder): number => Number(!(main && isWithin(at, main.path)));
  return {
    ...(main ? { main } : {}),
    rest: folders
      .filter((folder) => !mains.includes(folder) && isFree(folder.path))
      .sort((a, b) => isBelow(a) - isBelow(b)),
    others,
    seen: folders.map(({ path: at, config }) => `${at || tree.name} (${String(config.model_type)})`),
  };
}
