import { describe, expect, it } from 'vitest';
import { defaultConfig, parseConfig } from '../../src/protocol/config.ts';
import type { StoredRun } from '../../src/protocol/messages.ts';
import { readTags } from '../../src/ui/runs/about-form.tsx';
import { compared, differences, valueWords } from '../../src/ui/runs/differences.ts';
import { placed } from '../../src/ui/runs/run-order.ts';
import { storedRun } from '../reference/stored-run.ts';

const from = (id: string) => ({ id, name: id, step: 1 });
const run = (id: string, values: Partial<StoredRun> = {}) => storedRun({ id, name: id, ...values });
const wanted = { text: '', tag: '', order: 'saved' as const };
const tree = (runs: readonly StoredRun[], values = {}) =>
  placed(runs, { ...wanted, ...values }).map((each) => `${'> '.repeat(each.depth)}${each.run.id}`);

describe('the order of kept runs', () => {
  it('has forks under their origins, however deep, and those whose origin is gone by themselves', () => {
    const runs = [
      run('c', { from: from('b'), savedAt: 9 }),
      run('orphan', { from: from('gone'), savedAt: 8 }),
      run('b', { from: from('a'), savedAt: 1 }),
      run('a', { savedAt: 2 }),
      run('b2', { from: from('a'), savedAt: 3 }),
    ];
    expect(tree(runs)).toEqual(['orphan', 'a', '> b2', '> b', '> > c']);
    expect(tree(runs, { text: 'c' })).toEqual(['c']);
    expect(tree(runs, { order: 'name' })).toEqual(['a', 'b', 'b2', 'c', 'orphan']);
  });

  it('shows each run once where origins go in a circle, as only files of strangers say', () => {
    const circle = [
      run('a', { from: from('b') }),
      run('b', { from: from('a') }),
      run('c', { from: from('c') }),
    ];
    expect(tree(circle)).toEqual(['c', 'a', '> b']);
  });

  it('puts the better first, of a loss the smaller, and what has no number last', () => {
    const curve = (metric: 'reward' | 'loss', last: number) => ({
      glance: { curve: { metric, points: [[1, last]] as [number, number][] }, last },
    });
    const runs = [run('none'), run('low', curve('reward', 0.1)), run('high', curve('reward', 0.9))];
    expect(tree(runs, { order: 'curve' })).toEqual(['high', 'low', 'none']);
    const losses = [run('worse', curve('loss', 2)), run('better', curve('loss', 1))];
    expect(tree(losses, { order: 'curve' })).toEqual(['better', 'worse']);
  });

  it('finds words in names, tags, notes, model and data, all of them, in any case', () => {
    const about = { tags: ['Paper 2'], notes: 'warm-up was too short' };
    const runs = [run('a', { about, data: 'MAFW' }), run('b')];
    expect(tree(runs, { text: ' mafw  SHORT paper ' })).toEqual(['a']);
    expect(tree(runs, { text: 'mafw long' })).toEqual([]);
    expect(tree(runs, { tag: 'Paper 2' })).toEqual(['a']);
  });
});

describe('what differs between runs', () => {
  it('is told against the origin of a fork, and else against the run begun before it on the same model', () => {
    const runs = [
      run('old', { createdAt: 1, model: 'x' }),
      run('other', { createdAt: 2, model: 'y' }),
      run('new', { createdAt: 3, model: 'x' }),
      run('fork', { createdAt: 4, model: 'x', from: from('old') }),
      run('orphan', { createdAt: 5, model: 'x', from: from('gone') }),
    ];
    const against = (id: string) => compared(runs.find((each) => each.id === id)!, runs)?.id;
    expect(['old', 'other', 'new', 'fork', 'orphan'].map(against)).toEqual([
      ...[undefined, undefined, 'old', 'old', undefined],
    ]);
  });

  it('is settings, model and data, each with what it was and is', () => {
    const before = { model: 'm', data: 'a', config: defaultConfig() };
    const long = `${'x'.repeat(60)} `;
    const config = parseConfig({ question: `${long}1`, trainGate: !before.config.trainGate });
    expect(differences(before, { model: 'm', data: 'b', config })).toEqual([
      { key: 'data', from: 'a', to: 'b' },
      { key: 'trainGate', from: valueWords(before.config.trainGate), to: valueWords(config.trainGate) },
      { key: 'question', from: expect.any(String), to: `${'x'.repeat(40)}…` },
    ]);
    const other = { ...before, config: parseConfig({ question: `${long}2` }) };
    const [only] = differences({ ...before, config: parseConfig({ question: `${long}1` }) }, other);
    expect(only).toMatchObject({ key: 'question', to: 'changed' });
  });
});

it('tags are parted by commas, each once, and without the space around them', () => {
  expect(readTags(' a,b  c ,, a,')).toEqual(['a', 'b c']);
});
