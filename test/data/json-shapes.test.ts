/** JSON as programs write it: what is a list in it, and what of it is no JSON. */
import { describe, expect, it } from 'vitest';
import { clips, messages, read, rowsIn } from './reading.ts';

const FILES = clips('a.mp4', 'b.mp4', 'a.jpg', 'b.jpg');
const pairs = async (text: string, name = 'rows.json') => {
  const { rows, issues } = await rowsIn({ ...FILES, [name]: text });
  return [
    rows.map(({ media, label }) => `${media.map(({ path }) => path).join(' ')} ${label}`),
    issues.length,
  ];
};
const A = { video: 'a.mp4', label: 'sad' };
const B = { video: 'b.mp4', label: 'happy' };
const BOTH = [['a.mp4 sad', 'b.mp4 happy'], 0];

describe('a list', () => {
  it.each<readonly [string, unknown]>([
    ['by itself', [A, B]],
    ['under "data"', { version: 1, data: [A, B] }],
    ['under "annotations"', { info: { year: 2025 }, annotations: [A, B] }],
    ['per split', { train: [A], test: [B] }],
    ['as an object by clip', { 'a.mp4': 'sad', 'b.mp4': { label: 'happy' } }],
    ['as an object by id', { 17: A, x18: B }],
    [
      "as an object by clip with an object inside, as Kinetics'",
      { 'a.mp4': { annotations: { label: 'sad' } }, 'b.mp4': { annotations: { label: 'happy' } } },
    ],
    ['as an object by clip under a key', { labels: { 'a.mp4': 'sad', 'b.mp4': 'happy' } }],
    ['as a list of clips for each label', { sad: ['a.mp4'], happy: ['b.mp4'] }],
    ['as a list a column', { path: ['a.mp4', 'b.mp4'], label: ['sad', 'happy'] }],
    ["as pandas' columns", { path: { 0: 'a.mp4', 1: 'b.mp4' }, label: { 0: 'sad', 1: 'happy' } }],
    [
      'as pairs',
      [
        ['a.mp4', 'sad'],
        ['b.mp4', 'happy'],
      ],
    ],
  ])('%s', async (_, value) => {
    expect(await pairs(JSON.stringify(value))).toEqual(BOTH);
    expect(await pairs(JSON.stringify(value, null, 2))).toEqual(BOTH);
  });

  it("as COCO's images and annotations of whole images; boxes are refused", async () => {
    const images = [
      { id: 3, file_name: 'a.jpg' },
      { id: 4, file_name: 'b.jpg' },
    ];
    const categories = [{ id: 1, name: 'sad' }];
    const annotations = [
      { id: 1, image_id: 3, category_id: 1 },
      { id: 2, image_id: 4, caption: 'A man.' },
    ];
    expect(await pairs(JSON.stringify({ images, annotations, categories }))).toEqual([
      ['a.jpg sad', 'b.jpg A man.'],
      0,
    ]);
    const boxes = [{ id: 1, image_id: 3, category_id: 1, bbox: [0, 0, 2, 2] }];
    const { issues } = await rowsIn({
      ...FILES,
      'boxes.json': JSON.stringify({ images, annotations: boxes, categories }),
    });
    expect(issues).toMatchObject([{ file: 'boxes.json', message: expect.stringMatching(/found boxes/) }]);
  });

  it('is told from settings beside the clips', async () => {
    const settings = {
      model: { name: 'x', layers: 2 },
      items: [{ lr: 1 }],
      optimiser: { betas: [0.9, 0.99] },
    };
    const data = await read({
      ...FILES,
      'settings.json': JSON.stringify(settings),
      'rows.json': JSON.stringify([A, B]),
    });
    expect(data.examples.length).toBe(2);
    expect(messages(data)).toMatch(
      /settings\.json: expected a list of clips, found an object with model, items/,
    );
  });
});

describe('a file whose name says another form', () => {
  const lines = `${JSON.stringify(A)}\n${JSON.stringify(B)}\n`;
  it('is read as what it is', async () => {
    expect(await pairs(lines, 'rows.json')).toEqual(BOTH);
    expect(await pairs(JSON.stringify([A, B], null, 1), 'rows.jsonl')).toEqual(BOTH);
  });
});

describe("Python's JSON", () => {
  it('may hold NaN and infinities, which say nothing, and begin with a mark', async () => {
    const list =
      '\uFEFF[{"video": "a.mp4", "label": "sad", "valence": NaN, "x": [Infinity, -Infinity]}, {"video": "b.mp4", "label": NaN}]';
    const { rows, issues } = await rowsIn({ ...FILES, 'rows.json': list });
    expect(rows).toMatchObject([{ label: 'sad', columns: { valence: null, x: [null, null] } }]);
    expect(issues).toMatchObject([{ file: 'rows.json', row: 2, message: expect.stringMatching(/No label/) }]);
    expect(await pairs('{"video": "a.mp4", "label": "NaN: -Infinity", "x": NaN}\n', 'rows.jsonl')).toEqual([
      ['a.mp4 NaN: -Infinity'],
      0,
    ]);
  });

  it.each([
    ['[{"video": "a.mp4", "label": "sad",}]', /not JSON at line 1, column 36: found a comma before "}"/],
    ['[{"video": "a.mp4", "label": "sad"}, ]', /found a comma before "\]"/],
    ["[{'video': 'a.mp4'}]", /not JSON at line 1, column 3: found "'video'/],
    ['[{"video": "a.mp4", "label": nan}]', /not JSON at line 1, column 30/],
  ])('%s is refused by its place', async (text, problem) => {
    const { rows, issues } = await rowsIn({ ...FILES, 'rows.json': text });
    expect(rows).toEqual([]);
    expect(issues).toMatchObject([{ reason: 'file unreadable', message: expect.stringMatching(problem) }]);
  });
});
