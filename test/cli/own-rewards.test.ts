import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/train-arguments.ts';
import type { InputError } from '../../src/math/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'studio-rewards-'));
const file = join(folder, 'my rewards.py');
writeFileSync(file, 'def length(completions, **kwargs): ...\n');
const long = join(folder, 'long.js');
writeFileSync(long, 'x'.repeat(200_001));
afterAll(() => rmSync(folder, { recursive: true }));

const parsed = (...words: string[]) => parseArguments(['--demo', ...words]).config;

test('files are sources by the name of their function or of themselves, with their hash', () => {
  const { rewards, rewardSources } = parsed('--reward', `${file}:length`, '--reward', file);
  expect(rewards).toEqual(['length', 'my_rewards']);
  expect(rewardSources).toEqual([
    {
      ...{ name: 'length', language: 'py', function: 'length', completions: 'messages' },
      file: 'my rewards.py',
      source: 'def length(completions, **kwargs): ...\n',
      hash: 'e6bfbe60160d22962b41173df853174d91caa24150f3681a5d1340595f0300ef',
    },
    expect.objectContaining({ name: 'my_rewards' }),
  ]);
});

test('they count beside the rewards that are named, each once, and take what form is said', () => {
  const words = ['--rewards', 'format,length', '--reward', `${file}:length`, '--rewardCompletions', 'text'];
  const { rewards, rewardSources } = parsed(...words);
  expect(rewards).toEqual(['format', 'length']);
  expect(rewardSources[0]!.completions).toBe('text');
});

test('a Python file is called as its only function, as TRL logs it, unless that is no name of its own', () => {
  const nameOf = (text: string, ...more: string[]) => {
    const path = join(folder, 'by_file.py');
    writeFileSync(path, text);
    const { rewardSources } = parsed('--reward', path, ...more);
    return rewardSources.map(({ name, function: asked }) => [name, asked]);
  };
  const one = 'def _help(): ...\n\nasync def likes(completions, **kwargs): ...\n\ndef test_likes(): ...\n';
  expect(nameOf(one)).toEqual([['likes', undefined]]);
  expect(nameOf(`${one}def other(**kwargs): ...\n`)).toEqual([['by_file', undefined]]);
  expect(nameOf('def format(completions): ...')).toEqual([['by_file', undefined]]);
  expect(nameOf('def größe(completions): ...')).toEqual([['by_file', undefined]]);
  expect(nameOf(one, '--rewards', 'format,by_file')).toEqual([['by_file', undefined]]);
  const again = join(folder, 'again.py');
  writeFileSync(again, one);
  expect(nameOf(one, '--reward', again)).toEqual([
    ['by_file', undefined],
    ['again', undefined],
  ]);
});

test('a word that is one letter off is told what it may have meant, and no list hides that', () => {
  const hintOf = (word: string) => {
    try {
      return parsed(word, '1');
    } catch (error) {
      return (error as InputError).hint;
    }
  };
  expect(hintOf('--rewad')).toBe('Did you mean --reward? All arguments: npm run train -- --help');
  expect(hintOf('--rewardweihgts')).toBe('All arguments: npm run train -- --help');
  expect(hintOf('--rewardWeight')).toMatch(/^Did you mean --rewardWeights\?/);
});

test.each([
  [['--reward', 'x.rb'], /expected a file that ends in \.py, \.ts or \.js/],
  [['--reward'], /needs a word/],
  [['--reward', join(folder, 'none.py')], /cannot be read/],
  [['--rewardCompletions', 'lists'], /expected messages or text/],
  [['--reward', `${file}:größe`], /"größe" cannot be a reward's name; expected at most 64 letters a to z/],
  [
    ['--reward', `${file}:format`],
    /my rewards\.py:format is the reward "format", a name that is built in\.$/,
  ],
  [['--reward', long], /long\.js: The program has 200001 characters; expected at most 200000/],
  [['--reward', file, '--reward', file], /a name that is that of --reward .*my rewards\.py\.$/],
  [['--rewad', file], /Unknown argument --rewad\.$/],
])('%j is refused', (words, message) => {
  expect(() => parsed(...words)).toThrow(message);
});
