import { beforeAll, describe, expect, it } from 'vitest';
import type { AnswerFilter, AnswerQuery } from '../../src/protocol/answer-search.ts';
import type { RolloutGroup } from '../../src/protocol/messages.ts';
import { AnswerLog } from '../../src/worker/runs/answer-log.ts';
import { AnswerSearch, type Searching } from '../../src/worker/runs/answer-search.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { TokenLog } from '../../src/worker/runs/token-log.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { processorTime } from '../setup/processor-time.ts';
import { LONG_RUN, longGroups, writeLongLogs } from './long-run.ts';

const all: AnswerFilter = { wrongOnly: false, silentOnly: false, cutOnly: false, search: '' };
const query = (filter: Partial<AnswerFilter> = {}, more: Partial<AnswerQuery> = {}): AnswerQuery => ({
  ...{ filter: { ...all, ...filter }, bare: false, order: 'step' as const, rising: true, ...more },
});
const quiet: Searching = { report: () => undefined, signal: new AbortController().signal };

type Told = [text: string, answer: string | null, total: number, kl?: number];
const group = (exampleId: string, label: string, ...told: Told[]): RolloutGroup => ({
  ...{ exampleId, label },
  completions: told.map(([text, answer, total, meanKl]) => ({
    ...{
      text,
      rawText: text,
      tokens: text.length,
      ended: total < 0 ? ('length' as const) : ('eos' as const),
    },
    ...{ rewards: { accuracy: total }, total, advantage: total / 2, answer },
    ...(meanKl === undefined ? {} : { meanKl }),
  })),
});

/** Two steps: one group that teaches nothing and one that does, then the first clip again. */
function smallLog(): AnswerLog {
  const log = new AnswerLog();
  log.add(1, [
    group('a.mp4', 'sad', ['He frowns', 'sad', 1, 0.3], ['He "smiles"', 'happy', 1, 0.1]),
    group('b.mp4', 'happy', ['happy', null, 2], ['A çry', 'sad', -1, 0.2]),
  ]);
  log.add(2, [group('a.mp4', 'sad', ['SAD eyes', 'sad', 3, 0.4], ['none', null, 0, 0.5])]);
  return log;
}

async function found(asked: AnswerQuery, log = smallLog()) {
  const { rows, ...rest } = (await new AnswerSearch(log).find(asked, { from: 0, count: 99 }, quiet))!;
  return { ...rest, at: rows.map(({ step, place }) => `${step}.${place}`) };
}
const at = async (...asked: Parameters<typeof query>) => (await found(query(...asked))).at;

describe('a search among all answers', () => {
  it('finds by clip, label, right or wrong, what taught nothing, what was cut, and by text whatever its case', async () => {
    expect(await found(query())).toEqual({
      ...{ total: 6, of: 6, labels: ['happy', 'sad'] },
      at: ['1.0', '1.1', '1.2', '1.3', '2.0', '2.1'],
    });
    expect(await at({ exampleId: 'a.mp4' })).toEqual(['1.0', '1.1', '2.0', '2.1']);
    expect(await at({ exampleId: 'c.mp4' })).toEqual([]);
    expect(await at({ label: 'happy' })).toEqual(['1.2', '1.3']);
    expect(await at({ label: 'angry' })).toEqual([]);
    expect(await at({ wrongOnly: true })).toEqual(['1.1', '1.2', '1.3', '2.1']);
    expect(await at({ wrongOnly: true }, { bare: true })).toEqual(['1.1', '1.3', '2.1']);
    expect(await at({ silentOnly: true })).toEqual(['1.0', '1.1']);
    expect(await at({ cutOnly: true })).toEqual(['1.3']);
    expect(await at({ search: 'SAD' })).toEqual(['2.0']);
    expect(await at({ search: '"smiles"' })).toEqual(['1.1']);
    expect(await at({ search: 'ÇRY' })).toEqual(['1.3']);
    // The clip's name, and what rewards said, are no text of an answer.
    expect(await at({ search: 'accuracy' })).toEqual([]);
    expect(await at({ search: 'he', wrongOnly: true })).toEqual(['1.1']);
  });

  it('orders by any number, either way; answers without it come last', async () => {
    expect(await at({}, { rising: false })).toEqual(['2.1', '2.0', '1.3', '1.2', '1.1', '1.0']);
    expect(await at({}, { order: 'reward', rising: false })).toEqual([
      '2.0',
      '1.2',
      '1.0',
      '1.1',
      '2.1',
      '1.3',
    ]);
    expect(await at({}, { order: 'kl' })).toEqual(['1.1', '1.3', '1.0', '2.0', '2.1', '1.2']);
    expect((await at({}, { order: 'kl', rising: false })).at(-1)).toBe('1.2');
    expect((await at({}, { order: 'length' }))[0]).toBe('2.1');
    expect((await at({}, { order: 'advantage' }))[0]).toBe('1.3');
  });

  it('tells a found answer in full, part by part, though the run goes on between two parts', async () => {
    const log = smallLog();
    const search = new AnswerSearch(log);
    const asked = query({}, { order: 'step', rising: false });
    const first = await search.find(asked, { from: 0, count: 1 }, quiet);
    expect(first?.rows).toEqual([
      {
        ...{ step: 2, place: 1, exampleId: 'a.mp4', label: 'sad', text: 'none', rawText: 'none', tokens: 4 },
        ...{ ended: 'eos', rewards: { accuracy: 0 }, total: 0, advantage: 0, answer: null, meanKl: 0.5 },
      },
    ]);
    log.add(3, [group('b.mp4', 'happy', ['happy', 'happy', 1])]);
    const rest = await search.find(asked, { from: 1, count: 9 }, quiet);
    expect(rest?.rows.map(({ step, place }) => `${step}.${place}`)).toEqual([
      '2.0',
      '1.3',
      '1.2',
      '1.1',
      '1.0',
    ]);
    expect((await search.find(asked, { from: 0, count: 9 }, quiet))?.total).toBe(7);
  });

  it('says of every step that asked a clip how often it was right, and its mean reward', async () => {
    const search = new AnswerSearch(smallLog());
    expect(await search.visits('a.mp4', false, quiet)).toEqual([
      { step: 1, answers: 2, right: 1, reward: 1 },
      { step: 2, answers: 2, right: 1, reward: 1.5 },
    ]);
    expect(await search.visits('c.mp4', false, quiet)).toEqual([]);
  });

  it('is answered by nothing once it is ended, and the next one finds all', async () => {
    const search = new AnswerSearch(smallLog());
    const ending = new AbortController();
    const report = () => ending.abort();
    const part = { from: 0, count: 9 };
    expect(
      await search.find(query({ search: 'he' }), part, { report, signal: ending.signal }),
    ).toBeUndefined();
    expect((await search.find(query({ silentOnly: true }), part, quiet))?.total).toBe(2);
  });
});

describe('80,000 answers', () => {
  let log = new AnswerLog();
  let told = 0;
  let opening = 0;
  const reads: number[] = [];
  const noted: Searching = { ...quiet, report: (done, total) => reads.push(done / total) };
  /** Into logs of its own, as when it is opened. */
  async function replayed(store: RunStore): Promise<void> {
    log = new AnswerLog();
    told = 0;
    const step = () => told++;
    const nothing = { evaluation: () => undefined, alarm: () => undefined };
    const notes = await store.logs('long', log, new TokenLog()).replay(LONG_RUN.steps, { step, ...nothing });
    expect(notes).toEqual([]);
  }

  beforeAll(async () => {
    const store = new RunStore(new MemoryStore());
    // Token values of all steps would take most of the test's time to be made.
    await writeLongLogs(store, 'long', { ...LONG_RUN, tokensFrom: LONG_RUN.steps - 100 });
    opening = (await processorTime(3000, () => replayed(store))).milliseconds;
  }, 240_000);

  it('and ten thousand steps are read back from a stored run within three seconds of processor time', () => {
    expect(told).toBe(LONG_RUN.steps);
    expect(log.steps).toHaveLength(LONG_RUN.steps);
    expect(opening).toBeLessThan(3000);
  });

  it('are searched within a few seconds of processor time, then within one, and tell how far that is', async () => {
    const search = new AnswerSearch(log);
    const asked = query({ search: 'voice lowers', wrongOnly: true }, { order: 'kl', rising: false });
    const part = { from: 0, count: 60 };
    const first = await processorTime(4000, () => new AnswerSearch(log).find(asked, part, noted));
    expect(first.value!.of).toBe(80_000);
    expect(first.value!.total).toBeGreaterThan(100);
    const { rows } = first.value!;
    expect(rows.every(({ text, answer, label }) => text.includes('voice lowers') && answer !== label)).toBe(
      true,
    );
    expect(rows.map(({ meanKl }) => meanKl)).toEqual(rows.map(({ meanKl }) => meanKl!).sort((a, b) => b - a));
    expect(reads.some((share) => share > 0.2 && share < 0.8)).toBe(true);
    await search.find(query(), part, quiet);
    const numbers = await processorTime(500, () =>
      search.find(query({ cutOnly: true }, { order: 'kl' }), part, quiet),
    );
    const clip = await processorTime(200, () => search.visits('clips/7.mp4', false, quiet));
    const texts = await processorTime(2000, () =>
      search.find(query({ search: 'no such words' }), part, quiet),
    );
    expect(first.milliseconds).toBeLessThan(4000);
    expect(numbers.milliseconds).toBeLessThan(500);
    expect(clip.milliseconds).toBeLessThan(200);
    expect(texts.milliseconds).toBeLessThan(2000);
    expect(texts.value!.total).toBe(0);
  }, 120_000);

  it('are read step by step without reading the others', async () => {
    const step = await processorTime(20, () => log.groups(7777));
    expect(step.value).toEqual(longGroups(7777, LONG_RUN));
    expect(step.milliseconds).toBeLessThan(20);
  });
});
