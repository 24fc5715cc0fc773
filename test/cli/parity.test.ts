import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { caseFolders } from '../../src/cli/parity/folders.ts';
import { comparisonFor } from '../../src/cli/parity/kinds.ts';
import { holds } from '../../src/cli/parity/quantity.ts';
import {
  type FolderReport,
  folderLine,
  jsonReport,
  passes,
  quantityLine,
} from '../../src/cli/parity/report.ts';
import { RECORDED_LOSS } from '../../src/cli/parity/trl-config.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import type { LossConfig } from '../../src/protocol/loss-config.ts';
import { numbers, testGpu } from '../ops/harness.ts';
import { referenceGradient, referenceLoss } from '../reference/losses.ts';

const LOSSES = 'test/golden/grpo-losses';
const scratch = mkdtempSync(join(tmpdir(), 'parity-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function quantitiesOf(tree: FileTree) {
  const { compare } = await comparisonFor(tree);
  return compare(tree, await testGpu());
}

const file = (tensors: Record<string, { shape: number[]; data: Float32Array | BigInt64Array }>) =>
  writeSafetensors(
    Object.entries(tensors).map(([name, { shape, data }]) => ({
      name,
      dtype: data instanceof Float32Array ? ('F32' as const) : ('I64' as const),
      shape,
      bytes: () => new Uint8Array(data.buffer as ArrayBuffer),
    })),
  );

/** A folder of one loss case of another size, its numbers worked out in float64. */
async function otherLosses(rows: number, width: number, seed: number): Promise<FileTree> {
  const matrix = (which: number, scale: number, shift: number) =>
    Array.from({ length: rows }, (_, i) =>
      Array.from(numbers(width, seed * 100 + which * 10 + i, scale), (v) => Math.fround(v + shift)),
    );
  const mask = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: width }, (_, t) => (t <= (i * 5) % width ? 1 : 0)),
  );
  const batch = {
    logps: matrix(0, 1, -1.2),
    oldLogps: matrix(1, 1, -1.2),
    refLogps: matrix(2, 1, -1.2),
    entropies: matrix(3, 0.5, 0.7),
    mask,
    advantages: Array.from(numbers(rows, seed, 1), Math.fround),
    accumulation: 1,
    tokensInBatch: mask.flat().reduce<number>((sum, value) => sum + value, 0),
  };
  const config: LossConfig = { ...RECORDED_LOSS, lossType: 'luspo', beta: 0.1, maxCompletionLength: width };
  const { loss, metrics } = referenceLoss(config, batch);
  const flat = (values: number[][]) => ({ shape: [rows, width], data: Float32Array.from(values.flat()) });
  const arrays = await file({
    logps: flat(batch.logps),
    old_logps: flat(batch.oldLogps),
    ref_logps: flat(batch.refLogps),
    entropies: flat(batch.entropies),
    mask: { shape: [rows, width], data: BigInt64Array.from(mask.flat(), BigInt) },
    advantages: { shape: [rows], data: Float32Array.from(batch.advantages) },
    'grad_logps.0': flat(referenceGradient(config, batch)),
  });
  const cases = [{ index: 0, config: { loss_type: 'luspo', beta: 0.1 }, loss, metrics }];
  const settings = JSON.stringify({ kind: 'grpo-losses', cases });
  return treeFromMemory('other', { 'case.json': settings, 'case.safetensors': arrays });
}

/** A sampling folder of another size: temperature and top-k, worked out here. */
async function otherSampling(rows: number, vocabulary: number, topK: number): Promise<FileTree> {
  const logits = numbers(rows * vocabulary, 5, 4);
  const probabilities = new Float32Array(logits.length);
  for (let row = 0; row < rows; row++) {
    const scaled = Array.from(logits.subarray(row * vocabulary, (row + 1) * vocabulary), (z) => z / 0.6);
    const cut = [...scaled].sort((a, b) => b - a)[topK - 1]!;
    const weights = scaled.map((z) => (z >= cut ? Math.exp(z) : 0));
    const total = weights.reduce((a, b) => a + b, 0);
    probabilities.set(
      weights.map((weight) => weight / total),
      row * vocabulary,
    );
  }
  const arrays = await file({
    logits: { shape: [rows, vocabulary], data: logits },
    'probabilities.0': { shape: [rows, vocabulary], data: probabilities },
  });
  const settings = JSON.stringify({ kind: 'sampling', cases: [{ temperature: 0.6, top_k: topK }] });
  return treeFromMemory('other', { 'case.json': settings, 'case.safetensors': arrays });
}

describe('parity', () => {
  it('holds every bound of the recorded losses and advantages', async () => {
    const quantities = await quantitiesOf(await treeFromDisk(LOSSES));
    expect(quantities.filter(({ name }) => name.endsWith(': loss'))).toHaveLength(24 + 112);
    expect(quantities.filter(({ name }) => name.endsWith('d logps'))).toHaveLength(24 + 112);
    expect(quantities.filter(({ name }) => name.startsWith('advantages'))).toHaveLength(12);
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
  });

  it('holds every bound of the recorded sampling', async () => {
    const quantities = await quantitiesOf(await treeFromDisk('test/golden/sampling'));
    expect(quantities).toHaveLength(7);
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
  });

  it.each([
    [2, 5],
    [9, 33],
    [3, 130],
  ])('takes losses of %i completions of up to %i tokens', async (rows, width) => {
    const quantities = await quantitiesOf(await otherLosses(rows, width, rows));
    expect(quantities.length).toBeGreaterThan(5);
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
  });

  it('takes another vocabulary', async () => {
    const quantities = await quantitiesOf(await otherSampling(3, 1201, 17));
    expect(quantities).toHaveLength(1);
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
  });

  it('finds what was changed in a record, and only that', async () => {
    const folder = join(scratch, 'changed');
    cpSync(LOSSES, folder, { recursive: true });
    const settings = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
    settings.cases[3].loss *= 1.001;
    settings.cases[5].metrics.entropy += 0.001;
    const table = JSON.parse(readFileSync(join(folder, 'table.json'), 'utf8'));
    table.loss_cases[7].grad[0][0] += 0.01;
    table.advantage_cases[2].adv[4] += 0.001;
    writeFileSync(join(folder, 'case.json'), JSON.stringify(settings));
    writeFileSync(join(folder, 'table.json'), JSON.stringify(table));
    const missed = (await quantitiesOf(await treeFromDisk(folder))).filter((quantity) => !holds(quantity));
    expect(missed.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^3 .*: loss$/),
      expect.stringMatching(/^5 .*: entropy$/),
      expect.stringMatching(/^table 7 .*: d loss \/ d logps$/),
      expect.stringMatching(/^advantages 2 /),
    ]);
  });

  it('says what it cannot compare', async () => {
    const unknown = treeFromMemory('x', { 'case.json': '{"kind": "poem"}' });
    await expect(comparisonFor(unknown)).rejects.toThrow(/no comparison for the kind "poem"/);
    await expect(comparisonFor(treeFromMemory('x', {}))).rejects.toThrow(/case\.json is missing/);
    const cases = [{ config: { loss_type: 'gspo' }, loss: 0 }];
    const text = JSON.stringify({ kind: 'grpo-losses', cases });
    await expect(quantitiesOf(treeFromMemory('x', { 'case.json': text }))).rejects.toThrow(
      /case\.safetensors is missing/,
    );
    const arrays = await (await treeFromDisk(LOSSES)).files
      .find(({ path }) => path === 'case.safetensors')!
      .blob();
    const wrong = treeFromMemory('x', { 'case.json': text, 'case.safetensors': arrays });
    await expect(quantitiesOf(wrong)).rejects.toThrow(/case 0: loss_type is gspo, expected one of grpo/);
  });

  it('finds case folders', () => {
    expect(caseFolders(LOSSES)).toEqual([LOSSES]);
    expect(caseFolders('test/golden')).toContain(LOSSES);
    expect(() => caseFolders('test/nothing')).toThrow(/no such folder/);
    expect(() => caseFolders('test/optim')).toThrow(/no case\.json/);
  });
});

describe('the report', () => {
  const report = (error: number): FolderReport => ({
    folder: 'f',
    kind: 'k',
    quantities: [{ name: 'loss', error, bound: 1e-5 }],
  });

  it('passes only what is within bounds; no number is never within', () => {
    expect([0, 1e-5, 1.1e-5, Number.NaN].map((error) => passes(report(error)))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(passes({ folder: 'f', quantities: [] })).toBe(false);
    expect(passes({ ...report(0), problem: 'stopped' })).toBe(false);
    expect(quantityLine(report(2e-5).quantities[0]!)).toBe('FAIL  loss  error 2.00e-5  bound 1.00e-5');
    expect(folderLine(report(0))).toBe('ok    f (k): 1 within bounds, 0 beyond');
  });

  it('is JSON when asked', () => {
    expect(JSON.parse(jsonReport('adapter', [report(0), report(Number.NaN)]))).toMatchObject({
      adapter: 'adapter',
      ok: false,
      folders: [{ ok: true }, { ok: false, quantities: [{ name: 'loss', error: null, ok: false }] }],
    });
  });
});
