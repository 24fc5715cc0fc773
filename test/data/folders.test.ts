/** Folders without a list: which level is the label, the speaker, the split; and where that is not guessed. */
import { describe, expect, it, test } from 'vitest';
import { clips, found, messages, read, reasons, withSpeakers, withSplits } from './reading.ts';

const labelsOf = (data: Awaited<ReturnType<typeof read>>) =>
  [...new Set(data.examples.map(({ label }) => label))].sort();
const speakersOf = (data: Awaited<ReturnType<typeof read>>) =>
  [...new Set(data.examples.map(({ speaker }) => speaker))].sort();

describe('the label is found below, above and beside the speaker', () => {
  it.each<readonly [string, string[], string[], (string | null)[]]>([
    [
      'ESD',
      [
        '0001/Angry/train/a.wav',
        '0001/Happy/train/b.wav',
        '0002/Angry/train/c.wav',
        '0002/Happy/train/d.wav',
      ],
      ['Angry', 'Happy'],
      ['0001', '0002'],
    ],
    [
      'MEAD',
      [
        'M003/video/front/angry/level_1/001.mp4',
        'M003/video/left_30/neutral/level_1/001.mp4',
        'W009/video/front/angry/level_2/001.mp4',
        'W009/video/front/contempt/level_3/002.mp4',
      ],
      ['angry', 'contempt', 'neutral'],
      ['M003', 'W009'],
    ],
    [
      'eNTERFACE',
      [
        'subject 1/anger/sentence 1/s1_an_1.mkv',
        'subject 1/fear/sentence 1/s1_fe_1.mkv',
        'subject 2/anger/sentence 2/s2_an_2.mkv',
        'subject 2/happiness/sentence 1/s2_ha_1.mkv',
      ],
      ['angry', 'fear', 'happy'],
      ['subject 1', 'subject 2'],
    ],
    [
      'SAVEE',
      ['DC/anger/a01.wav', 'DC/sadness/sa01.wav', 'JE/anger/a01.wav', 'JE/sadness/sa01.wav'],
      ['anger', 'sadness'],
      ['DC', 'JE'],
    ],
    [
      'speakers below their label',
      ['happy/speaker_1/a.wav', 'happy/speaker_2/b.wav', 'sad/speaker_1/c.wav', 'sad/speaker_2/d.wav'],
      ['happy', 'sad'],
      ['speaker_1', 'speaker_2'],
    ],
    [
      'other words than of emotion, by their recurring',
      ['bob/wave/a.mp4', 'bob/clap/b.mp4', 'amy/wave/c.mp4', 'amy/clap/d.mp4'],
      ['clap', 'wave'],
      ['amy', 'bob'],
    ],
    [
      'other words than of emotion, by the names of the speakers',
      ['wave/S01/a.mp4', 'wave/S02/b.mp4', 'clap/S01/c.mp4', 'clap/S02/d.mp4'],
      ['clap', 'wave'],
      ['S01', 'S02'],
    ],
    [
      'TESS, where one name holds both',
      ['OAF_angry/a.wav', 'OAF_Pleasant_surprise/b.wav', 'YAF_angry/c.wav', 'YAF_pleasant_surprised/d.wav'],
      ['Pleasant surprise', 'angry', 'pleasant surprised'],
      ['OAF', 'YAF'],
    ],
    [
      'two depths',
      ['a/0001/Angry/x.wav', 'a/0001/Sad/y.wav', 'a/0002/Sad/w.wav', 'b/Angry/z.wav'],
      ['Angry', 'Sad'],
      ['a/0001', 'a/0002', 'b'],
    ],
  ])('%s', async (_, paths, labels, speakers) => {
    const data = await read(clips(...paths));
    expect([data.examples.length, messages(data)]).toEqual([paths.length, '']);
    expect(labelsOf(data)).toEqual(labels);
    expect(speakersOf(data)).toEqual(speakers);
  });

  test('nobody is on two sides', async () => {
    const paths = Array.from({ length: 20 }, (_, s) =>
      ['Angry', 'Happy', 'Sad'].flatMap((label) =>
        [1, 2].map((take) => `${String(s + 1).padStart(4, '0')}/${label}/${take}.wav`),
      ),
    ).flat();
    const { examples, division, format } = await read(clips(...paths));
    const sides = new Set(examples.map(({ speaker, split }) => `${speaker} ${split}`));
    expect([examples.length, sides.size]).toEqual([120, 20]);
    expect(division).toMatch(/^By speaker/);
    expect(format).toMatch(/20 speakers by their folders \(0001, 0002, 0003 …\)/);
  });

  test('a numbered folder below its label is a clip and no speaker; a file outside the labels is named', async () => {
    const data = await read(clips('wave/001/a.mp4', 'wave/002/b.mp4', 'clap/001/c.mp4', 'intro.mp4'));
    expect(withSpeakers(data)).toEqual([
      'clap/001/c.mp4 clap null',
      'wave/001/a.mp4 wave null',
      'wave/002/b.mp4 wave null',
    ]);
    expect(messages(data)).toMatch(/1 clips lie in no folder of a label, for example intro\.mp4/);
  });
});

describe('splits are no labels', () => {
  test.each([
    ['train/a.mp4', 'test/b.mp4'],
    ['Train/a.mp4', 'Validation/b.mp4'],
    ['train_splits/a.mp4', 'dev_splits_complete/b.mp4', 'output_repeated_splits_test/c.mp4'],
    ['train/part1/a.mp4', 'train/part2/b.mp4', 'dev/part1/c.mp4'],
  ])('%s, %s', async (...paths) => {
    const data = await read(clips(...paths));
    expect(data.examples).toEqual([]);
    expect(data.issues[0]?.message).toMatch(/labels/i);
    expect(['label missing', 'class unclear']).toContain(data.issues[0]?.reason);
  });

  test('AFEW and CAER: the split above; with the split below; training alone holds out', async () => {
    expect(
      withSplits(
        await read(clips('Train_AFEW/Happy/000.mkv', 'Train_AFEW/Sad/001.mkv', 'Val_AFEW/Happy/002.mkv')),
      ),
    ).toEqual([
      'Train_AFEW/Happy/000.mkv Happy train',
      'Train_AFEW/Sad/001.mkv Sad train',
      'Val_AFEW/Happy/002.mkv Happy val',
    ]);
    expect(
      withSplits(await read(clips('Happy/train/000.mkv', 'Sad/train/001.mkv', 'Happy/evaluation/2.mkv'))),
    ).toEqual([
      'Happy/evaluation/2.mkv Happy val',
      'Happy/train/000.mkv Happy train',
      'Sad/train/001.mkv Sad train',
    ]);
    const many = Array.from({ length: 40 }, (_, i) => `train/${i % 2 ? 'Happy' : 'Sad'}/${i}.mkv`);
    expect((await read(clips(...many))).examples.filter(({ split }) => split !== 'train').length).toBe(8);
  });

  test('a label that holds such a word stays one', async () => {
    const data = await read(clips('weight training/a.mp4', 'running/b.mp4', 'eye test/c.mp4'));
    expect(labelsOf(data)).toEqual(['eye test', 'running', 'weight training']);
  });
});

describe('where it cannot be told, nothing is read, and what was found is said', () => {
  it.each([
    ['speakers alone', ['speaker1/a.wav', 'speaker2/b.wav'], /level 1: 2 \(speaker1, speaker2\)/],
    ['numbered folders alone', ['0001/a.wav', '0002/b.wav'], /level 1: 2 \(0001, 0002\)/],
    ['what has labels and what has none', ['labeled/a.mp4', 'unlabelled/b.mp4'], /level 1: 2/],
    ['batches', ['batch1/a.mp4', 'batch2/b.mp4'], /level 1: 2 \(batch1, batch2\)/],
    [
      'two levels of words',
      ['wave/bob/a.mp4', 'clap/amy/b.mp4'],
      /level 1: 2 \(clap, wave\); level 2: 2 \(amy, bob\)/,
    ],
    [
      'two levels of emotion',
      ['happy/sad/a.mp4', 'sad/happy/b.mp4', 'angry/angry/c.mp4'],
      /more than one level has words/,
    ],
  ])('%s', async (_, paths, message) => {
    const data = await read(clips(...paths));
    expect([data.examples.length, ...reasons(data)]).toEqual([0, 'class unclear']);
    expect(messages(data)).toMatch(message);
    expect(data.issues[0]?.hint).toMatch(/\.csv/);
  });
});

test('sound beside the videos of the same clips is set aside, and that is said', async () => {
  const data = await read(
    clips(
      'M003/video/front/angry/level_1/001.mp4',
      'M003/video/front/happy/level_1/001.mp4',
      'M003/audio/angry/level_1/001.m4a',
      'M003/audio/happy/level_1/001.m4a',
    ),
  );
  expect(found(data)).toEqual([
    'M003/video/front/angry/level_1/001.mp4 angry',
    'M003/video/front/happy/level_1/001.mp4 happy',
  ]);
  expect(reasons(data)).toEqual(['file set aside']);
  expect(messages(data)).toMatch(/2 sound files/);
});

test('pictures of a clip come by their numbers', async () => {
  const frames = [1, 2, 9, 10, 11, 100].map((n) => `happy/x/${n}.jpg`);
  const { examples } = await read(
    clips(...frames, 'sad/y/frame2.jpg', 'sad/y/frame10.jpg', 'sad/y/frame1.jpg'),
  );
  expect(examples.map(({ media }) => media[0]!.files.map(({ path }) => path))).toEqual([
    frames,
    ['sad/y/frame1.jpg', 'sad/y/frame2.jpg', 'sad/y/frame10.jpg'],
  ]);
});

describe('a list that cannot be read is never replaced by the names of folders', () => {
  const folders = clips('happy/a.mp4', 'sad/b.mp4', 'sad/c.mp4');
  it.each([
    ['a table with unknown columns', 'list.csv', 'n,feeling\n1,joy\n2,fear\n3,joy\n'],
    ['a table that names clips', 'list.csv', 'which,how\na.mp4,x\nb.mp4,y\n'],
    ['a table without rows', 'list.csv', 'path,label\n'],
    ['broken JSON', 'list.json', '[{"path": "a.mp4"'],
    ['JSON of another shape', 'list.json', '{"one": {"deep": ["a.mp4", "b.mp4"]}}'],
    ['labels.json of another shape', 'labels.json', '{"one": {"deep": ["a.mp4", "b.mp4"]}}'],
    ['a table of Excel', 'labels.xlsx', 'PK'],
    ['a damaged encoding', 'list.csv', '\uFFFE'],
  ])('%s', async (_, name, content) => {
    const bytes = content === '\uFFFE' ? new Uint8Array([0x61, 0xff, 0x0a]) : content;
    const data = await read({ ...folders, [name]: bytes });
    expect(data.examples).toEqual([]);
    expect(data.issues[0]).toMatchObject({ reason: 'file unreadable', file: name, hint: expect.any(String) });
  });

  it.each([
    ['facts about speakers', 'speakers.csv', 'id,gender\n1,m\n2,f\n'],
    ['settings', 'dataset_info.json', '{"features": {"label": ["happy", "sad"]}}'],
    ['a text', 'readme.txt', 'This is a set of clips.\n'],
  ])('%s beside them is no such list', async (_, name, content) => {
    expect(found(await read({ ...folders, [name]: content }))).toEqual([
      'happy/a.mp4 happy',
      'sad/b.mp4 sad',
      'sad/c.mp4 sad',
    ]);
  });
});

test('FERV39k: by its list without a header, and by its folders; the scene is no label and no speaker', async () => {
  const files = clips(
    '2_ClipsforFaceCrop/Action/Happy/0267/1.jpg',
    '2_ClipsforFaceCrop/Action/Happy/0267/2.jpg',
    '2_ClipsforFaceCrop/War/Sad/0001/1.jpg',
  );
  const data = await read(files);
  expect(data.format).toBe('FERV39k');
  expect(withSpeakers(data)).toEqual([
    '2_ClipsforFaceCrop/Action/Happy/0267 happy null',
    '2_ClipsforFaceCrop/War/Sad/0001 sad null',
  ]);
  const listed = await read({
    ...files,
    '4_setups/All_scenes/train_All.csv': 'Action/Happy/0267 Happy\n',
    '4_setups/All_scenes/test_All.csv': 'War/Sad/0001 Sad\n',
  });
  expect(withSplits(listed)).toEqual([
    '2_ClipsforFaceCrop/War/Sad/0001 Sad test',
    '2_ClipsforFaceCrop/Action/Happy/0267 Happy train',
  ]);
});

test('CREMA-D: the name says label and speaker; its tables of raters are no annotation', async () => {
  const data = await read({
    ...clips(
      'AudioWAV/1001_DFA_ANG_XX.wav',
      'AudioWAV/1002_IEO_HAP_LO.wav',
      'Video/1001_DFA_ANG_XX.mp4',
      'AudioWAV/x.wav',
    ),
    'SentenceFilenames.csv': 'Stimulus_Number,Filename\n1,1001_DFA_ANG_XX\n',
  });
  expect(data.format).toBe('CREMA-D');
  expect(withSpeakers(data)).toEqual([
    'Video/1001_DFA_ANG_XX.mp4 angry 1001',
    'AudioWAV/1002_IEO_HAP_LO.wav happy 1002',
  ]);
  expect(reasons(data)).toEqual(['file set aside', 'name not understood']);
});

describe('speakers of a list that says none come from the folders', () => {
  it.each([
    [
      'ESD, whose texts list text and label',
      '0001/0001.txt',
      'a\tHello there\tAngry\nb\tHi\tHappy\n',
      '0002/0002.txt',
      'c\tHello there\tAngry\nd\tHi\tHappy\n',
    ],
    [
      'folders named as speakers are',
      'x.csv',
      'path,label\na.wav,Angry\nb.wav,Happy\n',
      'y.csv',
      'path,label\nc.wav,Angry\nd.wav,Happy\n',
    ],
  ])('%s', async (_, first, rows, second, others) => {
    const data = await read({
      ...clips('0001/Angry/a.wav', '0001/Happy/b.wav', '0002/Angry/c.wav', '0002/Happy/d.wav'),
      [first]: rows,
      [second]: others,
    });
    expect(withSpeakers(data)).toEqual([
      '0001/Angry/a.wav Angry 0001',
      '0001/Happy/b.wav Happy 0001',
      '0002/Angry/c.wav Angry 0002',
      '0002/Happy/d.wav Happy 0002',
    ]);
    expect(data.division).toMatch(/^By speaker/);
  });

  it('but not where folders name something else', async () => {
    const data = await read({
      ...clips('one/a.wav', 'two/b.wav'),
      'x.csv': 'path,label\na.wav,Angry\nb.wav,Happy\n',
    });
    expect(withSpeakers(data)).toEqual(['one/a.wav Angry null', 'two/b.wav Happy null']);
  });
});

test('IEMOCAP: labels by the evaluation of each dialogue, speakers by session and sex', async () => {
  const wav = (turn: string) => `Session1/sentences/wav/${turn.slice(0, -5)}/${turn}.wav`;
  const lines = (...turns: [string, string][]) =>
    turns
      .map(
        ([turn, code]) =>
          `[6.2901 - 8.2357]\t${turn}\t${code}\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()`,
      )
      .join('\n');
  const turns = ['Ses01F_impro01_F000', 'Ses01F_impro01_M001', 'Ses01M_script01_F002'] as const;
  const data = await read({
    ...clips(...turns.map(wav)),
    'Session1/dialog/EmoEvaluation/Ses01F_impro01.txt': `% [START - END]\n\n${lines([turns[0], 'neu'], [turns[1], 'xxx'])}`,
    'Session1/dialog/EmoEvaluation/Ses01M_script01.txt': lines([turns[2], 'exc']),
  });
  expect(data.format).toBe('IEMOCAP');
  expect(withSpeakers(data)).toEqual([`${wav(turns[0])} neutral Ses01F`, `${wav(turns[2])} excited Ses01F`]);
  expect(reasons(data)).toEqual(['raters disagree']);
});

test('folders of recordings are no labels', async () => {
  const own = await read(clips('id10001/abc/1.wav', 'id10001/def/1.wav', 'id10002/ghi/1.wav'));
  const many = await read(
    clips(...Array.from({ length: 40 }, (_, i) => `v${'abcdefgh'[i % 8]}${'xyzuw'[i >> 3]}/1.mp4`)),
  );
  expect([own, many].map((data) => [data.examples.length, ...reasons(data)])).toEqual([
    [0, 'class unclear'],
    [0, 'class unclear'],
  ]);
});

test('the split of a list that says none comes from the folders of splits', async () => {
  const data = await read({ ...clips('train/a.mp4', 'test/b.mp4'), 'labels.txt': 'a happy\nb sad\n' });
  expect(withSplits(data)).toEqual(['train/a.mp4 happy train', 'test/b.mp4 sad test']);
});

describe('other words for the same', () => {
  it.each<[string, string[], string[]]>([
    [
      'French, with strengths below',
      ['Colère/Faible/1.wav', 'Colère/Fort/2.wav', 'Joie/Faible/3.wav', 'Joie/Fort/4.wav'],
      ['Colère', 'Joie'],
    ],
    ['Japanese', ['喜び/a.wav', '怒り/b.wav'], ['喜び', '怒り']],
    [
      'German below speakers',
      ['f1/Wut/a.wav', 'f1/Freude/b.wav', 'm1/Wut/c.wav', 'm1/Freude/d.wav'],
      ['Wut', 'Freude'].sort(),
    ],
  ])('%s', async (_, paths, labels) => {
    expect(labelsOf(await read(clips(...paths)))).toEqual(labels);
  });

  it.each([
    ['speakers', ['f1/a.wav', 'f2/b.wav', 'm1/c.wav']],
    ['folds', ['fold1/a.mp4', 'fold2/b.mp4', 'fold3/c.mp4']],
  ])('folders of %s alone are no labels', async (_, paths) => {
    expect((await read(clips(...paths))).examples).toEqual([]);
  });
});
