/** A value axis with round numbers: steps of 1, 2 or 5 times a power of ten. Pure. */

/** Round whole steps within [first, last], about `count` of them; both ends themselves where there is no room for round ones. */
export function stepTicks(first: number, last: number, count = 5): number[] {
  if (last - first < count) return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const rough = (last - first) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    1,
    power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10),
  );
  const begin = Math.ceil(first / step);
  return Array.from({ length: Math.floor(last / step) - begin + 1 }, (_, i) => (begin + i) * step);
}

/**
 * Ticks that enclose [low, high], about `count` of them, equally spaced. Equal ends get room on both sides.
 * Values that are not finite give no ticks.
 */
export function roundTicks(low: number, high: number, count = 4): number[] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [];
  if (low === high)
    return roundTicks(low - (Math.abs(low) || 1) / 10, high + (Math.abs(high) || 1) / 10, count);
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Rounding through text drops the tails of binary fractions: 3 · 0.1 is shown and compared as 0.3.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
