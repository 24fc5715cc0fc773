/** Emotions with a column of numbers each. */
import { expect, it } from 'vitest';
import { clips, found, messages, read } from './reading.ts';

const set = (header: string, ...rows: readonly string[]) => ({
  ...clips('a.mp4', 'b.mp4', 'c.mp4'),
  'x.csv': [`path,${header}`, ...rows.map((row, i) => `${'abc'[i]}.mp4,${row}`)].join('\n'),
});
const asked = async (contents: ReturnType<typeof set>) =>
  (await read(contents)).asks.map(({ what, choices }) => [
    what,
    ...choices.map(({ choice, rows }) => `${choice} ${rows}`),
  ]);

it('one of which is 1: the label, and said', async () => {
  const data = await read(set('angry,happy,sad', '1,0,0', '0,1,0', 'false,false,true'));
  expect([found(data), data.asks]).toEqual([['a.mp4 angry', 'b.mp4 happy', 'c.mp4 sad'], []]);
  expect([data.format, data.columns.answer]).toEqual([
    expect.stringMatching(/the highest of angry, happy, sad/),
    'angry, happy, sad',
  ]);
});

it('votes and shares are asked about; a tie has no label', async () => {
  const votes = set('angry,happy,sad', '80%,10%,10%', '10%,45%,45%', '0%,0%,0%');
  expect(await asked(votes)).toEqual([['label', 'highest 1', 'all 2']]);
  const data = await read(votes, { answers: { label: 'highest' } });
  expect([found(data), messages(data)]).toEqual([
    ['a.mp4 angry'],
    expect.stringMatching(/happy and sad are equally high.*\n.*none of its emotions is above 0/),
  ]);
  expect(found(await read(votes, { answers: { label: 'all' } }))).toEqual([
    'a.mp4 angry, happy, sad',
    'b.mp4 angry, happy, sad',
  ]);
});

it('beside a sentiment, as CMU-MOSEI has them, either may be meant', async () => {
  const mosei = set('sentiment,happy,sad,anger', '-1.3,0,2,0.66', '2,1,0,0', '0.5,0,0,0');
  expect(await asked(mosei)).toEqual([['label', 'highest 2', 'all 2', 'sentiment 3']]);
  expect(found(await read(mosei, { answers: { label: 'sentiment' } }))).toEqual([
    'a.mp4 -1.3',
    'b.mp4 2',
    'c.mp4 0.5',
  ]);
});

it('beside a label they say nothing', async () => {
  expect(found(await read(set('label,angry,happy,sad', 'x,1,0,0', 'y,0,1,0', 'z,0,0,1')))).toEqual([
    'a.mp4 x',
    'b.mp4 y',
    'c.mp4 z',
  ]);
});
