import { join } from 'node:path';
import { expect, it } from 'vitest';
import { humanOmniQuantities } from '../../src/cli/parity/humanomni.ts';
import { holds } from '../../src/cli/parity/quantity.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { testGpu } from '../ops/harness.ts';

it('equals the published model on every quantity of the case', async () => {
  const tree = await treeFromDisk(join(import.meta.dirname, '../golden/omni-tiny'));
  const quantities = await humanOmniQuantities(tree, await testGpu());
  expect(quantities.length).toBeGreaterThan(500);
  for (const quantity of process.env.SHOW ? quantities : [])
    console.log(quantity.name, quantity.error, quantity.bound);
  expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
});
