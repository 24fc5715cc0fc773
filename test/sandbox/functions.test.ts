import { expect, test } from 'vitest';
import { calledOn, exported } from '../../src/sandbox/inside/functions.ts';
import { rewardBatch } from '../setup/reward-batch.ts';

const batch = JSON.stringify(rewardBatch(['a', 'b']));
const valuesOf = async (result: unknown) => (await calledOn(() => result, batch, true)).values;

test('what is no number is said by its type, and a list that is too long by its length alone', async () => {
  expect(await valuesOf([1, Number.NaN])).toEqual([1, null]);
  expect(await valuesOf(new Float32Array([0.5, 2]))).toEqual([0.5, 2]);
  expect(await valuesOf([true, '1'])).toEqual([1, { is: 'string' }]);
  expect(await valuesOf([[1], Number.POSITIVE_INFINITY])).toEqual([{ is: 'Array' }, { is: 'Infinity' }]);
  expect(await valuesOf(null)).toEqual({ is: 'null' });
  // Its entries would fill the memory.
  expect(await valuesOf(new Array(2 ** 32 - 1))).toEqual({ is: '4294967295 values' });
});

test('tests are functions', () => {
  const test = () => undefined;
  const { functions, tests } = exported({ tests: { five: 5, none: null, test }, f: test, g: 1 }, 'mine');
  expect([[...functions.keys()], [...tests.keys()]]).toEqual([['f'], ['test']]);
});
