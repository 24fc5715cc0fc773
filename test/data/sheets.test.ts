/** Label lists in workbooks of Excel, those of DFEW and MAFW among them. */
import { describe, expect, it, test } from 'vitest';
import { clips, found, messages, read, reasons, withSplits } from './reading.ts';
import { type Cell, workbookOf } from './workbooks.ts';

const FILES = clips('clips/001.mp4', 'clips/002.mp4');
const ROWS: Cell[][] = [
  ['Video Name', 'Emotion', 'Split'],
  ['001.mp4', 'happy', 'train'],
  ['002.mp4', 'sad & low <2>', 'test'],
];

describe('a sheet with a header', () => {
  test('is a list', async () => {
    const data = await read({ ...FILES, 'labels.xlsx': await workbookOf({ Sheet1: ROWS }) });
    expect([withSplits(data), messages(data)]).toEqual([
      ['clips/001.mp4 happy train', 'clips/002.mp4 sad & low <2> test'],
      '',
    ]);
    expect(data.format).toMatch(/^Excel/);
  });

  test('asks without clips, too', async () => {
    const rows = [
      ['question', 'answer'],
      ['3 + 4?', 7],
      ['Is 2 even?', true],
    ];
    const data = await read({ 'questions.xlsx': await workbookOf({ Sheet1: rows }) });
    expect(data.examples.map(({ question, label }) => [question, label])).toEqual([
      ['3 + 4?', '7'],
      ['Is 2 even?', 'true'],
    ]);
  });

  test('names that look like numbers stay as they are written', async () => {
    const rows = [
      ['clip', 'label'],
      ['001', 'happy'],
      ['002', 'sad'],
    ];
    const data = await read({ ...FILES, 'labels.xlsx': await workbookOf({ Sheet1: rows }) });
    expect(found(data)).toEqual(['clips/001.mp4 happy', 'clips/002.mp4 sad']);
  });

  test('a name that Excel made a number of is no clip, and not another one', async () => {
    const rows = [
      ['clip', 'label'],
      [1, 'happy'],
      ['002.mp4', 'sad'],
    ];
    const data = await read({ ...FILES, 'labels.xlsx': await workbookOf({ Sheet1: rows }) });
    expect([found(data), reasons(data)]).toEqual([['clips/002.mp4 sad'], ['clip missing']]);
  });

  test('of several sheets the lists are read, with their names where something is wrong', async () => {
    const sheets = {
      About: [['A set of clips']],
      Train: ROWS,
      More: [
        ['path', 'label'],
        ['003.mp4', 'sad'],
      ],
      Empty: [],
    };
    const data = await read({ ...FILES, 'labels.xlsx': await workbookOf(sheets) });
    expect([found(data).length, reasons(data)]).toEqual([2, ['clip missing']]);
    expect(data.issues[0]).toMatchObject({ file: 'labels.xlsx (More)', row: 2 });
  });
});

test('sheets named after splits are these', async () => {
  const sheets = {
    train: [
      ['path', 'label'],
      ['001.mp4', 'happy'],
    ],
    test: [
      ['path', 'label'],
      ['002.mp4', 'sad'],
    ],
  };
  const data = await read({ ...FILES, 'labels.xlsx': await workbookOf(sheets) });
  expect(withSplits(data)).toEqual(['clips/001.mp4 happy train', 'clips/002.mp4 sad test']);
});

describe('numbers of emotions', () => {
  const DFEW = ['1happy', '2sad', '3neutral', '4angry', '5surprise', '6disgust', '7fear', 'order', 'label'];
  const MAFW = [
    'clip',
    'anger',
    'disgust',
    'fear',
    'happiness',
    'neutral',
    'sadness',
    'surprise',
    'contempt',
    'anxiety',
    'helplessness',
    'disappointment',
    'single_label',
  ];

  test('of DFEW are those of the columns with most votes, and 0 is none', async () => {
    const rows = [
      DFEW,
      [0, 8, 1, 0, 0, 0, 1, 1, 2],
      [9, 0, 1, 0, 0, 0, 0, 2, 1],
      [3, 3, 1, 1, 1, 1, 0, 3, 0],
    ];
    const files = clips('original/1.mp4', 'original/2.mp4', 'original/3.mp4');
    const data = await read({ ...files, 'annotation.xlsx': await workbookOf({ Sheet1: rows }) });
    expect([found(data), reasons(data)]).toEqual([
      ['original/1.mp4 sad', 'original/2.mp4 happy'],
      ['raters disagree'],
    ]);
    expect(messages(data)).toMatch(/1 rows have no single label/);
  });

  test('of MAFW likewise', async () => {
    const scores = (most: number) => Array.from({ length: 11 }, (_, i) => (i + 1 === most ? 0.8 : 0.1));
    const rows = [MAFW, ['001.mp4', ...scores(4), 4], ['002.mp4', ...scores(11), 11]];
    const data = await read({ ...FILES, 'single-set.xlsx': await workbookOf({ Sheet1: rows }) });
    expect([found(data), messages(data)]).toEqual([
      ['clips/001.mp4 happy', 'clips/002.mp4 disappointed'],
      '',
    ]);
  });

  test('that the votes do not bear out are refused: counted from 0, they would name the next emotion', async () => {
    const rows = [
      DFEW,
      [0, 8, 1, 0, 0, 0, 1, 1, 1],
      [0, 0, 9, 0, 0, 0, 0, 2, 2],
      [0, 0, 0, 9, 0, 0, 0, 3, 3],
    ];
    const files = clips('happy/1.mp4', 'sad/2.mp4', 'sad/3.mp4');
    const data = await read({ ...files, 'annotation.xlsx': await workbookOf({ Sheet1: rows }) });
    expect([data.examples, messages(data)]).toEqual([
      [],
      expect.stringMatching(/annotation\.xlsx: the column "label" holds numbers, and only in 0 of 3 rows/),
    ]);
  });
});

describe('what is no list', () => {
  const folders = clips('happy/a.mp4', 'sad/b.mp4', 'sad/c.mp4');

  it.each<[string, () => Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>]>([
    ['no workbook', () => new TextEncoder().encode('PK')],
    ['one cut off', async () => (await workbookOf({ Sheet1: ROWS })).slice(0, 400)],
    [
      'a list with unknown columns',
      () =>
        workbookOf({
          Sheet1: [
            ['which', 'how'],
            ['a.mp4', 'x'],
            ['b.mp4', 'y'],
          ],
        }),
    ],
  ])('%s is said, and folders do not stand in for it', async (_, made) => {
    const data = await read({ ...folders, 'labels.xlsx': await made() });
    expect([data.examples, reasons(data)]).toEqual([[], ['file unreadable']]);
  });

  test('facts about speakers, and what Excel leaves beside an open workbook', async () => {
    const facts = await workbookOf({
      Sheet1: [
        ['id', 'gender'],
        [1, 'm'],
        [2, 'f'],
      ],
    });
    const data = await read({ ...folders, 'speakers.xlsx': facts, '~$speakers.xlsx': 'owner' });
    expect(found(data)).toEqual(['happy/a.mp4 happy', 'sad/b.mp4 sad', 'sad/c.mp4 sad']);
  });

  it.each(['ods', 'xls', 'numbers', 'feather'])('a .%s is refused by its name', async (ending) => {
    const data = await read({ ...folders, [`labels.${ending}`]: 'x' });
    expect([data.examples, messages(data)]).toEqual([[], expect.stringMatching(`a table as \\.${ending}`)]);
  });
});
