/** Windows of a grid of tokens, in which most blocks of Qwen2.5-VL's vision tower attend (Bai et al. 2025, arXiv 2502.13923). */

/** The tokens of a grid, window by window. */
export interface TokenWindows {
  /** u32 [tokens] the token that comes at each place: slice by slice, in it window by window, in it row by row. */
  readonly order: Uint32Array;
  /** Tokens of each window, in that order; windows at the right and lower border may be cut short. */
  readonly sizes: readonly number[];
}

/** Windows of side · side tokens over each of `slices` slices of height · width tokens, from its upper left corner on. */
export function tokenWindows(slices: number, height: number, width: number, side: number): TokenWindows {
  const order: number[] = [];
  const sizes: number[] = [];
  const addWindow = (slice: number, top: number, left: number): void => {
    const [bottom, right] = [Math.min(top + side, height), Math.min(left + side, width)];
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) order.push((slice * height + row) * width + column);
    }
    sizes.push((bottom - top) * (right - left));
  };
  for (let slice = 0; slice < slices; slice++) {
    for (let top = 0; top < height; top += side) {
      for (let left = 0; left < width; left += side) addWindow(slice, top, left);
    }
  }
  return { order: Uint32Array.from(order), sizes };
}

/** At which place each token comes: u32 [tokens], the inverse of `order`. */
export function placesOf(order: Uint32Array): Uint32Array {
  const places = new Uint32Array(order.length);
  order.forEach((token, place) => {
    places[token] = place;
  });
  return places;
}

/** The values [tokens, perToken] in another order of tokens. */
export function reordered(values: Uint32Array, order: Uint32Array): Uint32Array {
  const perToken = values.length / order.length;
  const moved = new Uint32Array(values.length);
  order.forEach((token, place) => {
    moved.set(values.subarray(token * perToken, (token + 1) * perToken), place * perToken);
  });
  return moved;
}
