/** What tells a model or a data set from another one of the same name, without reading all of its bytes. */
import { createSHA256 } from 'hash-wasm';
import { type Dataset, mediaName } from '../../data/types.ts';
import { blobSource } from '../../io/files/bytes.ts';
import { extension, type FileEntry, type FileTree } from '../../io/files/files.ts';
import { isReadFailure } from '../../io/files/unreadable.ts';
import { openSafetensors } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';
import type { OpenModel } from '../inputs/model.ts';
import type { RunDescription } from './records.ts';

/** Places in a weights file that are looked at, and bytes at each. */
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;
/** Files beside the weights that decide what the model does. */
const DESCRIPTIONS = ['json', 'txt', 'jinja'];

/**
 * SHA-256 over a model folder: whole configs and vocabularies; of each weights file its size, its header and 64 samples
 * of its data, so that a fine-tuned copy with the same header is told apart.
 */
export async function modelIdentity({ files }: FileTree): Promise<string> {
  const hash = await createSHA256();
  for (const { path, blob } of files) {
    const kind = extension(path);
    if (kind !== 'safetensors' && !DESCRIPTIONS.includes(kind)) continue;
    const file = await blob();
    hash.update(JSON.stringify([path, file.size]));
    if (kind === 'safetensors') for await (const bytes of samplesOf(file, path)) hash.update(bytes);
    else hash.update(new Uint8Array(await file.arrayBuffer()));
  }
  return hash.digest();
}

async function* samplesOf(file: Blob, label: string): AsyncGenerator<Uint8Array> {
  const source = blobSource(file);
  const { tensors } = await openSafetensors(source, label);
  const dataStart = [...tensors.values()].reduce((first, { start }) => Math.min(first, start), file.size);
  yield source.slice(0, dataStart);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const at = dataStart + Math.floor((sample * (file.size - dataStart)) / SAMPLES);
    yield source.slice(at, Math.min(file.size, at + SAMPLE_BYTES));
  }
}

/**
 * SHA-256 over what a data set lists: every example's text and split, of what it shows the paths, sizes and parts, and the names of
 * its columns, by which templates and rewards ask for them.
 */
export async function dataIdentity({ examples }: Pick<Dataset, 'examples'>): Promise<string> {
  const hash = await createSHA256();
  const markOf = await marksOf(examples.flatMap(({ media }) => media.flatMap(({ files }) => files)));
  for (const { id, label, question, system, turns, answer, split, media } of examples) {
    const files = media.flatMap((medium) => medium.files);
    const sizes = files.map((file) => [file.path, markOf.get(file)]);
    const parts = media.filter(({ start, end }) => start !== undefined || end !== undefined);
    const more = [system, turns, parts.length > 0 ? mediaName({ media }) : undefined];
    const said = more.filter((each) => each !== undefined);
    hash.update(JSON.stringify([id, label, question, answer, split, sizes, ...said]));
  }
  const columns = new Set(examples.flatMap((example) => Object.keys(example.columns ?? {})));
  if (columns.size > 0) hash.update(JSON.stringify({ columns: [...columns].sort() }));
  return hash.digest();
}

/** Files whose sizes are asked for together: those of the demo are fetched for that. */
const TOGETHER = 32;

async function marksOf(files: readonly FileEntry[]): Promise<ReadonlyMap<FileEntry, number | string>> {
  const marks = new Map<FileEntry, number | string>();
  for (let at = 0; at < files.length; at += TOGETHER) {
    const some = files.slice(at, at + TOGETHER);
    for (const [index, mark] of (await Promise.all(some.map((file) => file.mark ?? sizeOf(file)))).entries())
      marks.set(some[index]!, mark);
  }
  return marks;
}

/** Bytes of a file; -1 for one that cannot be opened, whose row is left out of every run. */
async function sizeOf({ size, blob }: FileEntry): Promise<number> {
  if (size !== undefined) return size;
  try {
    return (await blob()).size;
  } catch (error) {
    if (isReadFailure(error)) return -1;
    throw error;
  }
}

/** Refuses to go on with another model or other data than the run was started with. @throws InputError */
export async function checkSameInputs(
  { name, model, data }: RunDescription,
  open: { readonly model: OpenModel; readonly data: Dataset },
): Promise<void> {
  const hint = (what: string, wanted: string, screen: string): string =>
    `Open the ${what} "${wanted}" that the run was started with (the ${screen} screen lists folders opened before), then press the same button again.`;
  if ((await modelIdentity(open.model.tree)) !== model.identity) {
    throw new InputError(
      `The run ${name} trains the model "${model.name}"; the one that is open, "${open.model.files.name}", has other files.`,
      { hint: hint('model', model.name, 'Model') },
    );
  }
  if ((await dataIdentity(open.data)) !== data.identity) {
    throw new InputError(
      `The run ${name} is on the data "${data.name}"; the set that is open, "${open.data.name}", has other clips or labels.`,
      { hint: hint('data folder', data.name, 'Data') },
    );
  }
}
