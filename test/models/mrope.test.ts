import { describe, expect, it } from 'vitest';
import { mropePositions, type VisionGrid } from '../../src/decoder/mrope.ts';
import { RandomStream } from '../reference/random-stream.ts';

const IMAGE = 90;
const VIDEO = 91;
const places = (...grids: VisionGrid[]) => ({ placeholders: [IMAGE, VIDEO], grids, merge: 2 });

/** Positions by axis: [t, h, w], each one number a token. */
function byAxis(positions: Uint32Array): number[][] {
  return [0, 1, 2].map((axis) => [...positions].filter((_, i) => i % 3 === axis));
}

const placeholders = (id: number, count: number): number[] => Array<number>(count).fill(id);

/** One part of a prompt: text, or a block of a merged grid. */
type Part = { readonly text: number } | { readonly id: number; readonly grid: VisionGrid };

/** The rule, token by token: each part begins one behind the largest position before it. */
function expected(parts: readonly Part[]): number[][] {
  const tokens: [number, number, number][] = [];
  const start = () => 1 + Math.max(-1, ...tokens.flat());
  for (const part of parts) {
    if ('text' in part) {
      for (let i = 0; i < part.text; i++) tokens.push([start(), start(), start()]);
      continue;
    }
    const p = start();
    const [slices, rows, columns] = part.grid;
    for (let t = 0; t < slices; t++)
      for (let h = 0; h < rows; h++) for (let w = 0; w < columns; w++) tokens.push([p + t, p + h, p + w]);
  }
  return [0, 1, 2].map((axis) => tokens.map((token) => token[axis]!));
}

describe('M-RoPE positions', () => {
  it('are those of the worked example: a video of 3 by 2 by 2 tokens, then five of text', () => {
    const ids = [...placeholders(VIDEO, 12), 1, 2, 3, 4, 5];
    const { positions, next } = mropePositions(ids, places([3, 4, 4]));
    expect(byAxis(positions)).toEqual([
      [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 5, 6, 7],
      [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 3, 4, 5, 6, 7],
      [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 3, 4, 5, 6, 7],
    ]);
    expect(next).toBe(8);
  });

  it('follow the time of the clip where slices are further apart', () => {
    const at = (timeStep: number, grid: VisionGrid, text: number[]) => {
      const ids = [7, ...placeholders(VIDEO, (grid[0] * grid[1] * grid[2]) / 4), ...text];
      return mropePositions(ids, { ...places(grid), timeSteps: [timeStep] });
    };
    // Two seconds a slice at 25 tokens a second.
    const slow = at(50, [3, 4, 4], [1, 2]);
    expect(byAxis(slow.positions)).toEqual([
      [0, 1, 1, 1, 1, 51, 51, 51, 51, 101, 101, 101, 101, 102, 103],
      [0, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 102, 103],
      [0, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 102, 103],
    ]);
    expect(slow.next).toBe(104);
    // 0.6 seconds a slice at two tokens a second: 0, 1.2, 2.4, 3.6, 4.8, 6.
    expect(byAxis(at(1.2, [6, 2, 2], [1]).positions)[0]).toEqual([0, 1, 2, 3, 4, 5, 7, 8]);
    // Slices of a fast clip share a position, and the picture's width decides where the text goes on.
    expect(byAxis(at(0.25, [3, 2, 8], [1]).positions)[0]).toEqual([0, ...placeholders(1, 12), 5]);
  });

  it('of text alone run on all axes', () => {
    const { positions, next } = mropePositions([5, 6, 7], places());
    expect(byAxis(positions)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(next).toBe(3);
  });

  it('follow the rule on random prompts of text, pictures and videos', () => {
    const random = new RandomStream(7);
    for (let trial = 0; trial < 50; trial++) {
      const parts: Part[] = Array.from({ length: 1 + random.below(5) }, () =>
        random.below(2) === 0
          ? { text: 1 + random.below(4) }
          : {
              id: random.below(2) === 0 ? IMAGE : VIDEO,
              grid: [1 + random.below(3), 1 + random.below(3), 1 + random.below(4)],
            },
      );
      const ids = parts.flatMap((part) =>
        'text' in part
          ? placeholders(1, part.text)
          : placeholders(part.id, part.grid[0] * part.grid[1] * part.grid[2]),
      );
      const grids = parts.flatMap((part): VisionGrid[] =>
        'text' in part ? [] : [[part.grid[0], 2 * part.grid[1], 2 * part.grid[2]]],
      );
      const { positions, next } = mropePositions(ids, places(...grids));
      expect(byAxis(positions)).toEqual(expected(parts));
      expect(next).toBe(1 + Math.max(...positions));
    }
  });

  it('need as many placeholders as the grids have tokens', () => {
    const four = placeholders(IMAGE, 4);
    expect(() => mropePositions([1, ...four, 2], places([1, 4, 6]))).toThrow(
      /Picture or video 1 has 4 placeholders in the prompt, expected 6 for a grid of 1 by 4 by 6 patches/,
    );
    expect(() => mropePositions([...four, 2, ...four], places([1, 4, 4]))).toThrow(
      /a place for picture or video 2, but 1 were given/,
    );
    expect(() => mropePositions([1, 2], places([1, 4, 4]))).toThrow(
      /places for 0 pictures and videos, but 1 were given/,
    );
  });
});
