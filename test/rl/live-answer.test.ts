/** How often an answer is told while it is sampled; that its text is whole, the generator's tests show on real answers. */
import { expect, it } from 'vitest';
import type { LiveAnswer } from '../../src/protocol/live-answer.ts';
import { LiveAnswers } from '../../src/rl/rollout/live-answer.ts';
import type { Tokenizer } from '../../src/text/tokenizer.ts';

/** Each id is a letter. */
const LETTERS = {
  decode: (ids: Iterable<number>) => String.fromCharCode(...Array.from(ids, (id) => 97 + id)),
} as unknown as Tokenizer;

/** Looks every `lookMs` at answers of `tokens` tokens, of which two are drawn between two looks. */
function tell({ lookMs, tokens, looks }: { lookMs: number; tokens: number; looks: number }) {
  let time = 0;
  const pieces: (LiveAnswer & { time: number })[] = [];
  const live = new LiveAnswers(
    (piece) => pieces.push({ ...piece, time }),
    () => time,
  );
  const listener = live.listen({ step: 1, exampleIds: ['a.mp4'], tokenizer: LETTERS });
  for (let look = 0, index = 0, drawn = 0; look < looks; look++, time += lookMs) {
    drawn = Math.min(tokens, drawn + 2);
    const isWhole = drawn === tokens;
    const ids = Uint32Array.from({ length: drawn }, (_, i) => i % 26);
    if (listener.choose([3]) !== undefined) listener.hear({ prompt: 0, index }, ids, isWhole);
    if (!isWhole) continue;
    drawn = 0;
    index++;
  }
  return pieces;
}

it.each([
  { lookMs: 1, tokens: 2, looks: 5000 },
  { lookMs: 10, tokens: 4, looks: 500 },
  { lookMs: 7, tokens: 600, looks: 1200 },
  { lookMs: 99, tokens: 30, looks: 100 },
])('at most ten events go out in any second, and some in each ($lookMs ms, $tokens tokens)', (given) => {
  const pieces = tell(given);
  const times = pieces.map(({ time }) => time);
  for (const [at, time] of times.entries()) {
    expect((times[at + 10] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThanOrEqual(1000);
    if (at > 0) expect(time - times[at - 1]!).toBeLessThan(1000);
  }
  expect(pieces.length).toBeGreaterThan(20);
});

it('an answer goes out once it is whole, however soon after its last piece', () => {
  const pieces = tell({ lookMs: 10, tokens: 4, looks: 2 });
  expect(pieces).toMatchObject([
    { at: 0, text: 'ab', tokens: 2, time: 0 },
    { at: 2, text: 'cd', tokens: 4, time: 10 },
  ]);
});
