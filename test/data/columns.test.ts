/** Lists with other columns than ours: what says the clip, the label, the split; and what is said of the choice. */
import { describe, expect, it, test } from 'vitest';
import { clips, found, messages, read, reasons, withSpeakers, withSplits } from './reading.ts';

describe('MELD as published', () => {
  const HEADER = 'Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode';
  const row = (n: number, dialogue: number, utterance: number, emotion: string, sentiment: string) =>
    `${n},"Oh, hi, ${n}!",Joey,${emotion},${sentiment},${dialogue},${utterance},8,21`;
  const set = {
    'train_sent_emo.csv': [HEADER, row(1, 0, 0, 'neutral', 'neutral'), row(2, 0, 1, 'joy', 'positive')].join(
      '\n',
    ),
    'dev_sent_emo.csv': [HEADER, row(1, 0, 0, 'anger', 'negative'), row(2, 5, 1, 'joy', 'positive')].join(
      '\n',
    ),
    'test_sent_emo.csv': [HEADER, row(1, 0, 1, 'sadness', 'negative')].join('\n'),
    ...clips(
      'train/train_splits/dia0_utt0.mp4',
      'train/train_splits/dia0_utt1.mp4',
      'train/train_splits/dia5_utt1.mp4',
      'dev/dev_splits_complete/dia0_utt0.mp4',
      'test/output_repeated_splits_test/dia0_utt1.mp4',
      'test/output_repeated_splits_test/final_videos_testdia0_utt1.mp4',
    ),
  };

  test('clips by dialogue and utterance, each from the folder of its split', async () => {
    const data = await read(set);
    expect(withSplits(data)).toEqual([
      'dev/dev_splits_complete/dia0_utt0.mp4 anger val',
      'test/output_repeated_splits_test/dia0_utt1.mp4 sadness test',
      'train/train_splits/dia0_utt0.mp4 neutral train',
      'train/train_splits/dia0_utt1.mp4 joy train',
    ]);
    expect(data.examples[0]!.speaker).toBe('Joey');
    expect(data.format).toMatch(/clip: dialogue_id \+ utterance_id, label: emotion, not sentiment/);
    // The clip of that name in another split is another clip.
    expect(data.issues).toMatchObject([{ reason: 'clip missing', file: 'dev_sent_emo.csv', row: 3 }]);
    expect(messages(data)).toMatch(/dia5_utt1 \(dialogue_id \+ utterance_id\) is not in the folder/);
  });

  test('in pairs of speakers, where clips keep the numbers of old columns', async () => {
    const data = await read({
      'train_sent_emo_dya.csv':
        'Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID,Old_Dialogue_ID,Old_Utterance_ID\nHi.,Joey,joy,0,0,3,1\nNo.,Ross,anger,0,1,4,0\n',
      ...clips('train/dia0_utt0.mp4', 'train/dia0_utt1.mp4', 'train/dia3_utt1.mp4', 'train/dia4_utt0.mp4'),
    });
    expect(found(data)).toEqual(['train/dia3_utt1.mp4 joy', 'train/dia4_utt0.mp4 anger']);
  });

  test('without the clips it is refused, and no folder becomes a label', async () => {
    const data = await read({
      'train_sent_emo.csv': set['train_sent_emo.csv'],
      ...clips('train/x.mp4', 'dev/y.mp4'),
    });
    expect(data.examples).toEqual([]);
    expect(data.issues[0]).toMatchObject({ reason: 'file unreadable', file: 'train_sent_emo.csv' });
  });
});

test.each([
  ['CH-SIMS', 'Raw/video_0001/0002.mp4', 'video_0001', '0002'],
  ['CH-SIMS after Excel', 'Raw/video_0001/0002.mp4', 'video_0001', '2'],
  ['CMU-MOSI', 'Raw/03bSnISJMiM/2.mp4', '03bSnISJMiM', '2'],
  ['in one name', 'clips/abc_2.mp4', 'abc', '2'],
  ['CMU-MOSEI', 'Raw/abc[2].mp4', 'abc', '2'],
])(
  '%s: video and clip make the path, the word is the label, the mode the split',
  async (_, path, video, clip) => {
    const data = await read({
      'label.csv': `video_id,clip_id,text,label,annotation,mode\n${video},${clip},hi,-0.8,Negative,train\nother,1,x,0.2,Positive,valid\n`,
      ...clips(path, 'Raw/other/1.mp4', 'clips/other_1.mp4', 'Raw/other[1].mp4'),
    });
    expect(withSplits(data)[0]).toBe(`${path} Negative train`);
    expect(data.examples[1]).toMatchObject({ label: 'Positive', split: 'val' });
    expect(data.format).toMatch(/clip: video_id \+ clip_id, label: annotation, not label, split: mode/);
  },
);

describe('the label', () => {
  it.each([
    [
      'a word beside its number',
      'path,label,emotion\na.mp4,3,happy\nb.mp4,4,sad\n',
      /label: emotion, not label/,
    ],
    ['of MER2023', 'name,discrete,valence\na,happy,1.5\nb,sad,-2\n', /clip: name, label: discrete/],
    [
      'of MSP-Podcast',
      'FileName,EmoClass,EmoAct,SpkrID,Split_Set\na.mp4,happy,4,S1,Train\nb.mp4,sad,3,S2,Development\n',
      /table/,
    ],
    [
      'in a column that only its words tell',
      'path,feeling,intensity\na.mp4,happy,3\nb.mp4,sad,4\n',
      /label: feeling/,
    ],
    [
      'words in a column named after that of the numbers',
      'path,emotion,emotion_text\na.mp4,3,happy\nb.mp4,4,sad\n',
      /label: emotion_text, not emotion/,
    ],
    [
      'and the clip in a column that only its files tell',
      'n,recording,emotion\n1,a.mp4,happy\n2,b.mp4,sad\n',
      /clip: recording/,
    ],
    [
      'of most raters',
      'path,rater_1,rater_2,rater_3\na.mp4,happy,sad,happy\nb.mp4,sad,sad,sad\n',
      /most of rater_1, rater_2, rater_3/,
    ],
  ])('%s', async (_, table, format) => {
    const data = await read({ ...clips('a.mp4', 'b.mp4'), 'list.csv': table });
    expect(found(data)).toEqual(['a.mp4 happy', 'b.mp4 sad']);
    expect(data.format).toMatch(format);
  });

  it('of words of emotion that do not go with the numbers beside them is asked', async () => {
    const rows = ['a,0,happy', 'b,0,sad', 'c,1,sad', 'd,1,happy'];
    const data = await read({
      ...clips('a.mp4', 'b.mp4', 'c.mp4', 'd.mp4'),
      'x.csv': `path,label,feeling\n${rows.join('\n')}\n`,
    });
    expect(data.asks).toMatchObject([
      { what: 'label', choices: [{ choice: 'feeling' }, { choice: 'label' }] },
    ]);
  });

  it('as a key of JSON with capitals, and a number where there is no word', async () => {
    const json = (rows: object[]) => JSON.stringify(rows);
    const data = await read({
      ...clips('a.mp4'),
      'x.json': json([{ videoPath: 'a.mp4', Emotion: 'sad', Label: 2 }]),
    });
    expect(found(data)).toEqual(['a.mp4 sad']);
    const number = await read({ ...clips('a.mp4'), 'x.json': json([{ videoPath: 'a.mp4', Label: 2 }]) });
    expect(found(number)).toEqual(['a.mp4 2']);
  });
});

test('a picture beside a clip that is missing does not stand in for it', async () => {
  const rows = ['a.mp4', 'b.mp4', 'c.mp4'].map((path) => `${path},${path[0]}.jpg,sad`);
  const data = await read({
    ...clips('a.mp4', 'a.jpg', 'b.jpg', 'c.jpg'),
    'x.csv': `path,thumbnail,label\n${rows.join('\n')}\n`,
  });
  expect([found(data), reasons(data)]).toEqual([['a.mp4 sad'], ['clip missing', 'clip missing']]);
});

describe('the split of a column', () => {
  const rows = (name: string, ...values: string[]) =>
    `path,label,${name}\n${values.map((value, i) => `${i}.mp4,${i % 2 ? 'sad' : 'happy'},${value}`).join('\n')}\n`;
  const files = clips('0.mp4', '1.mp4', '2.mp4');
  const splitsOf = async (table: string) => {
    const data = await read({ ...files, 'list.csv': table });
    return [data.examples.map(({ split }) => split).join(' '), messages(data)];
  };

  it.each([
    ['set', 'Train', 'Dev', 'Test'],
    ['partition', 'training', 'Development', 'test_set'],
    ['mode', 'train', 'valid', 'test'],
    ['Usage', 'Training', 'PublicTest', 'PrivateTest'],
    ['fold_split', 'trn', 'validation', 'Test1'],
    ['Split_Set', 'Train', 'Development', 'Test2'],
    ['anything', 'train', 'devel', 'testing'],
    ['集合', '训练集', '验证集', '测试集'],
    ['jeu', 'Entraînement', 'validation', 'test'],
  ])('%s', async (...[name, ...values]) => {
    expect(await splitsOf(rows(name, ...values))).toEqual(['train val test', '']);
  });

  it('that says no split that is known is not used, and that is said', async () => {
    for (const [name, ...values] of [
      ['fold', '1', '2', '3'],
      ['my_split', 'A', 'B', 'A'],
      ['usage', 'train', 'later', 'test'],
    ]) {
      const [, message] = await splitsOf(rows(name!, ...values));
      expect(message).toBe(`The column "${name}" looks like a split, but was not used.`);
    }
    expect(await splitsOf(rows('take', '1', '2', '3'))).toEqual([expect.any(String), '']);
    expect((await splitsOf(rows('type', 'acted', 'free', 'acted')))[1]).toBe('');
  });
});

describe('lists beside their clips', () => {
  it.each([
    ['metadata.csv', 'file_name,label\na.mp4,{}\n'],
    ['metadata.jsonl', '{"file_name": "a.mp4", "label": "{}"}\n'],
  ])("Hugging Face's %s of each split", async (name, list) => {
    const data = await read({
      [`train/${name}`]: list.replace('{}', 'happy').replace('"{}"', '"happy"'),
      [`test/${name}`]: list.replace('{}', 'sad'),
      ...clips('train/a.mp4', 'test/a.mp4', 'a.mp4'),
    });
    expect(withSplits(data)).toEqual(['test/a.mp4 sad test', 'train/a.mp4 happy train']);
  });

  it('the path beside the list comes before the tail and the name; a path may lead out of its folder', async () => {
    const data = await read({
      'x/list.csv': 'path,label\nclips/a.mp4,happy\n../y/b.mp4,sad\nc.mp4,angry\n',
      ...clips('x/clips/a.mp4', 'clips/a.mp4', 'y/b.mp4', 'z/b.mp4', 'x/deep/c.mp4', 'y/c.mp4'),
    });
    expect(found(data)).toEqual(['x/clips/a.mp4 happy', 'y/b.mp4 sad', 'x/deep/c.mp4 angry']);
  });

  it('of two clips of one name that of the split is meant', async () => {
    const data = await read({
      'train.csv': 'path,label\na,happy\n',
      'dev.csv': 'path,label\na,sad\n',
      ...clips('Train/a.mov', 'Val/a.mov'),
    });
    expect(withSplits(data)).toEqual(['Val/a.mov sad val', 'Train/a.mov happy train']);
  });
});

test("a clip's picture and its sound in two files are one clip, seen in the one and heard in the other", async () => {
  const data = await read({
    'list.csv': 'name,discrete,valence\nx,happy,1\ny,sad,-1\n',
    ...clips('video/x.mp4', 'audio/x.wav', 'video/y.mp4', 'audio/y.wav'),
  });
  expect(found(data)).toEqual(['video/x.mp4, audio/x.wav happy', 'video/y.mp4, audio/y.wav sad']);
  expect(data.examples.map(({ media }) => media.map(({ kind }) => kind))).toEqual([
    ['video', 'audio'],
    ['video', 'audio'],
  ]);
  expect(reasons(data)).toEqual([]);
});

test('of a clip with sound in two files beside it the video is taken, and that is said', async () => {
  const data = await read({
    'list.csv': 'name,discrete,valence\nx,happy,1\ny,sad,-1\n',
    ...clips('video/x.mp4', 'audio/x.wav', 'noisy/x.mp3', 'video/y.mp4', 'audio/y.wav', 'noisy/y.mp3'),
  });
  expect(found(data)).toEqual(['video/x.mp4 happy', 'video/y.mp4 sad']);
  expect(reasons(data)).toEqual(['file set aside']);
  expect(messages(data)).toMatch(/2 clips .* video\/x\.mp4 .* audio\/x\.wav/);
});

test('a column of sound that names videos means their sound', async () => {
  const data = await read({ ...clips('x/a.mp4', 'x/b.mp4'), 'l.csv': 'wav,emo\na,sad\nb,happy\n' });
  expect(found(data)).toEqual(['sound of x/a.mp4 sad', 'sound of x/b.mp4 happy']);
});

test('several labels of a clip, as a list of JSON or of Python, stand one behind the other', async () => {
  const table = `names,emotions,reasons\na,"['excited', 'joyful']",He laughs.\nb,"['sad']",She weeps.\n`;
  const files = clips('a.mp4', 'b.mp4');
  const said = ['a.mp4 excited, joyful', 'b.mp4 sad'];
  expect(found(await read({ ...files, 'x.csv': table }))).toEqual(said);
  const rows = [
    { video: 'a.mp4', label: ['excited', 'joyful'] },
    { video: 'b.mp4', label: ['sad'] },
  ];
  expect(found(await read({ ...files, 'x.json': JSON.stringify(rows) }))).toEqual(said);
});

test("IEMOCAP's sign for raters who agree on nothing is no label in a table, either", async () => {
  const data = await read({ ...clips('a.wav', 'b.wav'), 'x.csv': 'path,emotion\na.wav,neu\nb.wav,xxx\n' });
  expect([found(data), reasons(data)]).toEqual([['a.wav neu'], ['raters disagree']]);
});

describe('JSON of other shapes', () => {
  const files = clips('one/a.mp4', 'two/b.mp4');
  it('an object by clip, labels.json too, is a list and renames nothing', async () => {
    for (const name of ['labels.json', 'x.json']) {
      const data = await read({ ...files, [name]: '{"a.mp4": "happy", "b.mp4": "sad"}' });
      expect(found(data)).toEqual(['one/a.mp4 happy', 'two/b.mp4 sad']);
      expect(found(await read({ ...files, [name]: '{"a": "happy", "b": "sad"}' }))).toEqual(found(data));
    }
    const deep = await read({ ...files, 'x.json': '{"a.mp4": {"emotion": "happy", "split": "test"}}' });
    expect(withSplits(deep)).toEqual(['one/a.mp4 happy test']);
  });

  it('a list per split', async () => {
    const json = { train: [{ path: 'a.mp4', label: 'happy' }], Valid: { 'b.mp4': 'sad' } };
    expect(withSplits(await read({ ...files, 'x.json': JSON.stringify(json) }))).toEqual([
      'one/a.mp4 happy train',
      'two/b.mp4 sad val',
    ]);
  });

  it('words stay words', async () => {
    const data = await read({ ...clips('anger/a.mp4', 'joy/b.mp4'), 'labels.json': '{"anger": "angry"}' });
    expect(found(data)).toEqual(['anger/a.mp4 angry', 'joy/b.mp4 joy']);
  });
});

describe('lists without a header', () => {
  it.each([
    ['train.txt', 'x/a.mp4 happy\nx/b.mp4 sad\n'],
    ['train.csv', 'x/a.mp4,happy\nx/b.mp4,sad\n'],
    ['train.csv', 'x/a.mp4 16 happy\nx/b.mp4 20 sad\n'],
    ['train.lst', 'happy\tx/a.mp4\nsad\tx/b.mp4\n'],
    ['all.txt', 'x/a happy train\nx/b sad test\n'],
  ])('%s: %j', async (name, list) => {
    expect(found(await read({ ...clips('x/a.mp4', 'x/b.mp4'), [name]: list }))).toEqual([
      'x/a.mp4 happy',
      'x/b.mp4 sad',
    ]);
  });

  it('with two columns of numbers are not guessed at', async () => {
    const data = await read({
      ...clips('happy/a.mp4', 'sad/b.mp4'),
      'list.csv': 'happy/a.mp4 16 1\nsad/b.mp4 20 2\n',
    });
    expect([data.examples.length, ...reasons(data)]).toEqual([0, 'file unreadable']);
  });
});

test('speakers of columns under other names', async () => {
  const table = 'path,label,Spkr ID\na.mp4,happy,S1\nb.mp4,sad,S2\n';
  expect(withSpeakers(await read({ ...clips('a.mp4', 'b.mp4'), 'list.csv': table }))).toEqual([
    'a.mp4 happy S1',
    'b.mp4 sad S2',
  ]);
});

describe('labels that are numbers have the names of a legend beside them', () => {
  const files = clips('a.mp4', 'b.mp4', 'c.mp4');
  const list = (...numbers: number[]) =>
    `path,label\n${numbers.map((number, i) => `${'abc'[i]}.mp4,${number}`).join('\n')}\n`;
  const NAMED = ['a.mp4 angry', 'b.mp4 happy', 'c.mp4 angry'];

  it.each<[string, string, string, number[]]>([
    ['counted from 0', 'classes.txt', 'angry\nhappy\n', [0, 1, 0]],
    ['counted from 1', 'class_names.txt', 'angry\nhappy\n', [1, 2, 1]],
    ['with numbers before', 'classInd.txt', '1 angry\n2 happy\n', [1, 2, 1]],
    ['with numbers behind, and a header', 'labels.csv', 'name,id\nangry,7\nhappy,9\n', [7, 9, 7]],
    ['by number', 'id2label.json', '{"0": "angry", "1": "happy"}', [0, 1, 0]],
    ['by name', 'label_map.json', '{"angry": 0, "happy": 1, "sad": 2}', [0, 1, 0]],
    ["of a model's config", 'config.json', '{"id2label": {"0": "angry", "1": "happy"}}', [0, 1, 0]],
    ['as a list', 'categories.json', '["angry", "happy"]', [0, 1, 0]],
  ])('%s', async (_, name, legend, numbers) => {
    const data = await read({ ...files, [name]: legend, 'list.csv': list(...numbers) });
    expect([found(data), messages(data), data.asks]).toEqual([NAMED, '', []]);
    expect(data.examples[0]).toMatchObject({ answer: 'angry', writtenLabel: String(numbers[0]) });
    // A legend is no list whose columns could be chosen.
    expect(data.lists.map(({ file }) => file)).toEqual(['list.csv']);
  });

  it('and stay numbers, which is said, where it lacks one; where it counts from is asked', async () => {
    const lacking = await read({ ...files, 'classes.txt': 'angry\nhappy\n', 'list.csv': list(0, 1, 5) });
    expect(found(lacking)).toEqual(['a.mp4 0', 'b.mp4 1', 'c.mp4 5']);
    expect(messages(lacking)).toMatch(/classes\.txt has names for numbers, but none for 5/);
    const open = { ...files, 'classes.txt': 'sad\nangry\nhappy\n', 'list.csv': list(1, 2, 1) };
    expect((await read(open)).asks).toMatchObject([
      { what: 'codes', choices: [{ choice: '0' }, { choice: '1' }] },
    ]);
    expect(found(await read(open, { answers: { codes: '0' } }))).toEqual(NAMED);
  });

  it('but not of questions, and no list of clips is a legend', async () => {
    const asked = `[{"path": "a.mp4", "question": "How many?", "answer": "1"}]`;
    expect(found(await read({ ...files, 'classes.txt': 'x\ny\n', 'q.json': asked }))).toEqual(['a.mp4 1']);
    const ids = { ...clips('1.mp4', '2.mp4'), 'labels.csv': 'id,emotion\n1,happy\n2,sad\n' };
    expect(found(await read(ids))).toEqual(['1.mp4 happy', '2.mp4 sad']);
  });
});

describe('lists of names by split', () => {
  const files = {
    ...clips('x/a.mp4', 'x/b.mp4', 'x/c.mp4', 'x/d.mp4'),
    'labels.csv': 'path,label\na.mp4,happy\nb.mp4,sad\nc.mp4,sad\nd.mp4,happy\n',
  };
  const ALL = ['x/a.mp4 happy train', 'x/b.mp4 sad train', 'x/c.mp4 sad val', 'x/d.mp4 happy test'];
  it.each<[string, Record<string, string>]>([
    ['as texts', { 'train.txt': 'a.mp4\nb\n', 'dev.txt': 'c.mp4\n', 'test_list.txt': 'x/d.mp4\n' }],
    ['as tables', { 'train.csv': 'path\na.mp4\nb.mp4\n', 'val.csv': 'c\n', 'test.csv': 'path\nd.mp4\n' }],
    ['as JSON', { 'splits.json': '{"train": ["a.mp4", "b.mp4"], "validation": ["c"], "test": ["d.mp4"]}' }],
  ])('%s', async (_, lists) => {
    const data = await read({ ...files, ...lists });
    expect([withSplits(data), messages(data)]).toEqual([ALL, '']);
  });

  it('and labels are no such lists', async () => {
    const rows = { 'train.txt': 'happy x/a.mp4\nsad x/b.mp4\n', 'test.txt': 'sad x/c.mp4\nhappy x/d.mp4\n' };
    const { 'labels.csv': _, ...bare } = files;
    expect(withSplits(await read({ ...bare, ...rows }))).toEqual([
      'x/c.mp4 sad test',
      'x/d.mp4 happy test',
      'x/a.mp4 happy train',
      'x/b.mp4 sad train',
    ]);
  });

  it('of which two disagree are not used, and that is said', async () => {
    const data = await read({ ...files, 'train1.txt': 'a.mp4\nb.mp4\n', 'test2.txt': 'b.mp4\n' });
    expect(messages(data)).toMatch(/not used: x\/b\.mp4 is in (?:train and in test|test and in train)/);
    expect(data.division).toMatch(/^By clip|^Everything trains/);
  });
});
