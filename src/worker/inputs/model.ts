import { isClassifierFolder } from '../../classifiers/files.ts';
import { Fields } from '../../decoder/fields.ts';
import type { ClipRecipe, ModelConfig, TextTools } from '../../families/api.ts';
import { familyOf, inspectModel, type OpenedFiles, openModelFiles } from '../../families/index.ts';
import { type FoundAdapter, findAdapters, openAdapter } from '../../families/shared/adapter-files.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import { type FileTree, readJsonIfThere } from '../../io/files/files.ts';
import { DTYPE_BYTES, type Dtype } from '../../io/tensors/dtype.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';
import type { Config } from '../../protocol/config.ts';
import type { ModelChoice, ModelSummary } from '../../protocol/messages.ts';
import { countParameters, type Policy } from '../../rl/policy/policy.ts';
import type { LeftWeights } from '../../rl/policy/start-weights.ts';
import { hasTowerInside, partOf } from '../../rl/policy/trained-parts.ts';
import { turnEnd } from '../../text/encode-prompt.ts';
import { endTokenIds } from '../../text/tokenizer.ts';
import type { Emit } from '../progress.ts';

/** A checkpoint with everything read but its weights. */
export interface OpenModel {
  /** The dropped folder. */
  readonly dropped: FileTree;
  /** The same without the other models in it. */
  readonly tree: FileTree;
  /** Where it lies in the dropped folder; '' is its top. */
  readonly path: string;
  /** Folders of the dropped one that hold other models. */
  readonly others: readonly string[];
  readonly files: ModelFiles;
  readonly config: ModelConfig;
  /** Names of tensors in the files that no part of the model asks for. */
  readonly unusedTensors: readonly string[];
  readonly text: TextTools;
  /** Either of these ends an answer. */
  readonly endIds: readonly number[];
  /** Absent for a model of text alone. */
  readonly clips?: ClipRecipe;
  /** What was chosen of the dropped folder. */
  readonly choice: ModelChoice;
  readonly adapters: readonly FoundAdapter[];
  /** The adapter that it was opened with. */
  readonly adapter?: LeftWeights;
  /** What a run left, or that adapter, where the next run starts from it and not from `files` alone. */
  readonly left?: LeftWeights;
  /** Whether it is the embedded one. */
  readonly demo?: boolean;
}

/** A model that is shown clips. */
export type ClipModel = OpenModel & Required<Pick<OpenModel, 'clips'>>;

/** The model with its clips shown as a run's settings say. */
export function modelUnder<M extends Pick<OpenModel, 'clips'>>(model: M, config: Config): M {
  const { clips } = model;
  return clips?.under ? { ...model, clips: clips.under(config, hasTowerInside(config)) } : model;
}

/** Whether a model is as it was opened, with the adapter it was opened with, if any, and no weights of a run. */
export const isAsOpened = ({ left, adapter }: Pick<OpenModel, 'left' | 'adapter'>): boolean =>
  left === adapter;

/** The checkpoint of a dropped folder. @throws InputError, of a model that only scores where it is to be opened */
async function findFiles(dropped: FileTree, folder?: string): Promise<OpenedFiles> {
  try {
    return await openModelFiles(dropped, folder);
  } catch (error) {
    if (!(error instanceof InputError && (await isClassifierFolder(dropped)))) throw error;
    throw new InputError(
      `${dropped.name}: found a classifier, which scores texts; expected a model that answers.`,
      {
        hint: 'To reward answers by it, open it on Train, among the reward models (by command: --rewardModel DIR).',
        cause: error,
      },
    );
  }
}

/** Reads configs, tokenizers and the weights' headers of a dropped folder. @throws InputError */
export async function openModel(dropped: FileTree, choice: ModelChoice = {}): Promise<OpenModel> {
  const { files, tree, path, others } = await findFiles(dropped, choice.folder);
  const { main } = files;
  const { config, unusedTensors } = inspectModel(files);
  const family = familyOf(files.family);
  const clips = await family.clips?.(config, files);
  const text = await family.openText(tree, files, config);
  const adapter =
    choice.adapter === undefined
      ? undefined
      : await openAdapter(dropped, choice.adapter, config.decoder, family.tower?.linears(config));
  const inner = new Fields(main.config, 'config.json').object('text_config');
  const generation = (await readJsonIfThere(main.tree, 'generation_config.json')) ?? {};
  return {
    dropped,
    tree,
    path,
    others,
    files,
    config,
    unusedTensors,
    text,
    endIds: endTokenIds(text.tokenizer, { ...inner, ...main.config }, generation, turnEnd(text.template)),
    ...(clips ? { clips } : {}),
    choice,
    adapters: await findAdapters(dropped),
    ...(adapter ? { adapter, left: adapter } : {}),
  };
}

/** What the page shows of a model. `trainable` is known once a run was loaded. */
export function summariseModel(
  { files, clips, unusedTensors, others, choice, adapters, demo }: OpenModel,
  loaded: { readonly trainable: number },
): ModelSummary {
  const { usual, handoff } = familyOf(files.family);
  const parts = countParameters(files.main.weights, partOf);
  const sources: TensorSource[] = [files.main.weights];
  for (const [kind, { weights }] of Object.entries(files.towers)) {
    if (!weights) continue;
    sources.push(weights);
    Object.assign(
      parts,
      addCounts(
        parts,
        countParameters(weights, () => kind),
      ),
    );
  }
  const bytes = bytesByType(sources);
  const [main = ['', 0]] = [...bytes].sort(([, a], [, b]) => b - a);
  return {
    name: files.name,
    ...(demo ? { demo } : {}),
    family: files.family,
    ...(clips?.under ? { anySize: true } : {}),
    senses: (['video', 'audio'] as const).filter((sense) => (clips?.counts[sense] ?? 0) > 0),
    usual,
    loading: handoff.loading,
    parts,
    trainable: loaded.trainable,
    dtype: main[0],
    bytes: [...bytes.values()].reduce((sum, count) => sum + count, 0),
    layout: files.layout,
    unusedTensors: [...unusedTensors],
    notes: [...(files.notes ?? []), ...adapterNotes(choice, adapters)],
    choice,
    others: [...others],
    adapters: [...adapters],
  };
}

/** What is said of the adapters in a model's folder. */
function adapterNotes({ adapter }: ModelChoice, adapters: readonly FoundAdapter[]): string[] {
  const of = (base: string): string => (base ? `, made for ${base}` : '');
  const used = adapters.find(({ path }) => path === adapter);
  if (used) {
    return [
      `The adapter ${used.path || 'at the top'}${of(used.base)} is added: runs begin from base and adapter together.`,
    ];
  }
  if (adapters.length === 0) return [];
  const listed = adapters
    .map(({ path, base }) => `${path || 'at the top of the folder'}${of(base)}`)
    .join('; ');
  return [
    `There ${adapters.length > 1 ? `are ${adapters.length} adapters` : 'is an adapter'} in the folder (${listed}) that is not part of what is open. To begin from one, choose it here, or name its folder (--lora DIR).`,
  ];
}

/** Tells the page what of a model is trained now, and what could not be quantised. */
export function reportLoaded(
  emit: Emit,
  model: OpenModel,
  { store, notQuantised }: Pick<Policy, 'store' | 'notQuantised'>,
): void {
  emit({ type: 'model', summary: summariseModel(model, { trainable: store.size }) });
  if (notQuantised.length === 0) return;
  const message = `${notQuantised.length} frozen matrices stay as published, as 32 does not divide their columns: ${notQuantised[0]}, for example.`;
  emit({ type: 'note', message });
}

function addCounts(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(b).map(([part, count]) => [part, count + (a[part] ?? 0)]));
}

function bytesByType(sources: readonly TensorSource[]): Map<Dtype, number> {
  const bytes = new Map<Dtype, number>();
  for (const source of sources) {
    for (const name of source.names()) {
      const { dtype, shape } = source.info(name);
      const size = shape.reduce((count, side) => count * side, DTYPE_BYTES[dtype]);
      bytes.set(dtype, (bytes.get(dtype) ?? 0) + size);
    }
  }
  return bytes;
}
