import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../src/cli/parity/bounds.ts';
import { type HumanOmniPart, humanOmniQuantities } from '../../src/cli/parity/humanomni.ts';
import { openCase } from '../../src/cli/parity/humanomni-case.ts';
import { holds } from '../../src/cli/parity/quantity.ts';
import { quantityLine } from '../../src/cli/parity/report.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { testGpu } from '../ops/harness.ts';
import { type Layout, savedAs } from '../reference/layouts.ts';

const CASE = 'test/golden/omni-tiny';
/** One forward of the prompt, one of the reference model, one training pass. */
const ONE_PASS: readonly HumanOmniPart[] = ['activations', 'reference', 'grpo'];

async function quantitiesOf(layout: Layout, parts?: readonly HumanOmniPart[]) {
  return humanOmniQuantities(await savedAs(layout, await treeFromDisk(CASE)), await testGpu(), parts);
}

describe('parity of a checkpoint saved in another way', () => {
  it.each(['two-shards', 'lm-head'] as const)('holds every bound of F32: %s', async (layout) => {
    const quantities = await quantitiesOf(layout, ONE_PASS);
    expect(quantities.length).toBeGreaterThan(220);
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
    expect(quantities.filter(({ weights }) => weights !== undefined)).toEqual([]);
  });

  it('holds every bound of the whole comparison with all towers inside the main file', async () => {
    const quantities = await quantitiesOf('towers-inside');
    expect(quantities.length).toBeGreaterThan(500);
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
    expect(quantities.filter(({ weights }) => weights !== undefined)).toEqual([]);
  });

  it.each([
    ['bf16', 'BF16', 'F16'],
    ['f16', 'F16', 'F32'],
  ] as const)(
    'holds the bounds of its storage, and not the next finer ones: %s',
    async (layout, dtype, finer) => {
      const quantities = await quantitiesOf(layout, ONE_PASS);
      expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
      const logps = quantities.find(({ name }) => name === 'logps')!;
      expect(logps).toMatchObject({ bound: BOUNDS[dtype].logProbability, weights: dtype });
      expect(logps.error).toBeGreaterThan(BOUNDS[finer].logProbability);
      expect(quantityLine(logps)).toMatch(new RegExp(`for ${dtype} weights$`));
    },
  );

  it('takes the bounds from the files, the recorded one-file case those of F32', async () => {
    const tree = await treeFromDisk(CASE);
    const layouts = ['one-file', 'two-shards', 'towers-inside', 'bf16', 'f16', 'lm-head'] as const;
    const cases = await Promise.all(layouts.map(async (layout) => openCase(await savedAs(layout, tree))));
    expect(cases.map(({ bounds }) => bounds.weights)).toEqual(['F32', 'F32', 'F32', 'BF16', 'F16', 'F32']);
    expect(cases.map(({ files }) => Object.keys(files.towers).length)).toEqual([3, 3, 0, 3, 3, 3]);
  });
});
