/** Adapters that lie in a model's folder or beside it, in PEFT's form. */

import { demandFinite } from '../../decoder/finite.ts';
import { type AdaptedLinear, adapterNames, type LoraConfig } from '../../decoder/lora.ts';
import { linearShapes, type Qwen2Config } from '../../decoder/qwen2.ts';
import { blobSource } from '../../io/files/bytes.ts';
import { type FileTree, findFile, readJson, subtree } from '../../io/files/files.ts';
import {
  type AdapterConfig,
  LORA_LINEARS,
  type LoraLinear,
  type LoraTensor,
  linearPath,
  readAdapterConfig,
} from '../../io/formats/peft.ts';
import { refuseMistaken } from '../../io/json/mistaken.ts';
import { ADAPTER_WEIGHTS } from '../../io/sealed/checkpoint.ts';
import { renamed } from '../../io/tensors/renamed.ts';
import { openSafetensors, type TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';
import { foldersWith, inOrder } from './model-files.ts';

const CONFIG = 'adapter_config.json';

/** An adapter's folder inside the dropped one, and what its config says that it belongs to. */
export interface FoundAdapter {
  readonly path: string;
  readonly base: string;
}

/** Every folder with an adapter_config.json, nearest to the top first. */
export async function findAdapters(tree: FileTree): Promise<FoundAdapter[]> {
  const adapters: FoundAdapter[] = [];
  for (const path of inOrder(foldersWith(tree, CONFIG))) {
    const config = await readJson(subtree(tree, path)!, CONFIG).catch(() => ({}) as Record<string, unknown>);
    const base = config.base_model_name_or_path;
    adapters.push({ path, base: typeof base === 'string' ? base : '' });
  }
  return adapters;
}

/** An adapter's matrices by the names of `adapterNames`, and its shape. */
export interface OpenedAdapter {
  readonly tensors: TensorSource;
  readonly lora: LoraConfig;
}

/**
 * Opens the adapter of a folder for a decoder, and for the linear layers of a vision tower where one can have an adapter. Every tensor
 * of it must find its linear layer, since one that were dropped would make another model. @throws InputError naming the file and what is off
 */
export async function openAdapter(
  tree: FileTree,
  path: string,
  decoder: Qwen2Config,
  tower: readonly AdaptedLinear[] = [],
): Promise<OpenedAdapter> {
  const folder = subtree(tree, path);
  if (!folder || !findFile(folder, CONFIG)) {
    throw new InputError(`${tree.name}: no ${CONFIG} in "${path || '.'}".`, {
      hint: "Name the folder that holds the adapter's config and weights.",
    });
  }
  const label = `${folder.name}/${ADAPTER_WEIGHTS}`;
  const config = readAdapterConfig(await readJson(folder, CONFIG), `${folder.name}/${CONFIG}`);
  const file = findFile(folder, ADAPTER_WEIGHTS);
  if (!file) {
    throw new InputError(`${folder.name}: no ${ADAPTER_WEIGHTS} beside its ${CONFIG}.`, {
      hint: 'Save the adapter in safetensors format (adapter_model.bin is not read).',
    });
  }
  const blob = await file.blob();
  await refuseMistaken(blob, label);
  const stored = await openSafetensors(blobSource(blob), label);
  const vision = checkTower(stored, config, tower);
  const isOfTower = (name: string): boolean => towerTensor(name) !== undefined;
  const linears = checkTensors(
    stored,
    stored.names().filter((name) => !vision || !isOfTower(name)),
    config,
    decoder,
  );
  for (const name of stored.names()) await demandFinite(stored, name);
  const tensors = renamed(stored, (name) => (vision && towerTensor(name)) || ownName(loraTensor(name)!));
  // The scale is kept as alpha / rank, whatever rule it was made by.
  const lora = { rank: config.rank, alpha: config.scale * config.rank, targets: linears };
  return { tensors, lora: vision ? { ...lora, vision } : lora };
}

/** A matrix of a vision tower's adapter by its own name; undefined for any other. */
function towerTensor(name: string): string | undefined {
  const found = /^(?:base_model\.model\.)?(?:model\.)?(visual\..+\.lora_[AB])(?:\.default)?\.weight$/.exec(
    name,
  );
  return found ? `${found[1]}.weight` : undefined;
}

/** Whether the adapter sits on the tower: on all of its linear layers, as runs here train it. @throws InputError */
function checkTower(source: TensorSource, { rank }: AdapterConfig, tower: readonly AdaptedLinear[]): boolean {
  const found = new Map(
    source.names().flatMap((name) => {
      const own = towerTensor(name);
      return own === undefined ? [] : [[own, source.info(name).shape.join()] as const];
    }),
  );
  if (found.size === 0 || tower.length === 0) return false;
  const expected = new Map<string, string>();
  for (const {
    path,
    extents: [out, inputs],
  } of tower) {
    const { a, b } = adapterNames(path);
    expected.set(a, [rank, inputs].join()).set(b, [out, rank].join());
  }
  for (const [name, shape] of [...expected, ...found]) {
    if (expected.get(name) === shape && found.get(name) === shape) continue;
    throw new InputError(
      `${source.label}: of the vision tower's ${name} found ${found.has(name) ? `the shape [${found.get(name)}]` : 'nothing'}, expected ${expected.has(name) ? `[${expected.get(name)}]` : 'nothing'}.`,
      {
        hint: "Use an adapter on all of the vision tower's linear layers or on none of them, made for this very model.",
      },
    );
  }
  return true;
}

/** Names of PEFT's files, of any generation of transformers: with and without the vision tower's model around the decoder. */
const NAME =
  /^(?:base_model\.model\.)?(?:model\.)?(?:language_model\.)?(?:model\.)?layers\.(\d+)\.(self_attn|mlp)\.(\w+)\.lora_([AB])(?:\.default)?\.weight$/;

function loraTensor(name: string): LoraTensor | undefined {
  const found = NAME.exec(name);
  const linear = LORA_LINEARS.find((known) => known === found?.[3]);
  if (!found || !linear) return undefined;
  const tensor: LoraTensor = { layer: Number(found[1]), linear, matrix: found[4] === 'A' ? 'A' : 'B' };
  return linearPath(tensor.layer, linear).includes(`.${found[2]}.`) ? tensor : undefined;
}

function ownName({ layer, linear, matrix }: LoraTensor): string {
  const { a, b } = adapterNames(linearPath(layer, linear));
  return matrix === 'A' ? a : b;
}

/** @returns the linear layers that it sits on @throws InputError */
function checkTensors(
  source: TensorSource,
  names: readonly string[],
  { rank, baseModel }: AdapterConfig,
  decoder: Qwen2Config,
): LoraLinear[] {
  const fail = (problem: string): never => {
    throw new InputError(`${source.label}: ${problem}.`, {
      hint: `Use an adapter of plain LoRA on the decoder's linear layers, made for this very model${baseModel ? ` (it names ${baseModel})` : ''}.`,
    });
  };
  const shapes = linearShapes(decoder);
  const matrices = new Map<string, Set<'A' | 'B'>>();
  const linears = new Set<LoraLinear>();
  for (const name of names) {
    const tensor = loraTensor(name);
    if (!tensor) return fail(`tensor "${name}" belongs to no linear layer of the decoder`);
    if (tensor.layer >= decoder.layers)
      return fail(`tensor "${name}" is of a layer that the model has not; it has ${decoder.layers}`);
    const [out, inputs] = shapes[tensor.linear];
    const expected = tensor.matrix === 'A' ? [rank, inputs] : [out, rank];
    const { shape } = source.info(name);
    if (shape.join() !== expected.join()) {
      return fail(`tensor "${name}" has the shape [${shape.join(', ')}], expected [${expected.join(', ')}]`);
    }
    const path = linearPath(tensor.layer, tensor.linear);
    const seen = matrices.get(path) ?? new Set();
    if (seen.has(tensor.matrix)) return fail(`${path} has two matrices ${tensor.matrix}`);
    matrices.set(path, seen.add(tensor.matrix));
    linears.add(tensor.linear);
  }
  if (source.names().length === 0) return fail('there is no matrix in it');
  const half = [...matrices].find(([, seen]) => seen.size < 2);
  if (half) return fail(`${half[0]} has only one of its two matrices`);
  return LORA_LINEARS.filter((linear) => linears.has(linear));
}
