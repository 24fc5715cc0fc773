import { type GroupLayout, layoutGroups, type PackedRows, packRows } from '../../decoder/rows.ts';
import type { PromptTokens } from '../../families/api.ts';

/** One prompt with the completions sampled from it (or, for supervised training, the one right answer). */
export interface TokenGroup {
  readonly prompt: PromptTokens;
  /** Ids of each completion, its end token included. */
  readonly completions: readonly Uint32Array[];
}

/** Marks padding among prediction targets and completion indices. */
export const PADDING = 0xffffffff;

/** Everything a forward pass over packed groups is told, as host arrays of the bucket's capacities. */
export interface PassArrays {
  readonly rows: PackedRows;
  /** u32 [tokens] input ids; 0 at media places and padding. */
  readonly ids: Uint32Array;
  /** u32 [predictions] the token whose hidden state predicts the target. */
  readonly hiddenIndex: Uint32Array;
  /** u32 [predictions] id to predict, PADDING beyond the end. */
  readonly targets: Uint32Array;
  /** u32 [predictions] index of the completion among all, PADDING beyond the end. */
  readonly completionOf: Uint32Array;
  /** First prediction of each completion. */
  readonly starts: readonly number[];
  /** Tokens of each completion. */
  readonly lengths: readonly number[];
  readonly layout: readonly GroupLayout[];
}

/** Steps of the tokens in a bucket that predict nothing. */
const SILENT_STEP = 32;

/** Capacities that passes of similar size share, so that few plans serve a whole run. */
export interface PassSize {
  readonly tokens: number;
  readonly predictions: number;
}

/** A completion's last token is predicted but never fed, so it takes no place in the row. */
function layoutOf(groups: readonly TokenGroup[]): GroupLayout[] {
  return layoutGroups(
    groups.map(({ prompt, completions }) => ({
      promptLength: prompt.ids.length,
      completionLengths: completions.map((ids) => Math.max(0, ids.length - 1)),
      ...(prompt.positions ? { promptPositions: prompt.positions } : {}),
    })),
  );
}

/** Tokens and predictions these groups need, without padding. */
export function passSize(groups: readonly TokenGroup[]): PassSize {
  const lengths = groups.flatMap(({ completions }) => completions.map((ids) => ids.length));
  return {
    tokens: layoutOf(groups).at(-1)?.end ?? 0,
    predictions: lengths.reduce((sum, length) => sum + length, 0),
  };
}

/**
 * `size` rounded up to the bucket steps of a run whose largest pass is `largest`: sixteen steps of tokens, at least 64
 * apart. Tokens that predict nothing (prompts, but for their last) are rounded down, so that batches that differ by few
 * completions share a plan.
 */
export function bucketSize(size: PassSize, largest: PassSize): PassSize {
  const step = Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, largest.tokens / 16))));
  const tokens = Math.max(size.tokens, Math.min(largest.tokens, Math.ceil(size.tokens / step) * step));
  const silent = Math.floor((size.tokens - size.predictions) / SILENT_STEP) * SILENT_STEP;
  const predictions = Math.max(size.predictions, Math.min(largest.predictions, tokens - silent));
  return { tokens, predictions };
}

/** Packs groups into arrays of `size`, with positions on `axes` axes. */
export function packPass(groups: readonly TokenGroup[], size: PassSize, axes = 1): PassArrays {
  const layout = layoutOf(groups);
  const arrays = {
    rows: packRows(layout, size.tokens, axes),
    ids: new Uint32Array(size.tokens),
    hiddenIndex: new Uint32Array(size.predictions),
    targets: new Uint32Array(size.predictions).fill(PADDING),
    completionOf: new Uint32Array(size.predictions).fill(PADDING),
  };
  const starts: number[] = [];
  const lengths: number[] = [];
  let at = 0;
  groups.forEach(({ prompt, completions }, groupIndex) => {
    const { promptStart, promptLength, starts: segments } = layout[groupIndex]!;
    arrays.ids.set(prompt.ids, promptStart);
    completions.forEach((ids, index) => {
      const segment = segments[index]!;
      arrays.ids.set(ids.subarray(0, -1), segment);
      starts.push(at);
      lengths.push(ids.length);
      ids.forEach((id, t) => {
        arrays.hiddenIndex[at] = t === 0 ? promptStart + promptLength - 1 : segment + t - 1;
        arrays.targets[at] = id;
        arrays.completionOf[at] = starts.length - 1;
        at++;
      });
    });
  });
  return { ...arrays, starts, lengths, layout };
}
