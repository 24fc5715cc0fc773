import { describe, expect, test } from 'vitest';
import { parseRavdessName } from '../../src/data/ravdess-name.ts';
import { readDataset } from '../../src/data/read.ts';
import { summarise } from '../../src/data/summary.ts';
import type { Dataset } from '../../src/data/types.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';

type Contents = Record<string, string | Uint8Array<ArrayBuffer>>;
const read = (contents: Contents, fold?: number) =>
  readDataset(treeFromMemory('set', contents), { seed: 1, ...(fold === undefined ? {} : { fold }) });
const clips = (...paths: string[]): Contents =>
  Object.fromEntries(paths.map((path) => [path, new Uint8Array([1])]));
const lines = ({ examples }: Dataset) => examples.map(({ id, label, split }) => `${id} ${label} ${split}`);
const reasons = ({ issues }: Dataset) =>
  issues.map(({ reason, file, row }) => [reason, file, ...(row === undefined ? [] : [row])].join(' '));

describe('RAVDESS', () => {
  const name = (emotion: string, actor: string, more: { modality?: string; channel?: string } = {}) =>
    `${more.modality ?? '01'}-${more.channel ?? '01'}-${emotion}-01-02-01-${actor}`;

  test('a name says it all', () => {
    expect(parseRavdessName('Actor_12/02-01-06-02-01-02-12.MP4')).toEqual({
      modality: 'video only',
      channel: 'speech',
      emotion: 'fearful',
      intensity: 'strong',
      statement: 'Kids are talking by the door',
      take: '02',
      actor: '12',
    });
    expect(parseRavdessName('02-01-06-02-01-02.mp4')).toBeUndefined();
    expect(parseRavdessName('clip.mp4')).toBeUndefined();
    expect(parseRavdessName('01-01-00-01-01-01-09')).toMatchObject({ emotion: '00', actor: '09' });
  });

  test('speech with picture and sound is read, in the words of the label set; the rest says why not', async () => {
    const paths = [
      ...['01', '02', '03', '04', '05', '06', '07', '08'].map((e) => `Actor_03/${name(e, '03')}.MP4`),
      `Actor_04/${name('03', '04')}.mp4`,
      `Actor_04/${name('03', '04', { modality: '02' })}.mp4`,
      `Actor_04/${name('03', '04', { modality: '03' })}.wav`,
      `Actor_04/${name('03', '04', { channel: '02' })}.mp4`,
      `Actor_04/${name('09', '04')}.mp4`,
      `again/Actor_04/${name('03', '04')}.mp4`,
      'Actor_04/intro.mp4',
    ];
    const data = await read(clips(...paths));
    expect(data.format).toBe('RAVDESS');
    expect(data.examples.map(({ label }) => label)).toEqual([
      'neutral',
      'calm',
      'happy',
      'sad',
      'angry',
      'fear',
      'disgust',
      'surprise',
      'happy',
    ]);
    expect(data.examples[5]).toMatchObject({
      writtenLabel: 'fearful',
      answer: 'fear',
      speaker: '03',
      note: 'actor 03, normal, “Dogs are sitting by the door”, take 01',
    });
    expect(reasons(data).map((line) => line.replace(/ Actor.*| again.*/, ''))).toEqual([
      'label unknown',
      'song, not speech',
      'one sense only',
      'one sense only',
      'name not understood',
      'row repeated',
    ]);
    expect(data.rows).toBe(15);
    expect(summarise(data).skipped[0]).toEqual({ reason: 'one sense only', count: 2 });
    expect(summarise(data).labels.find(({ label }) => label === 'fear')?.writtenAs).toEqual(['fearful']);
  });

  test('whole actors are held out', async () => {
    const paths = Array.from({ length: 24 }, (_, a) =>
      ['01', '03', '05'].map((e) => {
        const actor = String(a + 1).padStart(2, '0');
        return `video/Actor_${actor}/${name(e, actor)}.mp4`;
      }),
    ).flat();
    const { examples, division } = await read(clips(...paths));
    const splitsOf = (actor: string | null) =>
      new Set(examples.filter(({ speaker }) => speaker === actor).map(({ split }) => split)).size;
    expect(examples.length).toBe(72);
    expect(examples.every(({ speaker }) => splitsOf(speaker) === 1)).toBe(true);
    expect(division).toBe('By speaker, seed 1: 20 train, 2 val, 2 test, nobody in two splits.');
  });

  test('an annotation file of clips with such names wins', async () => {
    const data = await read({
      ...clips(`Actor_01/${name('03', '01')}.mp4`, `Actor_02/${name('04', '02')}.mp4`),
      'own.csv': `path,label\n${name('03', '01')}.mp4,joy\n`,
    });
    expect(data.format).toBe('table');
    // The names still tell who speaks.
    expect(data.examples.map(({ label, speaker }) => `${label} ${speaker}`)).toEqual(['joy 01']);
  });
});

describe('DFEW', () => {
  const list = (split: string, fold: number) => `EmoLabel_DataSplit/${split}(single-labeled)/set_${fold}.csv`;
  const set = {
    [list('train', 1)]: '\uFEFFvideo_name,label\r\n1,1\r\n2,7\r\n\r\n3,9\r\n4,4\r\n1,1\r\n',
    [list('test', 1)]: 'video_name,label\n5,3\n6,5\n,3\n',
    [list('train', 2)]: 'video_name,label\n5,3\n',
    [list('test', 2)]: 'video_name,label\n1,1\n',
    ...clips('Clip/original/1.mp4', 'Clip/original/2.MP4', 'Clip/original/5.mp4'),
    ...clips(
      'Clip/clip_224x224/00001/1.jpg',
      'Clip/clip_224x224/00006/1.jpg',
      'Clip/clip_224x224/00006/2.jpg',
    ),
  };

  test('codes become words, clips are found by number, frames stand in for a missing clip', async () => {
    const data = await read(set);
    expect(data.format).toBe('DFEW');
    expect(lines(data)).toEqual([
      'Clip/original/5.mp4 neutral test',
      'Clip/clip_224x224/00006 surprise test',
      'Clip/original/1.mp4 happy train',
      'Clip/original/2.MP4 fear train',
    ]);
    expect(data.examples[1]!.media[0]?.files.length).toBe(2);
    expect(reasons(data)).toEqual([
      `row malformed ${list('test', 1)} 4`,
      `label unknown ${list('train', 1)} 5`,
      `clip missing ${list('train', 1)} 6`,
      `row repeated ${list('train', 1)} 7`,
    ]);
    expect(data.rows).toBe(8);
    expect(data.division).toBe("Fold 1, by the data set's own lists.");
    expect(summarise(data).folds).toEqual({ chosen: 1, available: [1, 2] });
  });

  test.each(['_single_labeled', ' (single labeled)', '-single-labelled'])(
    'lists in train%s',
    async (folder) => {
      const data = await read({
        [`train${folder}/set_1.csv`]: 'video_name,label\n1,1\n',
        [`test${folder}/set_1.csv`]: 'video_name,label\n2,2\n',
        ...clips('videos/00001.mp4', 'videos/00002.mp4'),
      });
      expect(lines(data).sort()).toEqual(['videos/00001.mp4 happy train', 'videos/00002.mp4 sad test']);
    },
  );

  test('another fold, a fold that is not there, and a list that is not there', async () => {
    expect(lines(await read(set, 2))).toEqual([
      'Clip/original/1.mp4 happy test',
      'Clip/original/5.mp4 neutral train',
    ]);
    const absent = await read(set, 4);
    expect(absent.folds?.chosen).toBe(1);
    expect(absent.issues[0]?.message).toBe('Fold 4 is not in the folder; fold 1 was read instead.');
    const { [list('test', 2)]: _, ...half } = set;
    const cut = await read(half, 2);
    expect(lines(cut)).toEqual(['Clip/original/5.mp4 neutral train']);
    expect(cut.issues[0]).toMatchObject({ reason: 'list missing', message: expect.stringContaining('test') });
  });

  test('a level deeper, in two parts, without a header and with names instead of numbers', async () => {
    const data = await read({
      'DFEW-part2/EmoLabel_DataSplit/train(single-labeled)/set_1.csv': '00001.mp4,happiness\n2,sad\n',
      'DFEW-part2/EmoLabel_DataSplit/test(single-labeled)/set_1.csv': '3,2\n',
      'DFEW-part2/EmoLabel_DataSplit/train(multi-labeled)/set_1.csv': 'video_name,label\n1,1\n',
      'DFEW-part2/Annotation/annotation.csv': 'order,1happy\n1,10\n',
      ...clips(
        'DFEW-part1/Clip/original/1.mp4',
        'DFEW-part2/Clip/original/2.mp4',
        'DFEW-part2/Clip/original/3.mp4',
      ),
    });
    expect(lines(data)).toEqual([
      'DFEW-part2/Clip/original/3.mp4 sad test',
      'DFEW-part1/Clip/original/1.mp4 happy train',
      'DFEW-part2/Clip/original/2.mp4 sad train',
    ]);
    expect(reasons(data)).toEqual(['file unreadable DFEW-part2/Annotation/annotation.csv']);
  });
});

describe('MAFW', () => {
  const fold = (k: number) => `Train & Test Set/single/no_caption/set_${k}`;
  const set = {
    [`${fold(1)}/train.txt`]:
      '\uFEFF00001.mp4\tanger\tx\r\n00002.mp4\tcontempt\r\n\r\n00003.mp4\tjoy\r\n00004.mp4\r\n',
    [`${fold(1)}/test.txt`]: '00005.mp4 helplessness\n00009.mp4 fear\n00001.mp4 sadness\n',
    'Train & Test Set/compound/no_caption/set_1/train.txt': '00001.mp4\tanger_disgust\n',
    'readme.txt': 'MAFW is a data set.\n',
    ...clips('clips/00001.mp4', 'clips/00002.MP4', 'clips/00003.mp4', 'clips/00004.mp4', 'clips/00005.webm'),
  };

  test('nouns become the words of the label set, and every odd row says what is wrong', async () => {
    const data = await read(set);
    expect(data.format).toBe('MAFW');
    expect(lines(data)).toEqual([
      'clips/00005.webm helpless test',
      'clips/00001.mp4 sad test',
      'clips/00002.MP4 contemptuous train',
    ]);
    expect(data.examples[1]!.writtenLabel).toBe('sadness');
    expect(reasons(data)).toEqual([
      `label unknown ${fold(1)}/train.txt 4`,
      `row malformed ${fold(1)}/train.txt 5`,
      `clip missing ${fold(1)}/test.txt 2`,
      `label contradicted ${fold(1)}/train.txt 1`,
    ]);
  });

  test('labels.json has the last word, unknown labels included', async () => {
    const data = await read({ ...set, 'labels.json': '\uFEFF{"Joy": "happy", "contemptuous": "scorn"}' });
    expect(lines(data)).toEqual([
      'clips/00005.webm helpless test',
      'clips/00001.mp4 sad test',
      'clips/00002.MP4 scorn train',
      'clips/00003.mp4 happy train',
    ]);
  });

  test('a plain list without folds is divided by seed; transcripts are no lists', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `${String(i + 1).padStart(5, '0')}.mp4`);
    const data = await read({
      'MAFW/labels/single-expression.txt': names.map((name) => `${name}\tanger`).join('\n'),
      'MAFW/labels/compound/list.txt': '00001.mp4\tanger_disgust\n',
      'MAFW/transcript.txt': 'Kids are talking by the door.\n',
      ...clips(...names.map((name) => `MAFW/clips/${name}`)),
    });
    expect([data.format, data.examples.length, data.issues.length]).toEqual(['MAFW', 20, 0]);
    expect(summarise(data).splits).toEqual({ train: 16, val: 2, test: 2 });
    expect(data.folds).toBeUndefined();
  });

  test('beside DFEW both are read, each from its own clips', async () => {
    const data = await read({
      ...Object.fromEntries(Object.entries(set).map(([path, content]) => [`MAFW/${path}`, content])),
      'DFEW/EmoLabel_DataSplit/train(single-labeled)/set_1.csv': 'video_name,label\n1,4\n4,4\n',
      'DFEW/EmoLabel_DataSplit/test(single-labeled)/set_1.csv': 'video_name,label\n3,4\n',
      ...clips('DFEW/Clip/original/1.mp4', 'DFEW/Clip/original/3.mp4', 'DFEW/Clip/original/4.mp4'),
    });
    expect(data.format).toBe('DFEW, MAFW');
    expect(lines(data)).toContain('DFEW/Clip/original/1.mp4 angry train');
    expect(lines(data)).toContain('MAFW/clips/00001.mp4 sad test');
    expect(data.examples.length).toBe(6);
  });
});

describe('a folder per class', () => {
  test('capital extensions, a level deeper, a file beside the classes', async () => {
    const data = await read({
      ...clips('set/happy/a.MP4', 'set/happy/deep/b.webm', 'set/sad/c.Wav', 'cover.jpg'),
      'set/notes.txt': 'x',
    });
    expect(data.examples.map(({ id, label }) => `${id} ${label}`)).toEqual([
      'set/happy/a.MP4 happy',
      'set/happy/deep/b.webm happy',
      'set/sad/c.Wav sad',
    ]);
  });

  test('pictures as clips, pictures as frames, and the split above', async () => {
    const data = await read(clips('x/val/happy/1.png', 'x/val/sad/f/1.png', 'x/val/sad/f/2.png'));
    expect(lines(data)).toEqual(['x/val/happy/1.png happy val', 'x/val/sad/f sad val']);
  });

  test('one folder is no class; labels.json renames classes', async () => {
    const one = await read({ ...clips('clips/a.mp4', 'clips/b.mp4'), 'cut.json': '[{' });
    expect([one.examples.length, ...reasons(one)]).toEqual([0, 'file unreadable cut.json']);
    const data = await read({ ...clips('anger/a.mp4', 'joy/b.mp4'), 'labels.json': '{"anger": "angry"}' });
    expect(data.examples.map(({ label, writtenLabel }) => `${label} ${writtenLabel}`)).toEqual([
      'angry anger',
      'joy joy',
    ]);
  });
});

describe("a person's own words for labels", () => {
  const video = clips('a.mp4', 'b.mp4');
  const conversation = (path: string, value: string) => ({
    video: path,
    conversations: [
      { from: 'human', value: '?' },
      { from: 'gpt', value },
    ],
  });

  test('reach into an answer around its thinking', async () => {
    const rows = [
      conversation('a.mp4', '<think>x</think><answer>Anger</answer>'),
      conversation('b.mp4', 'anger'),
    ];
    const data = await read({
      ...video,
      'd.json': JSON.stringify(rows),
      'labels.json': '{"anger": "angry"}',
    });
    expect(data.examples.map(({ label, answer, writtenLabel }) => [label, answer, writtenLabel])).toEqual([
      ['angry', '<think>x</think><answer>angry</answer>', 'Anger'],
      ['angry', 'angry', 'anger'],
    ]);
  });

  test('without them an annotation keeps its own', async () => {
    const data = await read({ ...video, 'd.json': JSON.stringify([conversation('a.mp4', 'anger')]) });
    expect(data.examples[0]!.label).toBe('anger');
  });

  test('that are not words are an issue; a list of clips of that name is an annotation', async () => {
    const table = 'path,label\na.mp4,sad\n';
    const bad = await read({ ...video, 'd.csv': table, 'labels.json': '{"sad": 3}' });
    expect(bad.issues[0]).toMatchObject({
      reason: 'file unreadable',
      message: expect.stringMatching(/is mapped to 3/),
    });
    expect(bad.examples.length).toBe(1);
    const list = await read({ ...video, 'labels.json': JSON.stringify([conversation('a.mp4', 'sad')]) });
    expect(list.examples.length).toBe(1);
  });
});

test('files named after splits give them, but a train file alone holds nothing back', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `${i}.mp4`);
  const table = (from: number, to: number) =>
    `path,label\n${names
      .slice(from, to)
      .map((name) => `${name},sad\n`)
      .join('')}`;
  const both = await read({ 'train.csv': table(0, 15), 'a/dev.csv': table(15, 20), ...clips(...names) });
  expect(summarise(both).splits).toEqual({ train: 15, val: 5, test: 0 });
  const alone = await read({ 'train.csv': table(0, 20), ...clips(...names) });
  expect(summarise(alone).splits).toEqual({ train: 16, val: 2, test: 2 });
});

test('speakers come from columns and keys, and nobody is on two sides', async () => {
  const names = Array.from({ length: 60 }, (_, i) => `c${i}.mp4`);
  const rows = names.map((name, i) => ({ path: name, label: i % 2 ? 'sad' : 'happy', speaker: i % 12 }));
  const table = names.map((name, i) => `${name},${i % 2 ? 'sad' : 'happy'},P${i % 12}`).join('\r\n');
  const forms: Contents[] = [
    { 'd.json': JSON.stringify(rows) },
    { 'd.jsonl': rows.map((row) => JSON.stringify(row)).join('\r\n') },
    { 'd.csv': `\uFEFFPath,Label,Actor ID\r\n${table}\r\n\r\n` },
  ];
  for (const contents of forms) {
    const { examples, division } = await read({ ...contents, ...clips(...names) });
    const sides = new Set(examples.map(({ speaker, split }) => `${speaker} ${split}`));
    expect([examples.length, sides.size]).toEqual([60, 12]);
    expect(division).toMatch(/^By speaker, seed 1: 10 train, 1 val, 1 test/);
  }
});

describe('spellings of a label', () => {
  const names = ['a.mp4', 'b.mp4', 'c.mp4', 'd.mp4', 'e.mp4', 'f.mp4'];
  const labelled = (...labels: string[]) => ({
    ...clips(...names.slice(0, labels.length)),
    'data.json': JSON.stringify(labels.map((label, i) => ({ path: names[i], label }))),
  });

  test('that differ in case, white space or signs that cannot be seen are one label, and are listed', async () => {
    const data = await read(labelled('happy', 'Happy', 'HAPPY ', 'happy\u200b', 'happy', 'sad'));
    const { labels } = summarise(data);
    expect(labels.map(({ label, count, writtenAs }) => [label, count, writtenAs.sort()])).toEqual([
      ['happy', 5, ['HAPPY', 'Happy', 'happy[U+200B]']],
      ['sad', 1, []],
    ]);
    expect(new Set(data.examples.map(({ answer }) => answer))).toEqual(new Set(['happy', 'sad']));
  });

  test('that differ in the width of their letters are one label', async () => {
    const { labels } = summarise(await read(labelled('sad', 'ＳＡＤ', 'sad', 'calm')));
    expect(labels.map(({ label, count }) => [label, count])).toEqual([
      ['sad', 3],
      ['calm', 1],
    ]);
  });

  test('of more than one word, of accents written in two ways, of wide spaces', async () => {
    const { labels } = summarise(
      await read(labelled('very  sad', 'Very sad', 'very\u00a0sad', 'e\u0301mu', '\u00e9mu', 'very sad')),
    );
    expect(labels.map(({ count }) => count)).toEqual([4, 2]);
    expect(labels[0]!.writtenAs).toContain('very[U+00A0]sad');
  });

  test('change inside the answer tags, too, and nothing around them', async () => {
    const tagged = (label: string) => `<think>Loud</think><answer>${label}</answer>`;
    const data = await read(labelled(tagged('Angry'), tagged('angry'), tagged('angry')));
    expect(data.examples.map(({ label }) => label)).toEqual(['angry', 'angry', 'angry']);
    expect(new Set(data.examples.map(({ answer }) => answer))).toEqual(new Set([tagged('angry')]));
  });

  test('are one for folders per class, for the lists of several files and for labels.json', async () => {
    const folders = await read(clips('train/Angry/a.mp4', 'train/sad/b.mp4', 'test/angry/c.mp4'));
    expect(new Set(folders.examples.map(({ label }) => label))).toEqual(new Set(['angry', 'sad']));
    const mapped = await read({ ...labelled('JOY ', 'joy\u200b', 'x'), 'labels.json': '{"Joy": "happy"}' });
    expect(mapped.examples.map(({ label }) => label).sort()).toEqual(['happy', 'happy', 'x']);
  });

  test('one that is nothing but invisible signs is an empty label', async () => {
    expect(reasons(await read(labelled('\u200b\u2068\ufe0f', 'sad')))).toEqual(['row malformed data.json 1']);
  });

  test('rows that say the same of a clip in two spellings repeat each other', async () => {
    const data = await read({ ...clips('a.mp4'), 'data.csv': 'path,label\na.mp4,Sad\na.mp4,sad\n' });
    expect(reasons(data)).toEqual(['row repeated data.csv 3']);
  });
});

test('clips that turn out to be unreadable are in no count, and are marked in the list', async () => {
  const data = await read({
    ...clips('a.mp4', 'b.mp4', 'c.mp4'),
    'data.csv': 'path,label,split\na.mp4,sad,train\nb.mp4,sad,train\nc.mp4,happy,test\n',
  });
  const unreadable = [{ reason: 'clip unreadable', file: 'b.mp4', message: 'HEVC' }] as const;
  const summary = summarise(data, { unreadable });
  expect([summary.count, summary.splits]).toEqual([2, { train: 1, val: 0, test: 1 }]);
  expect(summary.labels.map(({ label, count, splits }) => [label, count, splits.train])).toEqual([
    ['sad', 1, 1],
    ['happy', 1, 0],
  ]);
  expect(summary.examples.filter(({ leftOut }) => leftOut).map(({ path }) => path)).toEqual(['b.mp4']);
  expect(summary.skipped).toEqual([{ reason: 'clip unreadable', count: 1 }]);
});
