/** Exports of Label Studio: JSON, JSON-MIN and CSV (forms as label-studio-sdk's converter writes them). */
import { describe, expect, it } from 'vitest';
import { clips, found, read, reasons, rowsIn } from './reading.ts';

const FILES = clips('a.mp4', 'b.mp4', 'c.mp4', 'd.wav', 'e.jpg');
const chosen = (from: string, ...choices: string[]) => ({
  ...{ from_name: from, to_name: 'video', type: 'choices', id: 'x' },
  value: { choices },
});
const said = (...result: object[]) => ({ id: 5, completed_by: 1, was_cancelled: false, result });
const task = (id: number, data: object, ...annotations: object[]) => ({
  id,
  data,
  annotations,
  predictions: [],
});

describe('tasks', () => {
  it('by the file that was taken up, by local storage and by address; the one that says nothing is named', async () => {
    const tasks = [
      task(1, { video: '/data/upload/3/0a1b2c3d-a.mp4' }, said(chosen('mood', 'sad'))),
      task(2, { audio: '/data/local-files/?d=sound%20of%2Fd.wav' }, said(chosen('mood', 'happy'))),
      task(3, { image: 'https://host/x/e.jpg?token=1' }, said(chosen('mood', 'calm'))),
      task(4, { video: '/data/upload/3/0a1b2c3d-b.mp4' }),
      task(
        5,
        { video: '/data/upload/3/0a1b2c3d-b.mp4' },
        { ...said(chosen('mood', 'sad')), was_cancelled: true },
      ),
    ];
    const { rows, issues } = await rowsIn({ ...FILES, 'export.json': JSON.stringify(tasks) });
    expect(rows).toMatchObject([
      { media: [{ path: 'a.mp4' }], label: 'sad', question: null, row: 1, columns: tasks[0] },
      { media: [{ path: 'sound of/d.wav', kind: 'audio' }], label: 'happy', row: 2 },
      { media: [{ path: 'x/e.jpg', kind: 'image' }], label: 'calm', row: 3 },
    ]);
    expect(issues).toMatchObject([
      { reason: 'label missing', file: 'export.json', row: 4 },
      { reason: 'label missing', file: 'export.json', row: 5 },
    ]);
  });

  it('of several annotators have the word of most; a tie is named, and what is true wins', async () => {
    const votes = (path: string, ...words: string[]) =>
      task(1, { video: path }, ...words.map((word) => said(chosen('mood', word))));
    const tasks = [
      votes('a.mp4', 'sad', 'happy', 'Sad'),
      votes('b.mp4', 'sad', 'happy'),
      task(3, { video: 'c.mp4' }, said(chosen('mood', 'sad')), {
        ...said(chosen('mood', 'calm')),
        ground_truth: true,
      }),
    ];
    const data = await read({ ...FILES, 'export.json': JSON.stringify(tasks) });
    expect(found(data)).toEqual(['a.mp4 sad', 'c.mp4 calm']);
    expect(data.issues).toMatchObject([
      { reason: 'raters disagree', row: 2, message: 'mood: no word has most votes ("sad", "happy").' },
    ]);
  });

  it('of several controls have a column for each', async () => {
    const result = [
      chosen('emotion', 'sad'),
      { from_name: 'note', type: 'textarea', value: { text: ['cries'] } },
      { from_name: 'strength', type: 'rating', value: { rating: 4 } },
    ];
    const { rows } = await rowsIn({
      ...FILES,
      'export.json': JSON.stringify([task(1, { video: 'a.mp4' }, said(...result))]),
    });
    expect(rows).toMatchObject([{ media: [{ path: 'a.mp4' }], label: 'sad' }]);
  });

  it('as completions, as old versions wrote them', async () => {
    const old = { id: 1, data: { video: 'a.mp4' }, completions: [said(chosen('mood', 'sad', 'tired'))] };
    const { rows } = await rowsIn({ ...FILES, 'export.json': JSON.stringify([old]) });
    expect(rows).toMatchObject([{ label: 'sad, tired' }]);
  });

  it('of parts of a recording are a row for each, in seconds', async () => {
    const part = (start: number, end: number, ...labels: string[]) => ({
      ...{ from_name: 'mood', type: 'labels', value: { start, end, channel: 0, labels } },
    });
    const film = (more: object) => ({
      from_name: 'mood',
      value: { ranges: [{ start: 25, end: 75 }], timelinelabels: ['sad'], ...more },
    });
    const tasks = [
      task(1, { audio: 'd.wav' }, said(part(0, 1.5, 'sad'), part(1.5, 3, 'happy'))),
      task(2, { video: 'a.mp4' }, said(film({ framesCount: 250, duration: 10 }))),
      task(3, { video: 'b.mp4' }, said(film({}))),
    ];
    const { rows, issues } = await rowsIn({ ...FILES, 'export.json': JSON.stringify(tasks) });
    expect(rows).toMatchObject([
      { media: [{ path: 'd.wav', start: 0, end: 1.5 }], label: 'sad', row: 1 },
      { media: [{ path: 'd.wav', start: 1.5, end: 3 }], label: 'happy', row: 1 },
      { media: [{ path: 'a.mp4', start: 1, end: 3 }], label: 'sad', row: 2 },
    ]);
    expect(issues).toMatchObject([{ row: 3, message: expect.stringMatching(/counted in frames/) }]);
  });
});

describe('a row an annotation', () => {
  const min = (video: string, more: object, annotator = 1) => ({
    ...{ video, id: 1, annotator, annotation_id: 5, lead_time: 4.2, created_at: 'x', updated_at: 'y' },
    ...more,
  });

  it('as JSON-MIN, with several choices packed, and a broken one named', async () => {
    const rows = [
      min('/data/upload/1/0a1b2c3d-a.mp4', { feeling: 'tense' }),
      min('b.mp4', { feeling: { choices: ['tense', 'tired'] } }),
      min('c.mp4', { feeling: '' }),
    ];
    const data = await rowsIn({ ...FILES, 'min.json': JSON.stringify(rows) });
    expect(data.rows).toMatchObject([
      { media: [{ path: 'a.mp4' }], label: 'tense', columns: rows[0] },
      { media: [{ path: 'b.mp4' }], label: 'tense, tired' },
    ]);
    expect(data.issues).toMatchObject([
      { file: 'min.json', row: 3, message: expect.stringMatching(/label is empty/) },
    ]);
  });

  it('of several annotators has the word of most', async () => {
    const rows = [
      ...['sad', 'sad', 'happy'].map((emotion, i) => min('a.mp4', { emotion }, i)),
      ...['happy', 'happy', 'sad'].map((emotion, i) => min('b.mp4', { emotion }, i)),
      ...['sad', 'calm'].map((emotion, i) => min('c.mp4', { emotion }, i)),
    ];
    const data = await read({ ...FILES, 'min.json': JSON.stringify(rows) });
    expect(found(data)).toEqual(['a.mp4 sad', 'b.mp4 happy']);
    expect(reasons(data)).toEqual(['raters counted', 'raters disagree']);
  });

  it('as CSV, where cells hold JSON', async () => {
    const table = [
      'annotation_id,annotator,created_at,id,lead_time,mood,updated_at,video',
      '5,1,x,1,4.2,sad,y,/data/upload/1/0a1b2c3d-a.mp4',
      '6,1,x,2,4.2,"{""choices"": [""sad"", ""tired""]}",y,b.mp4',
      '7,1,x,3,4.2,,y,c.mp4',
    ];
    const { rows, issues } = await rowsIn({ ...FILES, 'export.csv': `${table.join('\n')}\n` });
    expect(rows).toMatchObject([
      { media: [{ path: 'a.mp4' }], label: 'sad' },
      { media: [{ path: 'b.mp4' }], label: 'sad, tired' },
    ]);
    expect(issues).toMatchObject([{ file: 'export.csv', row: 4 }]);
  });

  it('of parts of a recording is a row for each', async () => {
    const parts = [
      { start: 0, end: 2, channel: 0, labels: ['sad'] },
      { start: 2, end: 3, channel: 0, labels: ['happy'] },
    ];
    const rows = [{ ...min('', { mood: parts }), video: undefined, audio: 'd.wav' }];
    const data = await rowsIn({ ...FILES, 'min.json': JSON.stringify(rows) });
    expect(data.rows).toMatchObject([
      { media: [{ path: 'd.wav', start: 0, end: 2 }], label: 'sad' },
      { media: [{ path: 'd.wav', start: 2, end: 3 }], label: 'happy' },
    ]);
  });
});

it('a part of a recording stands in the columns that a person names, in seconds or as a time', async () => {
  const table =
    'path,label,from,to\nd.wav,sad,0.5,2\nd.wav,happy,00:01:02,00:01:03.5\nd.wav,calm,,\nd.wav,x,soon,4\n';
  const { rows, issues } = await rowsIn({ ...FILES, 'list.csv': table }, { start: 'from', end: 'to' });
  expect(rows.map(({ media }) => media)).toEqual([
    [{ path: 'd.wav', start: 0.5, end: 2 }],
    [{ path: 'd.wav', start: 62, end: 63.5 }],
    [{ path: 'd.wav' }],
  ]);
  expect(issues).toMatchObject([
    {
      file: 'list.csv',
      row: 5,
      message: 'Its start, "from", is "soon"; expected seconds, or a time as 00:16:16,059.',
    },
  ]);
});
