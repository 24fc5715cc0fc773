/**
 * Qwen2.5-VL's vision tower and merger in float64, in plain loops after the description (Bai et al. 2025, arXiv 2502.13923).
 * Patches keep their order: which of them see one another is asked of each pair, not of where they lie.
 */
import { erf } from './erf.ts';

type Matrix = readonly Float64Array[];

export interface VisionSettings {
  readonly depth: number;
  readonly heads: number;
  /** Patches along one side of a token, and tokens along one side of a window. */
  readonly merge: number;
  readonly window: number;
  readonly fullBlocks: readonly number[];
}

interface Patch {
  readonly slice: number;
  readonly row: number;
  readonly column: number;
}

/** A tensor's values by its name behind `visual.`. */
export type Values = (name: string) => ArrayLike<number>;

/** Where the patches of a grid lie: slice by slice, square of merge · merge by square, in it row by row. */
function patchesOf([slices, rows, columns]: readonly number[], merge: number): Patch[] {
  const patches: Patch[] = [];
  for (let slice = 0; slice < slices!; slice++)
    for (let y = 0; y < rows! / merge; y++)
      for (let x = 0; x < columns! / merge; x++)
        for (let dy = 0; dy < merge; dy++)
          for (let dx = 0; dx < merge; dx++)
            patches.push({ slice, row: merge * y + dy, column: merge * x + dx });
  return patches;
}

/** x·Wᵀ + b, the output's width by `outputs`. */
function affine(x: Matrix, weight: ArrayLike<number>, outputs: number, bias?: ArrayLike<number>): Matrix {
  return x.map((row) =>
    Float64Array.from({ length: outputs }, (_, o) => {
      let sum = bias?.[o] ?? 0;
      for (let i = 0; i < row.length; i++) sum += row[i]! * weight[o * row.length + i]!;
      return sum;
    }),
  );
}

function rms(x: Matrix, weight: ArrayLike<number>): Matrix {
  return x.map((row) => {
    const mean = row.reduce((sum, value) => sum + value * value, 0) / row.length;
    return row.map((value, i) => (value / Math.sqrt(mean + 1e-6)) * weight[i]!);
  });
}

const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((value, j) => value + b[i]![j]!));

/** One head's values turned: pair (i, i + half), the first half of the pairs by the row, the second by the column. */
function turned(head: Float64Array, { row, column }: Patch): Float64Array {
  const half = head.length / 2;
  const quarter = half / 2;
  const out = new Float64Array(head.length);
  for (let i = 0; i < half; i++) {
    const frequency = 10000 ** (-(i % quarter) / quarter);
    const angle = (i < quarter ? row : column) * frequency;
    out[i] = head[i]! * Math.cos(angle) - head[i + half]! * Math.sin(angle);
    out[i + half] = head[i + half]! * Math.cos(angle) + head[i]! * Math.sin(angle);
  }
  return out;
}

function attend(
  qkv: Matrix,
  patches: readonly Patch[],
  heads: number,
  sees: (a: Patch, b: Patch) => boolean,
) {
  const width = qkv[0]!.length / 3;
  const size = width / heads;
  const out = patches.map(() => new Float64Array(width));
  for (let head = 0; head < heads; head++) {
    const part = (third: number, i: number): Float64Array =>
      qkv[i]!.slice(third * width + head * size, third * width + (head + 1) * size);
    const keys = patches.map((patch, i) => turned(part(1, i), patch));
    patches.forEach((patch, i) => {
      const query = turned(part(0, i), patch);
      const seen = patches.flatMap((other, j) => (sees(patch, other) ? [j] : []));
      const scores = seen.map(
        (j) => query.reduce((sum, q, c) => sum + q * keys[j]![c]!, 0) / Math.sqrt(size),
      );
      const most = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - most));
      const total = powers.reduce((sum, power) => sum + power, 0);
      seen.forEach((j, at) => {
        const value = part(2, j);
        for (let c = 0; c < size; c++) out[i]![head * size + c]! += (powers[at]! / total) * value[c]!;
      });
    });
  }
  return out;
}

/** Tokens of pixels [patches, values of one] over a grid of slices, rows, columns: [tokens · output width]. */
export function qwen25VlTokens(
  values: Values,
  { depth, heads, merge, window, fullBlocks }: VisionSettings,
  pixels: ArrayLike<number>,
  grid: readonly [number, number, number],
): Float64Array {
  const patches = patchesOf(grid, merge);
  const each = pixels.length / patches.length;
  const rows = patches.map((_, i) => Float64Array.from({ length: each }, (_, c) => pixels[i * each + c]!));
  const width = values('merger.ln_q.weight').length;
  const side = merge * window;
  const inWindow = (a: Patch, b: Patch): boolean =>
    a.slice === b.slice &&
    Math.floor(a.row / side) === Math.floor(b.row / side) &&
    Math.floor(a.column / side) === Math.floor(b.column / side);
  let x = affine(rows, values('patch_embed.proj.weight'), width);
  for (let block = 0; block < depth; block++) {
    const of = (name: string): ArrayLike<number> => values(`blocks.${block}.${name}`);
    const linear = (input: Matrix, name: string): Matrix =>
      affine(input, of(`${name}.weight`), of(`${name}.bias`).length, of(`${name}.bias`));
    const sees = fullBlocks.includes(block) ? (a: Patch, b: Patch) => a.slice === b.slice : inWindow;
    const qkv = linear(rms(x, of('norm1.weight')), 'attn.qkv');
    x = plus(x, linear(attend(qkv, patches, heads, sees), 'attn.proj'));
    const h = rms(x, of('norm2.weight'));
    const up = linear(h, 'mlp.up_proj');
    const gated = linear(h, 'mlp.gate_proj').map((row, i) =>
      row.map((gate, j) => (gate / (1 + Math.exp(-gate))) * up[i]![j]!),
    );
    x = plus(x, linear(gated, 'mlp.down_proj'));
  }
  return merged(values, rms(x, values('merger.ln_q.weight')), merge);
}

/** Each merge² consecutive patches side by side, through the merger's two layers. */
function merged(values: Values, x: Matrix, merge: number): Float64Array {
  const count = merge ** 2;
  const joined = Array.from({ length: x.length / count }, (_, token) =>
    Float64Array.from(x.slice(token * count, (token + 1) * count).flatMap((row) => [...row])),
  );
  const layer = (input: Matrix, name: string): Matrix => {
    const bias = values(`merger.mlp.${name}.bias`);
    return affine(input, values(`merger.mlp.${name}.weight`), bias.length, bias);
  };
  const inner = layer(joined, '0').map((row) => row.map((v) => 0.5 * v * (1 + erf(v / Math.SQRT2))));
  return Float64Array.from(layer(inner, '2').flatMap((row) => [...row]));
}
