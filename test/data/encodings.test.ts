/** Lists as programs of other countries save them: read in the encoding that they are certainly in, or refused by its name. */
import { describe, expect, it } from 'vitest';
import { clips, found, messages, read } from './reading.ts';

const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)),
  );

function utf16(text: string, littleEndian: boolean): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at++) view.setUint16(2 * at, text.charCodeAt(at), littleEndian);
  return new Uint8Array(view.buffer);
}

const CLIPS = clips('a.mp4', 'b.mp4');
const list = (first: readonly number[], second: readonly number[]) =>
  bytes('path,label\na.mp4,', first, '\nb.mp4,', second, '\n');
const GBK = list([0xbf, 0xaa, 0xd0, 0xc4], [0xc9, 0xcb, 0xd0, 0xc4]);
const SHIFT_JIS = list([0x8a, 0xec, 0x82, 0xd1], [0x93, 0x7b, 0x82, 0xe8]);
const BIG5 = list([0xb6, 0x7d, 0xa4, 0xdf], [0xa5, 0xcd, 0xae, 0xf0]);
const LATIN = list([0x67, 0xfc, 0x74], [0x62, 0xf6, 0x73, 0x65]);
const UNSURE_LATIN = list([0x64, 0xe9, 0x67, 0x6f, 0xfb, 0x74], [0x63, 0x6f, 0x6c, 0xe8, 0x72, 0x65]);
const KOREAN = list([0xb1, 0xe2, 0xbb, 0xdd], [0xbd, 0xbd, 0xc7, 0xc4]);
/** złość, radość in ISO-8859-2. */
const POLISH = list([0x7a, 0xb3, 0x6f, 0xb6, 0xe6], [0x72, 0x61, 0x64, 0x6f, 0xb6, 0xe6]);

describe('a list is read', () => {
  it.each([
    ['in GBK', GBK, '开心', '伤心', 'GBK'],
    ['in Shift-JIS', SHIFT_JIS, '喜び', '怒り', 'Shift-JIS'],
    ['in Big5', BIG5, '開心', '生氣', 'Big5'],
    ['in Windows-1252, with letters that its neighbours share', LATIN, 'güt', 'böse', 'Windows-1252'],
    ['in UTF-16 without a mark', utf16('path,label\na.mp4,開\nb.mp4,悲', true), '開', '悲', 'UTF-16LE'],
    [
      'in UTF-16 of the other order',
      utf16('path,label\na.mp4,happy\nb.mp4,悲', false),
      'happy',
      '悲',
      'UTF-16BE',
    ],
  ])('%s', async (_, content, first, second, name) => {
    const data = await read({ ...CLIPS, 'list.csv': content });
    expect(found(data)).toEqual([`a.mp4 ${first}`, `b.mp4 ${second}`]);
    expect(data.format).toContain(name);
  });

  it('as JSON in GBK, and as the words of labels.json', async () => {
    const json = bytes('[{"path": "a.mp4", "label": "', [0xbf, 0xaa, 0xd0, 0xc4], '"}]');
    const words = bytes('{"', [0xbf, 0xaa, 0xd0, 0xc4], '": "happy"}');
    expect(found(await read({ ...CLIPS, 'list.json': json }))).toEqual(['a.mp4 开心']);
    expect(found(await read({ ...CLIPS, 'list.json': json, 'labels.json': words }))).toEqual(['a.mp4 happy']);
  });
});

describe('a list is refused by the name of its encoding', () => {
  it.each([
    ['with letters that other countries have there', UNSURE_LATIN, /seems to be in Windows-1252 \(Latin-1\)/],
    ['that two encodings fit', KOREAN, /seems to be in .*EUC-KR/],
    ['of Polish letters, whose bytes make signs of Big5', POLISH, /line 2 is not in UTF-8/],
    ['in UTF-32', bytes([0xff, 0xfe, 0, 0, 0x70, 0, 0, 0]), /UTF-32/],
    ['damaged', bytes('path,label\na.mp4,', [0xff, 0xfe, 0xff], '\n'), /line 2 is not in UTF-8/],
    ['in UTF-16, cut within a sign', utf16('\uFEFFpath,label\na.mp4,\uD83D', true), /UTF-16LE/],
  ])('%s', async (_, content, message) => {
    const data = await read({ ...CLIPS, 'list.csv': content });
    expect(data.examples).toEqual([]);
    expect(messages(data)).toMatch(message);
    expect(messages(data)).not.toContain('\uFFFD');
  });

  it('and a label that was damaged before it came here costs its row', async () => {
    const data = await read({ ...CLIPS, 'list.csv': 'path,label\na.mp4,\uFFFD\uFFFD\nb.mp4,sad\n' });
    expect(found(data)).toEqual(['b.mp4 sad']);
    expect(messages(data)).toMatch(/damaged/);
  });
});

describe('names are compared in one normal form', () => {
  const composed = 'caf\u00e9';
  const apart = 'cafe\u0301';
  it.each([
    [composed, apart],
    [apart, composed],
  ])('%s in the list, %s on the disk', async (written, stored) => {
    const files = clips(`${stored}/${stored}.mp4`, 'x/y.mp4');
    for (const path of [`${written}/${written}.mp4`, `${written}.mp4`, written, `else/${written}.avi`]) {
      const data = await read({ ...files, 'list.csv': `path,label\n${path},sad\n` });
      expect(found(data)).toEqual([`${stored}/${stored}.mp4 sad`]);
      expect(data.examples[0]!.media[0]!.files[0]!.path).toBe(`${stored}/${stored}.mp4`);
    }
  });

  it('a folder of pictures, and a folder that is a label', async () => {
    const frames = clips(`${apart}/1.jpg`, `${apart}/2.jpg`);
    expect(found(await read({ ...frames, 'list.csv': `path,label\n${composed},sad\n` }))).toEqual([
      `${apart} sad`,
    ]);
    const labels = await read(clips(`train/${apart}/a.mp4`, `test/${composed}/b.mp4`, 'train/sad/c.mp4'));
    expect(new Set(labels.examples.map(({ label }) => label))).toEqual(new Set([composed, 'sad']));
  });
});
