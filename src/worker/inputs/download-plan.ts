import { isHumanOmni } from '../../families/humanomni/files.ts';
import { isModel } from '../../families/index.ts';
import { inOrder, isWithin } from '../../families/shared/model-files.ts';
import { baseName } from '../../io/files/files.ts';
import type { HubAccess } from '../../io/hub/hub-fetch.ts';
import { type HubFile, listHubFiles, neededFiles, readHubText } from '../../io/hub/hub-files.ts';
import type { StoredFile } from '../../io/hub/opfs-models.ts';
import { parseJsonObject } from '../../io/json/json.ts';

/** The published HumanOmni repositories hold BERT's weights but not the vocabulary of the gate's text. */
const GATE_REPO = 'google-bert/bert-base-uncased';
const GATE_FOLDER = 'bert-base-uncased';
const GATE_FILES = ['vocab.txt', 'tokenizer_config.json'];

/** The files that a download has to bring, so that what comes opens like a dropped folder. @throws InputError */
export async function planDownload(
  access: HubAccess,
  say: (note: string) => void = () => undefined,
): Promise<StoredFile[]> {
  const listed = await listHubFiles(access);
  const candidates = neededFiles(listed, access.repo);
  const configs = await readConfigs(access, candidates);
  const { needed, left } = oneModel(candidates, configs);
  if (left.length > 0) say(`Only the model nearest to the top is fetched; left out: ${left.join(', ')}.`);
  if (listed.some(({ path }) => baseName(path) === 'adapter_config.json'))
    say(
      'The repository holds an adapter, too, which is not fetched: download its folder and drop it with the model.',
    );
  const planned = needed.map((file) => plannedFile(file, file.path));
  return lacksGateVocabulary(needed, configs) ? [...planned, ...(await gateFiles(access))] : planned;
}

type Configs = ReadonlyMap<string, Record<string, unknown>>;

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** A repository with more folders of models than this is no place to choose one from. */
const MOST_CONFIGS = 64;

/** The config.json of each folder; of checkpoints of one training only those nearest to the top. */
async function readConfigs(access: HubAccess, files: readonly HubFile[]): Promise<Configs> {
  const configs = new Map<string, Record<string, unknown>>();
  const paths = files.map(({ path }) => path).filter((path) => baseName(path) === 'config.json');
  for (const folder of inOrder(paths.map(folderOf)).slice(0, MOST_CONFIGS)) {
    const path = folder === '' ? 'config.json' : `${folder}/config.json`;
    configs.set(folder, parseJsonObject(await readHubText(access, path), `${access.repo.id}/${path}`));
  }
  return configs;
}

/** The files of the model nearest to the top and of what may belong to it, and the folders of the models that were left out. */
function oneModel(files: readonly HubFile[], configs: Configs): { needed: HubFile[]; left: string[] } {
  const hasWeights = (folder: string): boolean =>
    files.some(({ path }) => folderOf(path) === folder && path.endsWith('.safetensors'));
  const folders = inOrder(
    files.filter(({ path }) => baseName(path) === 'config.json').map(({ path }) => folderOf(path)),
  );
  const mains = folders.filter((folder) => {
    const config = configs.get(folder);
    // Beyond what was read, a folder with weights below another model is taken for one more of its checkpoints.
    return config ? isModel(config) : hasWeights(folder);
  });
  const main = mains.find(hasWeights) ?? mains[0];
  const left = mains.filter((folder) => folder !== main && !(main !== undefined && isWithin(main, folder)));
  const needed = files.filter(({ path }) => !left.some((folder) => isWithin(folderOf(path), folder)));
  return { needed, left };
}

function plannedFile(file: HubFile, as: string): StoredFile {
  return { ...file, as, done: 0, checked: false };
}

function lacksGateVocabulary(files: readonly HubFile[], configs: Configs): boolean {
  if (files.some(({ path }) => baseName(path) === 'vocab.txt')) return false;
  const all = [...configs.values()];
  return all.some(isHumanOmni) && !all.some(({ model_type }) => model_type === 'bert');
}

async function gateFiles(access: HubAccess): Promise<StoredFile[]> {
  const from = { ...access.repo, id: GATE_REPO, revision: 'main' };
  const files = await listHubFiles({ ...access, repo: from });
  return files
    .filter(({ path }) => GATE_FILES.includes(path))
    .map((file) => ({ ...plannedFile(file, `${GATE_FOLDER}/${file.path}`), from }));
}
