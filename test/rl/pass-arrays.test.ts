import { describe, expect, it } from 'vitest';
import { mediaPlaces } from '../../src/rl/media/media-input.ts';
import { bucketSize, PADDING, packPass, passSize, type TokenGroup } from '../../src/rl/update/pass-arrays.ts';
import { toyCompletion, toyPrompt } from '../reference/omni-tiny.ts';
import { RandomStream } from '../reference/random-stream.ts';

function randomGroups(random: RandomStream): TokenGroup[] {
  return Array.from({ length: 1 + random.below(3) }, () => ({
    prompt: toyPrompt(random.below(1000), 2 + random.below(5), random.below(3), random.below(3)),
    completions: Array.from({ length: 1 + random.below(4) }, () =>
      toyCompletion(random.below(1000), 1 + random.below(6)),
    ),
  }));
}

describe('packPass', () => {
  it('predicts every token of every completion from the token before it, and nothing else', () => {
    const random = new RandomStream(3);
    for (let trial = 0; trial < 80; trial++) {
      const groups = randomGroups(random);
      const size = passSize(groups);
      const padded = {
        tokens: size.tokens + random.below(4),
        predictions: size.predictions + random.below(4),
      };
      const arrays = packPass(groups, padded);
      let row = 0;
      groups.forEach(({ prompt, completions }, g) => {
        const { promptStart, promptLength } = arrays.layout[g]!;
        expect([...arrays.ids.subarray(promptStart, promptStart + promptLength)]).toEqual([...prompt.ids]);
        for (const ids of completions) {
          const sequence = [...prompt.ids, ...ids];
          const [start, length] = [arrays.starts[row]!, arrays.lengths[row]!];
          expect(length).toBe(ids.length);
          for (let t = 0; t < length; t++) {
            const token = arrays.hiddenIndex[start + t]!;
            expect(arrays.targets[start + t]).toBe(ids[t]);
            expect(arrays.completionOf[start + t]).toBe(row);
            expect(arrays.rows.positions[token]).toBe(promptLength + t - 1);
            expect(arrays.ids[token]).toBe(sequence[promptLength + t - 1]);
          }
          row++;
        }
      });
      expect([...arrays.targets].filter((id) => id !== PADDING)).toHaveLength(size.predictions);
      expect([...arrays.completionOf].filter((id) => id !== PADDING)).toHaveLength(size.predictions);
    }
  });

  it('feeds no last token: each completion takes one place less than it has tokens', () => {
    const prompt = toyPrompt(1, 4, 2, 1);
    const groups = [{ prompt, completions: [toyCompletion(1, 1), toyCompletion(2, 3)] }];
    expect(passSize(groups)).toEqual({ tokens: 7 + 0 + 2, predictions: 4 });
  });

  it('has media places where the prompt says, video before audio', () => {
    const prompt = toyPrompt(1, 6, 2, 3);
    expect(mediaPlaces(prompt, 10)).toEqual([13, 14, 15, 16, 17]);
    expect(mediaPlaces(toyPrompt(1, 6, 0, 2), 0)).toEqual([3, 4]);
    expect(mediaPlaces(toyPrompt(1, 6), 5)).toEqual([]);
    for (const place of mediaPlaces(prompt, 0)) expect(prompt.ids[place]).toBe(0);
  });
});

describe('bucketSize', () => {
  it('is large enough, never above the largest pass, and takes few values', () => {
    const random = new RandomStream(4);
    for (const largest of [
      { tokens: 50, predictions: 20 },
      { tokens: 3000, predictions: 2000 },
    ]) {
      const seen = new Set<number>();
      for (let trial = 0; trial < 500; trial++) {
        const tokens = 1 + random.below(largest.tokens);
        const predictions = 1 + random.below(Math.min(tokens, largest.predictions));
        const bucket = bucketSize({ tokens, predictions }, largest);
        expect(bucket.tokens).toBeGreaterThanOrEqual(tokens);
        expect(bucket.predictions).toBeGreaterThanOrEqual(predictions);
        expect(bucket.tokens).toBeLessThanOrEqual(largest.tokens);
        seen.add(bucket.tokens);
      }
      expect(seen.size).toBeLessThanOrEqual(17);
    }
  });

  it('is the same for all batches of one prompt length and number of completions that fall into one step', () => {
    const largest = { tokens: 640, predictions: 600 };
    const of = (prompt: number, completions: number, tokens: number) =>
      bucketSize({ tokens: prompt + tokens - completions, predictions: tokens }, largest);
    const buckets = new Set<string>();
    for (let tokens = 8; tokens <= 600; tokens++) buckets.add(JSON.stringify(of(40, 8, tokens)));
    expect(buckets.size).toBeLessThanOrEqual(17);
  });
});
