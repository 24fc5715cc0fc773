import { expect, it } from 'vitest';
import { medianPolish } from '../../src/bench/median-polish.ts';

const ROWS = [3, 80, 1.5, 700, 20];
const COLUMNS = [1, 1.8, 0.9, 1.1, 0.7];

const products = () => ROWS.map((row) => COLUMNS.map((column) => row * column));

it('finds the factors of rows and columns', () => {
  const { rows, columns } = medianPolish(products());
  for (const [i, row] of rows.entries()) expect(row).toBeCloseTo(ROWS[i]!, 10);
  for (const [j, column] of columns.entries()) expect(column).toBeCloseTo(COLUMNS[j]!, 10);
});

it('is not misled by a single value far off', () => {
  const table = products();
  table[3]![1]! *= 5;
  table[0]![4]! /= 3;
  const { rows } = medianPolish(table);
  for (const [i, row] of rows.entries()) expect(row).toBeCloseTo(ROWS[i]!, 10);
});

it('keeps a row that is twice as slow in every column', () => {
  const table = products();
  table[2] = table[2]!.map((value) => 2 * value);
  expect(medianPolish(table).rows[2]).toBeCloseTo(2 * ROWS[2]!, 10);
});
