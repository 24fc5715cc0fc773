/** The quantities of a folder of losses: loss, gradients and logged metrics of every case, and advantages. */
import type { Gpu } from '../../gpu/index.ts';
import { type FileTree, readJsonIfThere } from '../../io/files/files.ts';
import { type AdvantageOptions, groupAdvantages } from '../../math/advantages.ts';
import { InputError } from '../../math/errors.ts';
import { gradientBound, scalarBound } from './bounds.ts';
import { type LossCase, listOf, type Matrix, numberOf, readLossCases, recordList } from './loss-cases.ts';
import { type LossRun, runLoss } from './loss-run.ts';
import { distance, norm, type Quantity, scalar } from './quantity.ts';

/** All quantities of one case folder. */
export async function lossQuantities(tree: FileTree, gpu: Gpu): Promise<Quantity[]> {
  const quantities: Quantity[] = [];
  for (const one of await readLossCases(tree)) {
    quantities.push(...caseQuantities(one, await runLoss(gpu, one.config, one.batch)));
  }
  const table = await readJsonIfThere(tree, 'table.json');
  return table ? [...quantities, ...advantageQuantities(table, `${tree.name}/table.json`)] : quantities;
}

function caseQuantities(expected: LossCase, run: LossRun): Quantity[] {
  const { name, metrics } = expected;
  const quantities = [scalar(`${name}: loss`, run.loss, expected.loss)];
  const gradients: [string, Matrix, Matrix][] = [['logps', run.gradient, expected.gradient]];
  if (expected.entropyGradient) gradients.push(['entropies', run.entropyGradient, expected.entropyGradient]);
  const globalNorm = norm(gradients.flatMap(([, , reference]) => reference.flat()));
  for (const [input, ours, reference] of gradients) {
    const bound = gradientBound(norm(reference.flat()), globalNorm);
    quantities.push({
      name: `${name}: d loss / d ${input}`,
      error: distance(ours.flat(), reference.flat()),
      bound,
    });
  }
  const logged = Object.entries(metrics).map(([metric, value]) =>
    scalar(`${name}: ${metric}`, run.metrics[metric] ?? Number.NaN, value),
  );
  return [...quantities, ...logged];
}

/** Rewards behind an advantage case: `plain` under the table's `rewards`, every other set under a name that has its own. */
function rewardsOf(
  table: Record<string, unknown>,
  set: unknown,
  where: string,
): readonly (readonly (number | null)[])[] {
  const key = set === 'plain' ? 'rewards' : set === 'one_unscorable_row' ? 'rewards_unscorable' : String(set);
  return listOf(table[key], `${where}: ${key}`).map((row) =>
    listOf(row, `${where}: ${key}`).map((reward) =>
      reward === null ? null : numberOf(reward, `${where}: ${key}`),
    ),
  );
}

function advantageQuantities(table: Record<string, unknown>, label: string): Quantity[] {
  return recordList(table.advantage_cases ?? [], `${label}: advantage_cases`).map((entry, index) => {
    const where = `${label}, advantage case ${index}`;
    const numbers = (key: string) =>
      listOf(entry[key], `${where}: ${key}`).map((value) => numberOf(value, `${where}: ${key}`));
    const options = {
      groupSize: numberOf(entry.G, `${where}: G`),
      aggregation: choice(entry.mode, ['sum_then_normalize', 'normalize_then_sum'], `${where}: mode`),
      scale: choice(entry.scale, ['group', 'batch', 'none'], `${where}: scale`),
      weights: numbers('weights'),
    } satisfies AdvantageOptions;
    const { advantages } = groupAdvantages(rewardsOf(table, entry.set, where), options);
    const name = `advantages ${index} ${String(entry.set)} ${options.aggregation} ${options.scale}`;
    return worst(name, advantages, numbers('adv'));
  });
}

/** The value that comes closest to its bound, or goes furthest beyond. */
function worst(name: string, ours: readonly number[], reference: readonly number[]): Quantity {
  if (ours.length !== reference.length) return { name, error: Number.NaN, bound: scalarBound(0) };
  const all = reference.map((value, i) => scalar(name, ours[i]!, value));
  return all.reduce((a, b) => (b.error / b.bound <= a.error / a.bound ? a : b), { name, error: 0, bound: 1 });
}

function choice<T extends string>(value: unknown, choices: readonly T[], where: string): T {
  const found = choices.find((one) => one === value);
  if (found) return found;
  throw new InputError(`${where} is ${String(value)}, expected one of ${choices.join(', ')}.`);
}
