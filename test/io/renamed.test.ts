import { expect, it } from 'vitest';
import { computedSource } from '../../src/io/tensors/overlay.ts';
import { renamed } from '../../src/io/tensors/renamed.ts';

it('has each tensor under its new name, and no other', async () => {
  const values = async () => Float32Array.of(1, 2);
  const source = computedSource([{ name: 'new.a', shape: [2], values }], 'files');
  const view = renamed(source, (file) => file.replace('new.', ''));
  expect(view.names()).toEqual(['a']);
  expect([view.has('a'), view.has('new.a')]).toEqual([true, false]);
  expect(view.info('a')).toMatchObject({ name: 'a', shape: [2] });
  expect([...(await view.float32('a'))]).toEqual([1, 2]);
  expect((await view.bytes('a')).length).toBe(8);
  for await (const { bytes } of view.pieces('a', 100)) expect(bytes.length).toBe(8);
  expect(() => view.info('b')).toThrow('tensor "b" is missing');
});
