/** A data set of 15,000 rows: opened within seconds, in little memory, and without opening a clip. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import { summarise } from '../../src/data/summary.ts';
import type { FileEntry, FileTree } from '../../src/io/files/files.ts';
import { processorTime } from '../setup/processor-time.ts';

const ROWS = 15_000;
const LIMIT_MS = 3_000;
/** Of JavaScript heap after a collection, the files' own entries included. */
const LIMIT_BYTES = 200 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const number = (i: number, width = 0) => String(i).padStart(width, '0');
const indices = Array.from({ length: ROWS }, (_, i) => i);
let opened = 0;
/** A clip whose bytes nobody should ask for. */
const clip = (path: string): FileEntry => ({
  path,
  size: 1000,
  blob: async () => {
    opened++;
    throw new Error(`${path} was opened.`);
  },
});
const text = (path: string, content: string): FileEntry => ({
  path,
  size: content.length,
  blob: async () => new Blob([content]),
});
const row = (i: number, path: string) => ({
  video: path,
  speaker: `s${i % 300}`,
  conversations: [
    {
      from: 'human',
      value: '<video>\n<audio>\nAs an emotional recognition expert; which emotion is the most obvious?',
    },
    { from: 'gpt', value: `label${i % 7}` },
  ],
});

const JSON_NEAR = JSON.stringify(indices.map((i) => row(i, `DFEW/videos/${i}.mp4`)));
const DFEW_LIST = (from: number, to: number) =>
  `video_name,label\n${indices
    .slice(from, to)
    .map((i) => `${i},${1 + (i % 7)}\n`)
    .join('')}`;

const SETS: Record<string, () => FileEntry[]> = {
  'R1-Omni JSON': () => [
    text('train_set.json', JSON_NEAR.replaceAll('"DFEW', '"/datasets/DFEW')),
    ...indices.map((i) => clip(`DFEW/videos/${i}.mp4`)),
  ],
  'R1-Omni JSON, clips with other names': () => [
    text('rows.json', JSON_NEAR),
    ...indices.map((i) => clip(`x${i % 3}/y/${i}.MP4`)),
  ],
  'DFEW as frames': () => [
    text('EmoLabel_DataSplit/train(single-labeled)/set_1.csv', DFEW_LIST(0, 12_000)),
    text('EmoLabel_DataSplit/test(single-labeled)/set_1.csv', DFEW_LIST(12_000, ROWS)),
    ...indices.flatMap((i) =>
      Array.from({ length: 16 }, (_, f) => clip(`Clip/clip_224x224_16f/${number(i, 5)}/${number(f, 3)}.jpg`)),
    ),
  ],
  MAFW: () => [
    text('MAFW/single-set.txt', indices.map((i) => `${number(i, 5)}.mp4\tanger\n`).join('')),
    ...indices.map((i) => clip(`MAFW/clips/${number(i, 5)}.mp4`)),
  ],
  'questions, more than a thousand about each clip': () => [
    text(
      'questions.jsonl',
      indices
        .map((i) =>
          JSON.stringify({ video: `${i % 12}.mp4`, problem: `How many of ${i}?`, solution: `${i}` }),
        )
        .join('\n'),
    ),
    ...indices.slice(0, 12).map((i) => clip(`${i}.mp4`)),
  ],
  'a folder per class': () => indices.map((i) => clip(`label${i % 7}/${i}.mp4`)),
};

test.each(Object.keys(SETS))('%s', async (name) => {
  const files = SETS[name]!().sort((a, b) => (a.path < b.path ? -1 : 1));
  const tree: FileTree = { name, files };
  const { value, milliseconds } = await processorTime(LIMIT_MS, async () => {
    const data = await readDataset(tree, { seed: 1 });
    return { data, summary: summarise(data) };
  });
  const { data, summary } = value;
  collectGarbage();
  const heap = process.memoryUsage().heapUsed;
  // Both are still in use here, so that the collection leaves them alone.
  expect([data.examples.length, summary.count, data.issues.length, opened]).toEqual([ROWS, ROWS, 0, 0]);
  expect(milliseconds).toBeLessThan(LIMIT_MS);
  expect(heap).toBeLessThan(LIMIT_BYTES);
});

/** What a stranger's folder may hold; processor time each may take, where a search by brute force takes minutes. */
const HOSTILE: Record<string, () => FileEntry[]> = {
  'two thousand rows, a hundred thousand files of one name': () => [
    text('rows.json', JSON.stringify(indices.slice(0, 2000).map((i) => row(i, 'clip.mp4')))),
    ...Array.from({ length: 100_000 }, (_, i) => clip(`${i}/clip.mp4`)),
  ],
  'two thousand rows, a hundred thousand folders of one name': () => [
    text('rows.json', JSON.stringify(indices.slice(0, 2000).map((i) => row(i, `video/${i}.mp4`)))),
    ...Array.from({ length: 100_000 }, (_, i) => clip(`${i}/video/x.mp4`)),
  ],
  'names without extension that a hundred thousand pictures have': () => [
    text('rows.json', JSON.stringify(indices.slice(0, 2000).map((i) => row(i, 'face')))),
    ...Array.from({ length: 100_000 }, (_, i) => clip(`${i}/face.png`)),
  ],
  'a label of two megabytes full of open tags': () => [
    text('rows.json', JSON.stringify([{ path: 'a.mp4', label: '<answer>'.repeat(2 ** 18) }])),
    clip('a.mp4'),
  ],
  'a path of two megabytes full of folders': () => [
    text('rows.json', JSON.stringify([{ path: '/a'.repeat(2 ** 20), label: 'x' }])),
    clip('a.mp4'),
  ],
};

test.each(Object.keys(HOSTILE))('%s cost no search', async (name) => {
  const tree: FileTree = { name, files: HOSTILE[name]!() };
  const { value: data, milliseconds } = await processorTime(LIMIT_MS, () => readDataset(tree, { seed: 1 }));
  expect(data.examples.length + data.issues.length).toBe(data.rows);
  expect(milliseconds).toBeLessThan(LIMIT_MS);
});

test('two hundred thousand answers of one row are one that is refused', async () => {
  const answers = Array.from({ length: 200_000 }, (_, i) => ({ from: 'gpt', value: `label ${i % 3}` }));
  const files = [
    text('one.json', JSON.stringify([{ video: 'a.mp4', conversations: answers }])),
    clip('a.mp4'),
  ];
  const { rows, examples, issues } = await readDataset({ name: 'many', files }, { seed: 1 });
  expect([rows, examples.length, issues.length]).toEqual([1, 0, 1]);
  expect(issues[0]?.message).toMatch(/ends with 200000 turns of the assistant/);
});
