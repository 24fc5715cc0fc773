/** Positions of M-RoPE, multimodal rotary embedding (Wang et al. 2024, arXiv 2409.12191): time, height and width of each token. */
import { InputError } from '../math/errors.ts';
import type { PromptPositions } from './rows.ts';

/** A picture or a video as a grid of patches: slices in time (1 for a picture), rows, columns. */
export type VisionGrid = readonly [slices: number, rows: number, columns: number];

/** What a tower was shown of a clip. */
export interface ShownClip {
  readonly grid: VisionGrid;
  /** Seconds of the clip from one slice to the next. */
  readonly sliceSeconds: number;
}

export const MROPE_AXES = 3;

/** Tokens that a grid becomes when squares of merge · merge patches are one token each. */
export const mergedTokens = ([slices, rows, columns]: VisionGrid, merge: number): number =>
  (slices * rows * columns) / merge ** 2;

/** Where the placeholders of pictures and videos lie in a prompt, in order; each takes as many as its grid has merged tokens. */
export interface VisionPlaces {
  /** Ids that stand for a picture's or a video's token. */
  readonly placeholders: readonly number[];
  /** Of the prompt's pictures and videos, in order, in patches. */
  readonly grids: readonly VisionGrid[];
  /**
   * Of each grid the positions from one slice to the next, where these follow the clip's time (Qwen2.5-VL: seconds from
   * slice to slice · tokens per second); they need not be whole. 1 where absent.
   */
  readonly timeSteps?: readonly number[];
  /** Patches along one side of a token. */
  readonly merge: number;
}

/** Checks that the next grid's placeholders begin at `at`, and returns the grid. */
function gridAt(ids: ArrayLike<number>, at: number, index: number, places: VisionPlaces): VisionGrid {
  const grid = places.grids[index];
  if (!grid) {
    throw new InputError(
      `The prompt has a place for picture or video ${index + 1}, but ${places.grids.length} were given.`,
    );
  }
  const expected = mergedTokens(grid, places.merge);
  let found = 0;
  while (found < expected && ids[at + found] === ids[at]) found++;
  if (found === expected) return grid;
  throw new InputError(
    `Picture or video ${index + 1} has ${found} placeholders in the prompt, expected ${expected} for a grid of ${grid.join(' by ')} patches.`,
  );
}

/**
 * Positions of a prompt's tokens. A text token stands one further than all before it, on all axes alike. A vision block
 * that begins at p stands at (p + ⌊slice · time step⌋, p + row, p + column) of its merged grid, slice by slice, row by row.
 * ids [n] → positions [n, 3]. Throws an InputError where placeholders and grids do not match.
 */
export function mropePositions(ids: ArrayLike<number>, places: VisionPlaces): PromptPositions {
  const positions = new Uint32Array(MROPE_AXES * ids.length);
  let next = 0;
  let blocks = 0;
  for (let at = 0; at < ids.length; ) {
    if (!places.placeholders.includes(ids[at]!)) {
      positions.fill(next, MROPE_AXES * at, MROPE_AXES * (at + 1));
      next++;
      at++;
      continue;
    }
    const [slices, rows, columns] = gridAt(ids, at, blocks, places);
    const [height, width] = [rows / places.merge, columns / places.merge];
    const count = slices * height * width;
    const timeStep = places.timeSteps?.[blocks] ?? 1;
    const time = (slice: number): number => Math.floor(slice * timeStep);
    for (let i = 0; i < count; i++) {
      const [slice, row] = [Math.floor(i / (height * width)), Math.floor(i / width) % height];
      positions.set([next + time(slice), next + row, next + (i % width)], MROPE_AXES * (at + i));
    }
    next += Math.max(time(slices - 1) + 1, height, width);
    at += count;
    blocks++;
  }
  if (blocks < places.grids.length) {
    throw new InputError(
      `The prompt has places for ${blocks} pictures and videos, but ${places.grids.length} were given.`,
    );
  }
  return { positions, next };
}
