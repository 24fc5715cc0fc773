import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Row {
  video: string;
  split: 'train' | 'test';
  conversations: [{ from: 'human'; value: string }, { from: 'gpt'; value: string }];
}

const folder = new URL('../../public/demo/', import.meta.url).pathname;
const rows = JSON.parse(readFileSync(`${folder}data.json`, 'utf8')) as Row[];

it('every row has its clip, every clip its row, and they are small', () => {
  expect(rows.every((row) => existsSync(folder + row.video))).toBe(true);
  const names = readdirSync(`${folder}clips`);
  expect(new Set(rows.map((row) => row.video))).toEqual(new Set(names.map((name) => `clips/${name}`)));
  const bytes = names.reduce((sum, name) => sum + statSync(`${folder}clips/${name}`).size, 0);
  expect(names.length).toBe(128);
  expect(bytes).toBeLessThan(3.5e6);
});

it('labels, splits and containers are balanced against each other', () => {
  const counts = new Map<string, number>();
  for (const { video, split, conversations } of rows) {
    const key = `${conversations[1].value} ${split} ${video.split('.').at(-1)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(4 * 2 * 2);
  for (const [key, count] of counts) expect([key, count]).toEqual([key, key.includes('train') ? 12 : 4]);
});

it('rows are in the form of R1-Omni', () => {
  for (const { conversations } of rows) {
    expect(conversations.map((turn) => turn.from)).toEqual(['human', 'gpt']);
    expect(conversations[0].value).toMatch(/^<video>\n<audio>\n/);
  }
});
