/** Files that say more than they hold are refused by what they say, before anything believes them. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/math/errors.ts';
import { decodeClip } from '../../src/media/decode.ts';
import { checkIsoBoxes } from '../../src/media/iso-boxes.ts';
import { checkPictureFile, checkPictureSize, checkSound } from '../../src/media/limits.ts';
import { checkMatroskaHead, isWholeMatroska } from '../../src/media/matroska.ts';
import { monoSound, type SoundSample } from '../../src/media/sound.ts';
import { Mutator } from '../reference/mutator.ts';
import { processorTime } from '../setup/processor-time.ts';

const bytesOf = (name: string) => new Uint8Array(readFileSync(`test/clips/${name}`));
const clip = (name: string) => new Blob([bytesOf(name)]);

/** A clip whose table of this name is given another count. */
function withCount(name: string, table: string, count: number, at = 8): Blob {
  const bytes = bytesOf(name);
  const start = Buffer.from(bytes).indexOf(table);
  expect(start).toBeGreaterThan(0);
  new DataView(bytes.buffer).setUint32(start + at, count);
  return new Blob([bytes]);
}

describe('an MP4 whose table says that it has more entries than the file can hold', () => {
  it('is refused at once, and by the table', async () => {
    await expect(checkIsoBoxes(clip('stts-count.mp4'), 'a.mp4')).rejects.toThrow(
      /^a\.mp4: found a table "stts" that .*, expected at most .*: the clip is damaged\.$/,
    );
    await expect(decodeClip(clip('stts-count.mp4'), 'a.mp4', { frames: 8 })).rejects.toThrow(InputError);
  });

  it.each([
    ['stts', 8],
    ['ctts', 8],
    ['stss', 8],
    ['stsc', 8],
    ['stco', 8],
    ['stsd', 8],
    ['elst', 8],
    ['stsz', 12],
  ])('in %s, for a count that is a little and one that is far too large', async (table, at) => {
    for (const count of [40_000, 0x7fffffff, 0xffffffff]) {
      const damaged = withCount('h264-aac.mp4', table, count, at);
      await expect(checkIsoBoxes(damaged, 'a.mp4'), `${count}`).rejects.toThrow(
        `a table "${table}" that says it has`,
      );
    }
  });

  it('of samples in one run', async () => {
    await expect(checkIsoBoxes(withCount('h264-aac.mp4', 'stts', 0xfffffff0, 12), 'a.mp4')).rejects.toThrow(
      'a table "stts" that tells of 4294967280 samples, expected at most 51',
    );
  });

  it('but sound clips, and those that were cut off, pass on to the decoder', async () => {
    const sound = [
      'h264-aac.mp4',
      'h264-aac.mov',
      'no-sound.mp4',
      'no-picture.m4a',
      'rotated.mp4',
      'hevc.mp4',
    ];
    for (const name of [
      ...sound,
      'truncated-h264-aac.mp4',
      'tone.wav',
      'tone.mp3',
      'vp9-opus.webm',
      'empty.mp4',
    ])
      await expect(checkIsoBoxes(clip(name), name), name).resolves.toBeUndefined();
    for (const name of readdirSync('test/clips/real').filter((each) => each.endsWith('.mp4')))
      await expect(checkIsoBoxes(clip(`real/${name}`), name), name).resolves.toBeUndefined();
  });

  it('or is damaged in any other way: refused in words, or passed on, never a hang', async () => {
    const mutator = new Mutator(7);
    for (let trial = 0; trial < 200; trial++) {
      const damaged = new Blob([mutator.bytes(bytesOf('no-sound.mp4'))]);
      const error = await checkIsoBoxes(damaged, 'a.mp4').catch((thrown: unknown) => thrown);
      if (error !== undefined) expect(error).toBeInstanceOf(InputError);
    }
  });
});

const u32 = (...values: readonly number[]): number[] =>
  values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);

/** A box of these bytes. */
const box = (type: string, ...content: readonly (readonly number[])[]): number[] => {
  const bytes = content.flat();
  return [...u32(8 + bytes.length), ...new TextEncoder().encode(type), ...bytes];
};

const FTYP = box('ftyp', [...new TextEncoder().encode('isom')], u32(0));
const movie = (...boxes: readonly number[][]): Blob =>
  new Blob([Uint8Array.from([...FTYP, ...boxes.flat()])]);
const table = (...boxes: readonly number[][]): Blob =>
  movie(box('moov', box('trak', box('mdia', box('minf', box('stbl', ...boxes))))));
const moof = (...boxes: readonly number[][]): number[] => box('moof', box('traf', ...boxes));

describe('an MP4 built by hand', () => {
  const [co64, stsz] = [box('co64', u32(0, 2, 0, 99, 0, 120)), box('stsz', u32(0, 0, 2, 5, 5))];
  const full = [0x00_00_0f_01, 1, 4, 10, 10, 0, 0];

  it.each([
    ['co64', table(co64, stsz, box('stsc', u32(0, 2, 1, 1, 1, 2, 1, 1)))],
    ['trun of sizes', movie(moof(box('trun', u32(...full))))],
    ['trun of defaults', movie(moof(box('trun', u32(0, 40))))],
    ['sidx', movie(box('sidx', u32(0, 1, 1000, 0, 0), [0, 0, 0, 1], u32(20, 1000, 0)))],
    ['tfra', movie(box('mfra', box('tfra', u32(0, 1, 0, 1, 0, 99), [1, 1, 1])))],
  ])('passes with a sound %s', async (_, file) => {
    await expect(checkIsoBoxes(file, 'a.mp4')).resolves.toBeUndefined();
  });

  it.each([
    [
      'co64',
      table(box('co64', u32(0, 3, 0, 99, 0, 120))),
      /"co64" that says it has 3 entries, expected at most 2/,
    ],
    ['co64 of all numbers', table(box('co64', u32(0, 0xffffffff))), /"co64" .* 4294967295 entries/],
    ['co64 without its count', table(box('co64', [0, 0])), /"co64" without its count/],
    [
      'trun of sizes',
      movie(moof(box('trun', u32(0x00_00_0f_01, 2, 4, 10, 10, 0, 0)))),
      /a fragment that says it has 2 samples, expected at most 1/,
    ],
    [
      'trun of all numbers',
      movie(moof(box('trun', u32(0x0f_01, 0xffffffff, 4)))),
      /says it has 4294967295 samples, expected at most 0/,
    ],
    ['trun of defaults', movie(moof(box('trun', u32(0, 0xffffffff)))), /says it has 4294967295 samples/],
    [
      'many trun of defaults',
      movie(moof(...Array<number[]>(20).fill(box('trun', u32(0, 200))))),
      /a fragment of 400 samples, and 400 in all fragments, expected at most/,
    ],
    [
      'many moof of defaults',
      movie(...Array<number[]>(20).fill(moof(box('trun', u32(0, 300))))),
      /a fragment of 300 samples, and \d+ in all fragments, expected at most/,
    ],
    [
      'sidx',
      movie(box('sidx', u32(0, 1, 1000, 0, 0), [0, 0, 0xff, 0xff], u32(20, 1000, 0))),
      /an index "sidx" that says it has 65535 entries, expected at most 1/,
    ],
    [
      'sidx of version 1',
      movie(box('sidx', u32(0x01_00_00_00, 1, 1000, 0, 0, 0, 0), [0, 0, 0, 2], u32(20, 1000, 0))),
      /"sidx" that says it has 2 entries, expected at most 1/,
    ],
    ['tfra', movie(box('mfra', box('tfra', u32(0, 1, 0, 2, 0, 99), [1, 1, 1]))), /"tfra" .* 2 entries/],
    [
      'many tfra',
      movie(box('mfra', box('tfra', u32(0, 1, 0, 60_000), Array<number>(660_000).fill(0)))),
      /60000 places of fragments, expected at most 50000/,
    ],
    [
      'stsc beyond its chunks',
      table(co64, stsz, box('stsc', u32(0, 2, 1, 1, 1, 0xffffffff, 1, 1))),
      /"stsc" with a run from chunk 4294967295, expected a later one than 1, and at most 2/,
    ],
    [
      'stsc that goes back',
      table(co64, stsz, box('stsc', u32(0, 2, 2, 1, 1, 1, 1, 1))),
      /from chunk 1, expected/,
    ],
    [
      'stsc of too many samples',
      table(co64, stsz, box('stsc', u32(0, 1, 1, 0xffffffff, 1))),
      /tells of 4294967295 samples in a chunk, expected at most the 2 of the track/,
    ],
  ])('is refused for its %s', async (_, file, message) => {
    const check = () => expect(checkIsoBoxes(file, 'a.mp4')).rejects.toThrow(message);
    const { milliseconds } = await processorTime(1000, check);
    expect(milliseconds).toBeLessThan(1000);
  });
});

describe('sizes that no memory holds', () => {
  it('of pictures are refused by what their files state', async () => {
    const png = bytesOf('a.png');
    new DataView(png.buffer).setUint32(16, 60_000);
    new DataView(png.buffer).setUint32(20, 60_000);
    const gif = bytesOf('short.gif');
    new DataView(gif.buffer).setUint16(6, 65_535, true);
    new DataView(gif.buffer).setUint16(8, 65_535, true);
    const jpeg = new Uint8Array(64);
    jpeg.set([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc2, 0, 17, 8, 0xff, 0xff, 0xff, 0xff]);
    const webp = new Uint8Array(64);
    webp.set([
      ...new TextEncoder().encode('RIFF....WEBPVP8X'),
      10,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      255,
      255,
      0,
      255,
      255,
      0,
    ]);
    const bmp = new Uint8Array(64);
    bmp.set([66, 77]);
    new DataView(bmp.buffer).setInt32(18, 60_000, true);
    new DataView(bmp.buffer).setInt32(22, -60_000, true);
    for (const damaged of [png, gif, jpeg, webp, bmp]) {
      await expect(checkPictureFile('a', new Blob([damaged]))).rejects.toThrow(
        /a: found a picture of \d{5} × \d{5}/,
      );
    }
    for (const name of ['a.png', 'short.gif']) await checkPictureFile(name, clip(name));
    expect(() => checkPictureSize('a', 7680, 4320)).not.toThrow();
    expect(() => checkPictureSize('a', 0, 4320)).toThrow(InputError);
  });

  it('of sound are refused', () => {
    const odd: [number, number][] = [
      [4e9, 2],
      [0, 2],
      [Number.NaN, 1],
      [48_000, 65_535],
      [48_000, 0],
    ];
    for (const [rate, channels] of odd) expect(() => checkSound('a.wav', rate, channels)).toThrow(InputError);
    for (const rate of [8000, 11_025, 22_050, 44_100, 96_000, 384_000]) checkSound('a.wav', rate, 8);
  });
});

describe('Matroska', () => {
  it('is whole where all of its segment is there, however long its subtitles are', async () => {
    for (const name of ['subtitles.mkv', 'h264-aac.mkv', 'vp9-opus.webm'])
      expect(await isWholeMatroska(clip(name)), name).toBe(true);
    const cut = bytesOf('subtitles.mkv');
    for (const file of [
      clip('truncated-vp9-opus.webm'),
      new Blob([cut.slice(0, -1)]),
      new Blob([cut.slice(0, 9)]),
    ])
      expect(await isWholeMatroska(file)).toBe(false);
    expect(await isWholeMatroska(clip('h264-aac.mp4'))).toBe(false);
  });
});

describe('the head of a Matroska file', () => {
  it('whose element is unknown, has no size, or one beyond what is around it, is refused', async () => {
    const at = Buffer.from(bytesOf('vp9-opus.webm')).indexOf(Buffer.from('114d9b74', 'hex'));
    const seek = at + 5;
    for (const [offset, byte] of [
      [at + 4, 0],
      [at, 0],
      [at + 3, 0],
      [seek + 2, 0xff],
      [seek + 2, 0xfe],
    ] as const) {
      const damaged = bytesOf('vp9-opus.webm');
      damaged[offset] = byte;
      await expect(checkMatroskaHead(new Blob([damaged]), 'a.webm'), `${offset}`).rejects.toThrow(
        /a\.webm: found an element at byte \d+ that does not fit/,
      );
    }
  });

  it('of sound and of cut-off clips passes on to the decoder', async () => {
    const names = [
      'vp9-opus.webm',
      'vp8-opus.webm',
      'h264-aac.mkv',
      'subtitles.mkv',
      'truncated-vp9-opus.webm',
    ];
    for (const name of [...names, 'h264-aac.mp4', 'empty.mp4', 'text.mp4'])
      await expect(checkMatroskaHead(clip(name), name), name).resolves.toBeUndefined();
    for (const file of readdirSync('public/demo/clips')
      .filter((each) => each.endsWith('.webm'))
      .slice(0, 30))
      await checkMatroskaHead(new Blob([readFileSync(`public/demo/clips/${file}`)]), file);
  });
});

describe('sound', () => {
  const packet = (sampleRate: number, timestamp: number, closed: number[] = []): SoundSample => ({
    ...{ numberOfFrames: sampleRate / 10, numberOfChannels: 1, sampleRate, timestamp },
    copyTo: (plane) => void plane.fill(0.5),
    close: () => void closed.push(timestamp),
  });
  async function* stream(...packets: SoundSample[]) {
    yield* packets;
  }
  const options = { codec: 'aac', name: 'a.m4a' };

  it('is at the rate that the decoder gives, whatever the container says', async () => {
    // AAC with implicit spectral band replication: stated at 22,050 Hz, decoded at 44,100 Hz.
    for (const rate of [22_050, 44_100]) {
      const heard = await monoSound(stream(packet(rate, 0), packet(rate, 0.1)), options);
      expect(heard.length).toBe(3200);
      expect(heard[1600]).toBeCloseTo(0.5, 2);
    }
  });

  it('that changes its rate on the way is refused, and every packet is closed', async () => {
    const closed: number[] = [];
    const changing = stream(packet(22_050, 0, closed), packet(44_100, 0.1, closed));
    await expect(monoSound(changing, options)).rejects.toThrow('whose rate changes from 22050 to 44100 Hz');
    expect(closed).toEqual([0, 0.1]);
  });

  it('before time zero is left out', async () => {
    expect((await monoSound(stream(packet(16_000, -0.05), packet(16_000, 0.05)), options)).length).toBe(2400);
  });
});
