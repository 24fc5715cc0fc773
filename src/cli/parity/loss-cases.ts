/** Reads the loss cases of a folder: `case.json` with its arrays, and `table.json` where there is one. */
import { blobSource } from '../../io/files/bytes.ts';
import { type FileTree, findFile, readJson, readJsonIfThere } from '../../io/files/files.ts';
import { openSafetensors, type TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import { lossConfigFromTrl, RECORDED_LOSS } from './trl-config.ts';

export type Matrix = readonly (readonly number[])[];

/** One row per completion; all rows have the same length, `mask` says which entries count. */
export interface PaddedBatch {
  readonly logps: Matrix;
  readonly oldLogps?: Matrix;
  readonly refLogps?: Matrix;
  readonly samplerLogps?: Matrix;
  readonly entropies: Matrix;
  readonly mask: Matrix;
  readonly advantages: readonly number[];
  /** Micro-batches whose gradients make one step. */
  readonly accumulation: number;
  /** Active tokens of the whole generation batch. */
  readonly tokensInBatch: number;
}

export interface LossCase {
  readonly name: string;
  readonly config: LossConfig;
  readonly batch: PaddedBatch;
  readonly loss: number;
  readonly gradient: Matrix;
  readonly entropyGradient?: Matrix;
  readonly metrics: Readonly<Record<string, number>>;
}

/** All loss cases of a folder, those of `table.json` after those of `case.json`. */
export async function readLossCases(tree: FileTree): Promise<LossCase[]> {
  const table = await readJsonIfThere(tree, 'table.json');
  return [...(await readArrayCases(tree)), ...(table ? tableCases(table, `${tree.name}/table.json`) : [])];
}

async function readArrayCases(tree: FileTree): Promise<LossCase[]> {
  const recorded = (await readJson(tree, 'case.json')).cases;
  // Some folders have a table alone.
  if (recorded === undefined) return [];
  const file = findFile(tree, 'case.safetensors');
  if (!file) throw new InputError(`${tree.name}: case.safetensors is missing.`);
  const label = `${tree.name}/case.json`;
  const arrays = await openSafetensors(blobSource(await file.blob()), `${tree.name}/case.safetensors`);
  const batch = await readBatch(arrays);
  const cases = recordList(recorded, `${label}: cases`);
  return Promise.all(
    cases.map(async (entry, position): Promise<LossCase> => {
      const index = typeof entry.index === 'number' ? entry.index : position;
      const where = `${label}, case ${index}`;
      const settings = recordOf(entry.config ?? {}, `${where}: config`);
      const width = batch.logps[0]?.length ?? 0;
      const entropyName = `grad_entropies.${index}`;
      return {
        name: `${index} ${describe(settings)}`,
        config: { ...RECORDED_LOSS, maxCompletionLength: width, ...lossConfigFromTrl(settings, where) },
        batch,
        loss: numberOf(entry.loss, `${where}: loss`),
        gradient: await readMatrix(arrays, `grad_logps.${index}`),
        ...(arrays.has(entropyName) ? { entropyGradient: await readMatrix(arrays, entropyName) } : {}),
        metrics: numbersOf(entry.metrics ?? {}, `${where}: metrics`),
      };
    }),
  );
}

async function readBatch(arrays: TensorSource): Promise<PaddedBatch> {
  const optional = async (name: string) => (arrays.has(name) ? await readMatrix(arrays, name) : undefined);
  const mask = await readMatrix(arrays, 'mask');
  return {
    logps: await readMatrix(arrays, 'logps'),
    oldLogps: await optional('old_logps'),
    refLogps: await optional('ref_logps'),
    samplerLogps: await optional('sampling_logps'),
    entropies: await readMatrix(arrays, 'entropies'),
    mask,
    advantages: Array.from(await arrays.float32('advantages')),
    accumulation: 1,
    tokensInBatch: total(mask),
  };
}

async function readMatrix(arrays: TensorSource, name: string): Promise<Matrix> {
  const { shape, dtype } = arrays.info(name);
  if (shape.length !== 2) {
    throw new InputError(`${arrays.label}: ${name} is [${shape.join(', ')}], expected [completion, token].`);
  }
  const isFloat = dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
  const flat = isFloat ? await arrays.float32(name) : await arrays.integers(name);
  const width = shape[1]!;
  return Array.from({ length: shape[0]! }, (_, i) => Array.from(flat.slice(i * width, (i + 1) * width)));
}

/** The table names TRL's settings in short; `n_items` is the active tokens of the generation batch. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  level: 'importance_sampling_level',
  bias_kl: 'use_bias_correction_kl',
  opm: 'off_policy_mask_threshold',
  quant: 'top_entropy_quantile',
  ent: 'entropy_coef',
  eps: 'epsilon',
  eps_high: 'epsilon_high',
};
/** The table's note: gradient accumulation steps of every case that does not say otherwise. */
const TABLE_ACCUMULATION = 2;

function tableCases(table: Record<string, unknown>, label: string): LossCase[] {
  const matrix = (name: string) => matrixOf(table[name], `${label}: ${name}`);
  const mask = matrix('mask');
  const shared = {
    logps: matrix('logp'),
    oldLogps: matrix('old'),
    refLogps: matrix('ref'),
    entropies: matrix('entropy'),
    mask,
    advantages: listOf(table.advantages, `${label}: advantages`).map((value, i) =>
      numberOf(value, `${label}: advantages[${i}]`),
    ),
  };
  // A table names the release that made it, but for the first one, which f2cd577 made.
  const rules = table.trl === undefined ? RECORDED_LOSS.rules : 'today';
  const maxCompletionLength = numberOf(table.max_completion_length, `${label}: max_completion_length`);
  return recordList(table.loss_cases ?? [], `${label}: loss_cases`).map((entry, index): LossCase => {
    const where = `${label}, loss case ${index}`;
    const { n_items: items, ga, ...short } = recordOf(entry.case, `${where}: case`);
    const settings = Object.fromEntries(
      Object.entries(short).map(([key, value]) => [SHORT_NAMES[key] ?? key, value]),
    );
    return {
      name: `table ${index} ${describe(settings)}`,
      config: { ...RECORDED_LOSS, rules, maxCompletionLength, ...lossConfigFromTrl(settings, where) },
      batch: {
        ...shared,
        accumulation: typeof ga === 'number' ? ga : TABLE_ACCUMULATION,
        tokensInBatch: typeof items === 'number' ? items : total(mask),
      },
      loss: numberOf(entry.loss, `${where}: loss`),
      gradient: matrixOf(entry.grad, `${where}: grad`),
      ...(entry.grad_entropies === undefined
        ? {}
        : { entropyGradient: matrixOf(entry.grad_entropies, `${where}: grad_entropies`) }),
      metrics: numbersOf(entry.metrics ?? {}, `${where}: metrics`),
    };
  });
}

const describe = (settings: Record<string, unknown>): string =>
  Object.entries(settings)
    .map(([key, value]) => (key === 'loss_type' ? String(value) : `${key}=${String(value)}`))
    .join(' ');

const total = (mask: Matrix): number => mask.flat().reduce((sum, value) => sum + value, 0);

function recordOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new InputError(`${where}: expected an object.`);
}

export function listOf(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new InputError(`${where}: expected a list.`);
}

export function recordList(value: unknown, where: string): Record<string, unknown>[] {
  return listOf(value, where).map((entry, index) => recordOf(entry, `${where}[${index}]`));
}

export function numberOf(value: unknown, where: string): number {
  if (typeof value === 'number') return value;
  throw new InputError(`${where}: expected a number.`);
}

function numbersOf(value: unknown, where: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(recordOf(value, where)).map(([key, entry]) => [key, numberOf(entry, `${where}.${key}`)]),
  );
}

function matrixOf(value: unknown, where: string): Matrix {
  return listOf(value, where).map((row, i) =>
    listOf(row, `${where}[${i}]`).map((entry, t) => numberOf(entry, `${where}[${i}][${t}]`)),
  );
}
