/** What a folder of data and a model's folder are found to hold, as plain data. Nothing is loaded, and no device is needed. */
import { readDataset } from '../../data/read.ts';
import { demandExamples, demandModelFolder } from '../../data/refusal.ts';
import { summarise } from '../../data/summary.ts';
import type { Example, ReadDataset } from '../../data/types.ts';
import { treeFromDisk } from '../../io/files/disk.ts';
import type { FileTree } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import { type DataIssue, isNote } from '../../protocol/messages.ts';
import type { Ask, AskAnswers, ColumnChoice, ListColumns } from '../../protocol/reading.ts';
import { demandFitting, fittingFor } from '../../worker/inputs/fitting.ts';
import { SPLIT_SEED } from '../../worker/inputs/inputs.ts';
import { type OpenModel, openModel, summariseModel } from '../../worker/inputs/model.ts';

export interface ToInspect {
  readonly data?: string;
  readonly model?: string;
  readonly columns: ColumnChoice;
  readonly answers: AskAnswers;
}

export interface InspectedIssue {
  readonly file: string;
  readonly row: number | null;
  readonly reason: string;
  readonly message: string;
  /** It left nothing out. */
  readonly note: boolean;
}

export interface InspectedData {
  readonly name: string;
  readonly format: string;
  readonly rows: number;
  readonly examples: readonly object[];
  readonly labels: readonly { readonly label: string; readonly count: number }[];
  readonly splits: Readonly<Record<string, number>>;
  readonly division: string;
  readonly columns: ColumnChoice;
  readonly lists: readonly ListColumns[];
  readonly issues: readonly InspectedIssue[];
  readonly asks: readonly Ask[];
  readonly answered: readonly Ask[];
  /** Why nothing can be learned from it. */
  readonly problem: string | null;
}

export interface InspectedModel {
  readonly name: string;
  readonly family: string | null;
  /** The folder of the model inside the given one; '.' is its top. */
  readonly main: string | null;
  /** Folders of other models. */
  readonly others: readonly string[];
  /** Files that its weights are read from. */
  readonly weights: readonly string[];
  /** Whether the output head is the embedding. */
  readonly tied: boolean | null;
  readonly endIds: readonly number[];
  /** The first adapter in the folder. It is added where it is named: --lora. */
  readonly adapter: { readonly path: string; readonly base: string } | null;
  /** Files that are not read. */
  readonly unused: readonly string[];
  readonly unusedTensors: readonly string[];
  readonly notes: readonly string[];
  readonly problem: string | null;
}

export interface Inspected {
  readonly data?: InspectedData;
  readonly model?: InspectedModel;
}

export async function inspected({
  data: dataFolder,
  model: modelFolder,
  ...wanted
}: ToInspect): Promise<Inspected> {
  const data = dataFolder === undefined ? undefined : await dataOf(await treeFromDisk(dataFolder), wanted);
  const model =
    modelFolder === undefined ? undefined : await modelOf(await treeFromDisk(modelFolder), data?.read);
  return {
    ...(data ? { data: withRefused(data.told, model?.refused ?? []) } : {}),
    ...(model ? { model: model.told } : {}),
  };
}

/** The data with the rows that the model does not take among its issues. */
const withRefused = (told: InspectedData, refused: readonly DataIssue[]): InspectedData => ({
  ...told,
  issues: [...told.issues, ...refused.map(issueOf)],
});

interface ModelFound {
  readonly told: InspectedModel;
  /** Why it does not take rows of the data. */
  readonly refused: readonly DataIssue[];
}

async function dataOf(
  tree: FileTree,
  { columns, answers }: Pick<ToInspect, 'columns' | 'answers'>,
): Promise<{ told: InspectedData; read?: ReadDataset }> {
  let read: ReadDataset;
  try {
    read = await readDataset(tree, { seed: SPLIT_SEED, columns, answers });
  } catch (error) {
    return { told: { ...UNREAD, name: tree.name, problem: problemOf(error) } };
  }
  const { name, format, rows, labels, splits, division } = summarise(read);
  const told = {
    ...{ name, format, rows, splits, division },
    examples: read.examples.map(exampleOf),
    labels: labels.map(({ label, count }) => ({ label, count })),
    ...{ columns: read.columns, lists: read.lists },
    issues: read.issues.map(issueOf),
    ...{ asks: read.asks, answered: read.answered },
    problem: problemIn(() => demandExamples(read, read.opened ?? tree)),
  };
  return { told, read };
}

/** Of a data set that was refused. */
const UNREAD = {
  ...{ format: 'nothing', rows: 0, splits: {}, division: '', examples: [], labels: [], columns: {} },
  ...{ lists: [], issues: [], asks: [], answered: [] },
};

function exampleOf(example: Example): object {
  const { id, question, answer, label, split, speaker, system, turns, note } = example;
  const media = example.media.map(({ kind, path, start, end }) => ({
    kind,
    path,
    start: start ?? null,
    end: end ?? null,
  }));
  return {
    ...{ id, question, answer, label, media, split, speaker },
    ...(system === undefined ? {} : { system }),
    ...(turns === undefined ? {} : { turns }),
    ...(note === undefined ? {} : { note }),
  };
}

const issueOf = ({ file, row, reason, message, hint }: DataIssue): InspectedIssue => ({
  ...{ file, row: row ?? null, reason },
  message: hint === undefined ? message : `${message} ${hint}`,
  note: isNote({ reason }),
});

async function modelOf(dropped: FileTree, data: ReadDataset | undefined): Promise<ModelFound> {
  const read = new Set<string>();
  const tree = watched(dropped, read);
  try {
    demandModelFolder(tree);
    const model = await openModel(tree);
    const fitting = data && fittingFor(model, data);
    const problem = fitting ? problemIn(() => demandFitting(model, fitting)) : null;
    return {
      told: { ...foundIn(model, tree, read), problem },
      refused: [...(fitting?.refused.values() ?? [])],
    };
  } catch (error) {
    const told = {
      ...{ name: tree.name, family: null, main: null, others: [], weights: [], tied: null, endIds: [] },
      ...{ adapter: null, unused: [], unusedTensors: [], notes: [], problem: problemOf(error) },
    };
    return { told, refused: [] };
  }
}

/** The same tree, which remembers the files whose bytes were asked for. */
const watched = ({ name, files }: FileTree, read: Set<string>): FileTree => ({
  name,
  files: files.map((file) => ({
    ...file,
    blob: () => {
      read.add(file.path);
      return file.blob();
    },
  })),
});

function foundIn(
  model: OpenModel,
  { files }: FileTree,
  read: ReadonlySet<string>,
): Omit<InspectedModel, 'problem'> {
  const { name, family, notes } = summariseModel(model, { trainable: 0 });
  const { path, others, endIds, adapters, unusedTensors, config } = model;
  const isOthers = (file: string) => others.some((other) => other !== '' && file.startsWith(`${other}/`));
  const isUsed = (file: string) => read.has(file) && !isOthers(file);
  const paths = files.map((file) => file.path);
  return {
    ...{ name, family, notes, endIds, unusedTensors },
    main: path === '' ? '.' : path,
    others: others.map((other) => (other === '' ? '.' : other)),
    weights: paths.filter((file) => file.endsWith('.safetensors') && isUsed(file)),
    tied: config.decoder.tieWordEmbeddings,
    adapter: adapters[0] ?? null,
    unused: paths.filter((file) => !isUsed(file)),
  };
}

function problemIn(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return problemOf(error);
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof InputError)) throw error;
  return [error.message, error.hint].filter(Boolean).join(' ');
}
