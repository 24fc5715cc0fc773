import { baseName } from '../io/files.ts';
import type { HubAccess } from '../io/hub-fetch.ts';
import { type HubFile, listHubFiles, neededFiles, readHubText } from '../io/hub-files.ts';
import { parseJsonObject } from '../io/json.ts';
import type { StoredFile } from '../io/opfs-models.ts';
import { isHumanOmni } from '../models/humanomni-files.ts';

/** The published HumanOmni repositories hold BERT's weights but not the vocabulary of the gate's text. */
const GATE_REPO = 'google-bert/bert-base-uncased';
const GATE_FOLDER = 'bert-base-uncased';
const GATE_FILES = ['vocab.txt', 'tokenizer_config.json'];

/** The files that a download has to bring, so that what comes opens like a dropped folder. @throws InputError */
export async function planDownload(access: HubAccess): Promise<StoredFile[]> {
  const needed = neededFiles(await listHubFiles(access), access.repo);
  const planned = needed.map((file) => plannedFile(file, file.path));
  return (await lacksGateVocabulary(access, needed)) ? [...planned, ...(await gateFiles(access))] : planned;
}

function plannedFile(file: HubFile, as: string): StoredFile {
  return { ...file, as, done: 0, checked: false };
}

async function lacksGateVocabulary(access: HubAccess, files: readonly HubFile[]): Promise<boolean> {
  if (files.some(({ path }) => baseName(path) === 'vocab.txt')) return false;
  const configs: Record<string, unknown>[] = [];
  for (const { path } of files) {
    if (baseName(path) === 'config.json')
      configs.push(parseJsonObject(await readHubText(access, path), `${access.repo.id}/${path}`));
  }
  return configs.some(isHumanOmni) && !configs.some(({ model_type }) => model_type === 'bert');
}

async function gateFiles(access: HubAccess): Promise<StoredFile[]> {
  const from = { ...access.repo, id: GATE_REPO, revision: 'main' };
  const files = await listHubFiles({ ...access, repo: from });
  return files
    .filter(({ path }) => GATE_FILES.includes(path))
    .map((file) => ({ ...plannedFile(file, `${GATE_FOLDER}/${file.path}`), from }));
}
