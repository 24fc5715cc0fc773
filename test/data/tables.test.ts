/** Tables as programs save them: each is read as it is meant. */
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';

type Content = string | Uint8Array<ArrayBuffer>;

async function read(
  list: Content,
  name = 'list.csv',
): Promise<readonly [found: string[], problems: string[]]> {
  const clips = Object.fromEntries(['a', 'b', 'c'].map((clip) => [`clips/${clip}.mp4`, 'x']));
  const { examples, issues } = await readDataset(treeFromMemory('set', { ...clips, [name]: list }), {
    seed: 1,
  });
  return [examples.map(({ id, label }) => `${id} ${label}`), issues.map(({ message }) => message)];
}

function utf16(text: string, littleEndian: boolean): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at++) view.setUint16(2 * at, text.charCodeAt(at), littleEndian);
  return new Uint8Array(view.buffer);
}

const BOTH = ['clips/a.mp4 happy', 'clips/b.mp4 sad'];

describe('a table is read', () => {
  it.each<readonly [string, Content]>([
    ['with Windows line ends and a mark', '\uFEFFpath,label\r\na.mp4,happy\r\nb.mp4,sad\r\n'],
    ['with CR alone', 'path,label\ra.mp4,happy\rb.mp4,sad\r'],
    ['with its separator declared', 'sep=;\r\npath;label\r\na.mp4;happy\r\nb.mp4;sad\r\n'],
    ['after blank lines', '\n\npath;label\na.mp4;happy\nb.mp4;sad'],
    ['with commas in a quoted header', 'path;label;"a, long, quoted, note"\na.mp4;happy;x\nb.mp4;sad;y'],
    ['as Excel writes Unicode text', utf16('\uFEFFpath\tlabel\r\na.mp4\thappy\r\nb.mp4\tsad', true)],
    ['in UTF-16 of the other order', utf16('\uFEFFpath,label\na.mp4,happy\nb.mp4,sad', false)],
    ['with quotes around tabs', '"path"\t"label"\n"a.mp4"\t"happy"\nb.mp4\tsad'],
  ])('%s', async (_, list) => {
    expect(await read(list)).toEqual([BOTH, []]);
  });

  it('with quotes of its own where tabs separate', async () => {
    const rows = 'path\tlabel\tsaid\na.mp4\thappy\t"Oh\nb.mp4\tsad\t"No" he said\nc.mp4\tsad\ty"\n';
    expect(await read(rows, 'list.tsv')).toEqual([[...BOTH, 'clips/c.mp4 sad'], []]);
  });
});

describe('a quote that is never closed', () => {
  const BAD = /the quote that opens a cell in line 2 is never closed/;
  it.each([
    ['up to the end', 'a.mp4,"happy\nb.mp4,sad\nc.mp4,sad'],
    ['up to the next quote', 'a.mp4,"happy\nb.mp4,"sad"\nc.mp4,sad\n'],
    ['up to a quote at the end of a later row', 'a.mp4,"happy\nb.mp4,sad\nc.mp4,sad\nd.mp4,sad"\n'],
  ])('%s costs its row, and the rest is read', async (_, rows) => {
    const [found, problems] = await read(`path,label\n${rows}`);
    expect(found).toEqual(['clips/b.mp4 sad', 'clips/c.mp4 sad']);
    expect(problems[0]).toMatch(BAD);
  });

  it('tells a cell of several lines from it, and a quote inside a cell', async () => {
    const rows =
      'path,label,said\na.mp4,happy,"Oh, well\nfine, I think"\nb.mp4,sad,say "no" to it\nc.mp4,sad,"x\ny"\n';
    expect(await read(rows)).toEqual([[...BOTH, 'clips/c.mp4 sad'], []]);
  });
});

it('a table whose columns spaces or bars separate is read', async () => {
  expect(await read('path label\na.mp4 happy\nb.mp4 sad\n')).toEqual([BOTH, []]);
  expect(await read('path|label\na.mp4|happy\nb.mp4|sad\n')).toEqual([BOTH, []]);
});
