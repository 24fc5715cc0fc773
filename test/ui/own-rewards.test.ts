/** What the editor of own rewards does to the settings, what it begins with, keeps and says; no page in here. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import type { RewardSource } from '../../src/rewards/contract.ts';
import { stripTypes } from '../../src/sandbox/inside/strip-types.ts';
import { contractWords } from '../../src/ui/rewards/contract-words.ts';
import { type Checked, FileChecker } from '../../src/ui/rewards/file-checker.ts';
import {
  changedSince,
  fileOfDisk,
  filesInUse,
  isInSettings,
  nameProblem,
  type OwnFile,
  type RewardSettings,
  sourcesOf,
  withSources,
} from '../../src/ui/rewards/own-files.ts';
import { startingFile } from '../../src/ui/rewards/starts.ts';
import { readVersions, withVersions } from '../../src/ui/rewards/versions.ts';

const file = (text: string, name = 'mine'): OwnFile => ({ name, language: 'ts', text, completions: 'text' });
const named = (name: string, source = ''): RewardSource => ({
  ...{ name, source, language: 'py', completions: 'messages' },
  hash: createHash('sha256').update(source).digest('hex'),
});

describe('the settings', () => {
  const settings: RewardSettings = {
    rewards: ['format', 'a', 'b'],
    rewardWeights: [0.5, 2, 3],
    rewardSources: [named('other'), named('a', '1'), named('b', '2')],
  };

  test('take functions of a file with its exact text and hash, and the checks of a run pass them', async () => {
    const sources = await sourcesOf(file('export const é = 1;'), ['mine', 'second']);
    expect(sources.map(({ name, function: asked, file: from }) => [name, asked, from])).toEqual([
      ['mine', undefined, undefined],
      ['second', 'second', 'mine.ts'],
    ]);
    expect(sources[0]!.hash).toBe(createHash('sha256').update('export const é = 1;').digest('hex'));
    const next = withSources({ rewards: ['format'], rewardWeights: [], rewardSources: [] }, [], sources);
    expect(parseConfig(next)).toMatchObject({ rewards: ['format', 'mine', 'second'], rewardWeights: [] });
    expect(filesInUse(sources)).toEqual([
      { ...file('export const é = 1;'), hash: sources[0]!.hash, rewards: ['mine', 'second'] },
    ]);
    // A file is opened again under its own name, also where none of its rewards has it.
    expect(filesInUse(sources.slice(1))).toMatchObject([{ name: 'mine', rewards: ['second'] }]);
  });

  test('keep place and weight of a reward that is mended or renamed', () => {
    expect(withSources(settings, ['a'], [named('a', '3')])).toEqual({
      ...settings,
      rewardSources: [named('other'), named('a', '3'), named('b', '2')],
    });
    const renamed = withSources(settings, ['a'], [named('c', '3')]);
    expect(renamed).toMatchObject({ rewards: ['format', 'c', 'b'], rewardWeights: [0.5, 2, 3] });
    expect(renamed.rewardSources.map(({ name }) => name)).toEqual(['other', 'c', 'b']);
  });

  test('let go of a reward with its weight, and choose what is new with weight 1', () => {
    const without = withSources(settings, ['a'], []);
    expect(without).toMatchObject({ rewards: ['format', 'b'], rewardWeights: [0.5, 3] });
    expect(without.rewardSources.map(({ name }) => name)).toEqual(['other', 'b']);
    const two = withSources(settings, ['b'], [named('b', '3'), named('c', '3')]);
    expect(two).toMatchObject({ rewards: ['format', 'a', 'b', 'c'], rewardWeights: [0.5, 2, 3, 1] });
  });

  test('say which programs a run has otherwise: another text, another function, or given another form', () => {
    const [a, b, c, d] = [named('a', '1'), named('b', '1'), named('c', '1'), named('d', '1')];
    const running = [a, b, c, d];
    const drafted = [a, named('b', '2'), { ...c, completions: 'text' as const }, { ...d, function: 'x' }];
    const changed = changedSince([...drafted, named('new')], running);
    expect(changed.map(({ name }) => name)).toEqual(['b', 'c', 'd']);
    const open = { name: 'a', language: 'py', text: '1', completions: 'messages' } as const;
    expect(isInSettings(running, ['a', 'b'], open)).toBe(true);
    expect(isInSettings(running, ['a'], { ...open, text: '2' })).toBe(false);
    expect(isInSettings(running, ['a'], { ...open, completions: 'text' })).toBe(false);
    expect(isInSettings(running, ['a', 'gone'], open)).toBe(false);
  });

  test('take no name that is another reward’s, or no name', () => {
    expect(nameProblem('format', ['accuracy', 'format'])).toContain('There is a reward "format" already');
    expect(nameProblem('größe', [])).toContain('cannot be a reward');
    // What is kept by name would find these where nothing is kept.
    for (const name of ['constructor', 'toString', '__proto__']) {
      expect(nameProblem(name, [])).toContain('no word that every object has');
      const of = { rewards: [name], rewardSources: [named(name)] };
      expect(() => parseConfig(of)).toThrow(/rewards is/);
    }
    expect(nameProblem('constructors', [])).toBeUndefined();
    expect(nameProblem('size', ['format'])).toBeUndefined();
  });
});

test('files of the disk are told by their ending, and named so that a reward can be', () => {
  expect(fileOfDisk('my rewards.v2.PY', 'x')).toEqual({
    ...{ name: 'my_rewards_v2', language: 'py', text: 'x', completions: 'messages' },
  });
  expect(fileOfDisk('2.mjs', '')).toMatchObject({ name: '_2', language: 'js' });
  expect(fileOfDisk('notes.txt', '')).toBeUndefined();
});

test.each(['ts', 'js'] as const)('a new reward in %s works, and its test passes', async (language) => {
  const { name, text } = startingFile(language, ['my_reward']);
  expect(name).toBe('my_reward_2');
  const { code } = stripTypes({ name: 'a', language, text });
  if (language === 'js') expect(code).toBe(text);
  const equal = (found: unknown, expected: unknown) => expect(found).toEqual(expected);
  const run = new Function('assert', `${code.replaceAll('export ', '')}; testLabels(); return ${name}`);
  const reward = run({ equal });
  const completions = [[{ role: 'assistant', content: 'Sad.' }], [{ role: 'assistant', content: 'Sad.' }]];
  expect(reward({ completions, solution: ['sad', null] })).toEqual([1, null]);
});

test('the editor knows what a function is called with, in the file’s language', () => {
  const types = (...given: Parameters<typeof contractWords>) =>
    new Map(contractWords(...given).map(({ name, type }) => [name, type]));
  const typescript = types('ts', 'text', ['ground_truth', 'two words', 'label', 'prompts']);
  expect([...typescript.keys()]).toEqual([
    ...['completions', 'prompts', 'completion_ids', 'trainer_state', 'log_metric', 'log_extra'],
    ...['ground_truth', 'label', 'id', 'solution', 'answer', 'question', 'split'],
  ]);
  expect(typescript.get('completions')).toBe('string[]');
  expect(types('py', 'messages', []).get('completions')).toBe('list[list[dict[str, str]]]');
});

describe('versions', () => {
  test('are kept by name, newest first, each once', () => {
    let versions = withVersions({}, [named('a', '1'), named('b', '1')], 1);
    versions = withVersions(versions, [named('a', '2')], 2);
    versions = withVersions(versions, [named('a', '1')], 3);
    expect(versions.a!.map(({ source, at }) => [source, at])).toEqual([
      ['1', 3],
      ['2', 2],
    ]);
    expect(versions.b).toHaveLength(1);
  });

  test('are taken back one by one: what another build left in another shape is none', () => {
    const good = withVersions({}, [named('a', '1'), { ...named('other', 'x'), function: 'f' }], 5);
    expect(readVersions(good)).toEqual(good);
    const [whole] = good.a!;
    const { at: _, ...undated } = whole!;
    const strange = [undated, { ...whole, hash: 'a' }, { ...whole, name: 'b' }, null, 'text'];
    expect(readVersions({ ...good, a: [...strange, whole], b: whole, c: 'text', d: strange })).toEqual(good);
    for (const none of [undefined, null, 'text', 7, [whole]]) expect(readVersions(none)).toEqual({});
  });

  test('are bounded in number and in characters: the oldest go', () => {
    let versions = {};
    for (let at = 0; at < 30; at++) versions = withVersions(versions, [named('a', `${at}`)], at);
    expect(versions).toMatchObject({ a: { length: 20, 0: { source: '29' } } });
    const long = 'x'.repeat(199_000);
    for (let at = 30; at < 60; at++) versions = withVersions(versions, [named(`n${at}`, long)], at);
    const kept = Object.values(versions as ReturnType<typeof withVersions>).flat();
    expect(kept).toHaveLength(20);
    expect(Math.min(...kept.map(({ at }) => at))).toBe(40);
  });
});

describe('checks', () => {
  test('are of the newest text, one at a time', async () => {
    const opened: string[] = [];
    let open = 0;
    const told: Checked[] = [];
    const isOver = new Promise<void>((over) => {
      const checker = new FileChecker(
        async ({ text }) => {
          expect(++open).toBe(1);
          opened.push(text);
          if (text === 'first') for (const later of ['second', 'third']) checker.check(file(later));
          await new Promise((later) => setTimeout(later, 20));
          const check = async () => {
            open--;
            return [{ name: text, ok: true }];
          };
          return { functions: ['mine'], check };
        },
        (checked) => {
          told.push(checked);
          if (checked.file.text === 'third') over();
        },
        1,
      );
      checker.check(file('unseen'));
      checker.check(file('first'));
    });
    await isOver;
    expect(opened).toEqual(['first', 'third']);
    expect(told.map(({ tests }) => tests[0]!.name)).toEqual(['first', 'third']);
  });

  test('say why a file cannot be used', async () => {
    const told = await new Promise<Checked>((tell) => {
      const failing = async () => {
        throw new Error('mine.ts:1:2: SyntaxError: no');
      };
      new FileChecker(failing, tell, 1).check(file('('));
    });
    expect(told).toMatchObject({
      functions: [],
      tests: [],
      fault: { message: 'mine.ts:1:2: SyntaxError: no' },
    });
  });
});
