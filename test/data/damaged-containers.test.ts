/** Archives, Parquet files and workbooks with flipped and missing bytes: what is wrong is said, and nothing else goes wrong. */
import { expect, it } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { InputError } from '../../src/math/errors.ts';
import { uniform } from '../../src/math/random.ts';
import { zipOf } from './archives.ts';
import { parquetOf } from './parquets.ts';
import { workbookOf } from './workbooks.ts';

const CLIP = Uint8Array.from([0, 0, 0, 24, ...new TextEncoder().encode('ftypisom and more of it')]);
const LIST = 'path,label\na.mp4,happy\nb.mp4,sad\n';

const MADE: Readonly<Record<string, () => Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>>> = {
  'stored.zip': () => zipOf({ 'list.csv': LIST, 'a.mp4': CLIP, 'b.mp4': CLIP }, { level: 0 }),
  'deflated.zip': () => zipOf({ 'list.csv': LIST, 'a.mp4': CLIP, 'b.mp4': CLIP }, { level: 6 }),
  'snappy.parquet': () => parquet('SNAPPY'),
  'uncompressed.parquet': () => parquet('UNCOMPRESSED'),
  'labels.xlsx': () =>
    workbookOf({
      Labels: LIST.trim()
        .split('\n')
        .map((line) => line.split(',')),
    }),
};

function parquet(codec: 'SNAPPY' | 'UNCOMPRESSED'): Uint8Array<ArrayBuffer> {
  const file = (path: string) => ({ bytes: CLIP, path });
  return parquetOf(
    [
      { name: 'video', kind: 'file', data: [file('a.mp4'), file('b.mp4')] },
      { name: 'label', kind: 'text', data: ['happy', 'sad'] },
    ],
    { codec, offsetIndex: false },
  );
}

it.each(Object.keys(MADE))('%s', async (name) => {
  const whole = await MADE[name]!();
  let drawn = 0;
  const random = () => uniform(7, drawn++);
  let opened = 0;
  for (let trial = 0; trial < 150; trial++) {
    const bytes = whole.slice(0, trial % 5 === 0 ? Math.floor(random() * whole.length) : whole.length);
    for (let flips = 0; flips < 1 + (trial % 3) && bytes.length > 0; flips++)
      bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
    const tree = treeFromMemory('set', {
      [name]: bytes,
      ...(name.endsWith('xlsx') ? { 'a.mp4': CLIP } : {}),
    });
    const { examples, issues } = await readDataset(tree, { seed: 1 });
    if (examples.length === 0) expect(issues.length).toBeGreaterThan(0);
    else opened++;
    for (const file of examples.flatMap(({ media }) => media.flatMap(({ files }) => files))) {
      const read = await file.blob().catch((error: unknown) => error);
      expect(read instanceof Blob || read instanceof InputError, String(read)).toBe(true);
    }
  }
  // Most flips hit what does not matter, or is not looked at before it is asked for.
  expect(opened).toBeGreaterThan(0);
});

it('a Parquet file with every bit of its pages flipped ends, and says what is wrong or reads on', async () => {
  const whole = parquetOf(
    [
      { name: 'question', kind: 'text', data: ['Who?', null, 'Why?', 'Who?', 'Who?', null, 'Who?', 'Who?'] },
      { name: 'answer', kind: 'texts', data: Array.from({ length: 8 }, (_, i) => (i % 3 ? ['a', 'b'] : [])) },
    ],
    { codec: 'UNCOMPRESSED', offsetIndex: false },
  );
  const pages = new DataView(whole.buffer).getUint32(whole.length - 8, true);
  for (let bit = 4 * 8; bit < (whole.length - 8 - pages) * 8; bit++) {
    const bytes = whole.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const { rows, issues } = await readDataset(treeFromMemory('set', { 'x.parquet': bytes }), { seed: 1 });
    expect(rows + issues.length).toBeGreaterThan(0);
  }
}, 20_000);
