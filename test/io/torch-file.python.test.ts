import { expect, it } from 'vitest';
import { dict, float, pickle, tuple } from '../../src/io/formats/pickle.ts';
import { TorchFile } from '../../src/io/formats/torch-file.ts';
import { textFile } from '../../src/io/writing/file-to-write.ts';
import { bytesOf, zipOf } from '../reference/bytes-of.ts';
import { readInPython } from '../setup/python.ts';

const integers = [0, 255, 256, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, -(2 ** 52)];

it('torch loads what was written with the same types, shapes and values', async () => {
  const file = new TorchFile();
  const values = Float32Array.of(1, -0.5, 1 / 3, 0, 1e-30, 3e38);
  const torchFile = file.file(
    'values.pt',
    dict({
      none: null,
      yes: true,
      no: false,
      text: 'é"\n',
      whole: integers,
      half: float(0.1),
      one: float(1),
      pair: tuple(float(0.9), 2),
      empty: [],
      dict: new Map([[7, dict({})]]),
      tensor: file.tensor([3, 2], async () => values),
      nested: [null, dict({ scalar: file.tensor([], async () => Float32Array.of(5)) })],
    }),
  );
  const bytes = await bytesOf(torchFile);
  expect(torchFile.bytes).toBe(bytes.length);
  const safe = new TorchFile();
  const step = safe.tensor([1], async () => Float32Array.of(7));
  const weights = await bytesOf(safe.file('weights.pt', dict({ step, names: ['a', 'b'] })));
  // Every size, offset and count in its 64-bit form, as beyond 4 GiB.
  const wide = await zipOf([textFile('a.txt', 'hello'), textFile('b/é', ''), textFile('c', 'x')], {
    zip64From: 1,
  });
  const rows = [...values];
  expect(
    readInPython('read_torch.py', { 'weights.pt': weights, 'values.pt': bytes, 'wide.zip': wide }),
  ).toEqual({
    weights: { step: 7, names: ['a', 'b'] },
    values: {
      none: null,
      yes: true,
      no: false,
      text: 'é"\n',
      whole: integers,
      half: 0.1,
      one: 1,
      pair: [0.9, 2],
      empty: [],
      dict: { 7: {} },
      nested: [null, {}],
    },
    types: {
      none: 'NoneType',
      yes: 'bool',
      no: 'bool',
      text: 'str',
      whole: 'list',
      half: 'float',
      one: 'float',
      pair: 'tuple',
      empty: 'list',
      dict: 'dict',
      nested: 'list',
    },
    tensor: [rows.slice(0, 2), rows.slice(2, 4), rows.slice(4)],
    dtype: 'torch.float32',
    contiguous: true,
    scalar: [5, []],
    wide: { bad: null, files: { 'a.txt': 'hello', 'b/é': '', c: 'x' } },
  });
});

it('refuses what would be written wrongly', async () => {
  expect(() => pickle(0.5)).toThrow(/0\.5 is no whole number; mark it as float/);
  const file = new TorchFile();
  const root = file.tensor([3], async () => Float32Array.of(1, 2));
  await expect(bytesOf(file.file('x.pt', root))).rejects.toThrow(/x\/data\/0 holds 3 values, was given 2/);
});
