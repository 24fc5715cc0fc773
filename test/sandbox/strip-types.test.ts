import { expect, test } from 'vitest';
import { Failure } from '../../src/sandbox/inside/failure.ts';
import { stripTypes } from '../../src/sandbox/inside/strip-types.ts';

const ts = (text: string) => stripTypes({ name: 'reward.ts', language: 'ts', text });

/** Where a word stands in a text, from 1. */
function placeOf(text: string, word: string) {
  const before = text.slice(0, text.indexOf(word)).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

test('places in what runs lead back to what was written', () => {
  const text = `interface Given { texts: readonly string[] }
type Score = number | null;
export const one = <T extends Given>({ texts }: T): Score[] => texts.map((text: string): Score => parseFloat(text) as Score);
enum Kind { A, B }
export class Counter { constructor(private readonly at: number) {} get(): Kind { return mark(this.at satisfies number); } }`;
  const { code, written } = ts(text);
  expect(code).not.toContain('Score');
  for (const word of ['texts.map', 'parseFloat', 'mark('])
    expect(written(placeOf(code, word))).toEqual(placeOf(text, word));
});

test('what cannot be parsed is said with its place, in either language', () => {
  const fails = (language: 'ts' | 'js', text: string) => {
    try {
      stripTypes({ name: 'r', language, text });
    } catch (error) {
      if (error instanceof Failure) return error.fault;
      throw error;
    }
    return undefined;
  };
  expect(fails('ts', 'const a: = 1;')).toMatchObject({ line: 1, column: 10 });
  expect(fails('js', '\n  const a: number = 1;')).toMatchObject({
    line: 2,
    message: expect.stringMatching(/^SyntaxError: /),
  });
  expect(fails('js', 'export const a = 1;')).toBeUndefined();
});
