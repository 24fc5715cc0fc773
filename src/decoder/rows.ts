/**
 * How many sequences lie in one packed row of tokens, and what each token may attend to.
 *
 * A group is one prompt P and its completions c1 … cG, laid out `P | c1 | c2 | … | cG` without padding. A token of c_i
 * sees P and the earlier tokens of c_i, and its position goes on from the end of P. Every query sees two contiguous
 * ranges of keys, and every key is seen by one contiguous range of queries, so attention needs no masks.
 */

/** Attention ranges and positions of `capacity` packed tokens, ready to upload. */
export interface PackedRows {
  readonly capacity: number;
  /** Tokens in use; the rest is padding that sees nothing and is seen by nothing. */
  readonly length: number;
  /** [capacity] position of each token in its own sequence; [capacity, axes] where it has one on each of several axes. */
  readonly positions: Uint32Array;
  readonly axes: number;
  /** [capacity, 4] query i sees keys [x, y) and [z, w). */
  readonly spans: Uint32Array;
  /** [capacity, 2] key j is seen by queries [x, y). */
  readonly keySpans: Uint32Array;
}

/** Where a prompt's tokens stand, when that is not simply 0, 1, 2 … (src/decoder/mrope.ts). */
export interface PromptPositions {
  /** u32 [prompt length, axes] */
  readonly positions: Uint32Array;
  /** Position of the first token behind the prompt, on every axis. */
  readonly next: number;
}

export interface GroupLayout {
  /** First token of the prompt. */
  readonly promptStart: number;
  readonly promptLength: number;
  /** First token of each completion. */
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
  readonly promptPositions?: PromptPositions;
  /** One past the last token of the group. */
  readonly end: number;
}

export interface GroupShape {
  readonly promptLength: number;
  /** Number of tokens of each completion that take part (the last sampled token is never an input). */
  readonly completionLengths: readonly number[];
  readonly promptPositions?: PromptPositions;
}

/** Extents of the positions of that many tokens. */
export const positionShape = (tokens: number, axes: number): readonly number[] =>
  axes === 1 ? [tokens] : [tokens, axes];

/** Where each part of each group lies when the groups follow one another. */
export function layoutGroups(groups: readonly GroupShape[]): GroupLayout[] {
  let at = 0;
  return groups.map(({ promptLength, completionLengths, promptPositions }) => {
    const promptStart = at;
    at += promptLength;
    const starts = completionLengths.map((length) => {
      const start = at;
      at += length;
      return start;
    });
    const prompt = { promptStart, promptLength, ...(promptPositions ? { promptPositions } : {}) };
    return { ...prompt, starts, lengths: completionLengths, end: at };
  });
}

/** Packs groups into `capacity` tokens with positions on `axes` axes. Throws if they do not fit. */
export function packRows(groups: readonly GroupLayout[], capacity: number, axes = 1): PackedRows {
  const length = groups.at(-1)?.end ?? 0;
  if (length > capacity) throw new Error(`packRows: ${length} tokens do not fit ${capacity}.`);
  const rows: PackedRows = {
    capacity,
    length,
    positions: new Uint32Array(axes * capacity),
    axes,
    spans: new Uint32Array(4 * capacity),
    keySpans: new Uint32Array(2 * capacity),
  };
  for (const group of groups) packGroup(rows, group);
  return rows;
}

function packGroup(rows: PackedRows, group: GroupLayout): void {
  const { promptStart, promptLength, promptPositions } = group;
  const promptEnd = promptStart + promptLength;
  const stand = (token: number, position: number): void => {
    rows.positions.fill(position, rows.axes * token, rows.axes * (token + 1));
  };
  for (let i = 0; i < promptLength; i++) {
    const token = promptStart + i;
    stand(token, i);
    rows.spans.set([0, 0, promptStart, token + 1], 4 * token);
    rows.keySpans.set([token, group.end], 2 * token);
  }
  if (promptPositions) {
    const { positions } = promptPositions;
    if (positions.length !== rows.axes * promptLength) {
      throw new Error(
        `packRows: ${positions.length} positions of ${promptLength} tokens on ${rows.axes} axes.`,
      );
    }
    rows.positions.set(positions, rows.axes * promptStart);
  }
  const next = promptPositions?.next ?? promptLength;
  group.starts.forEach((start, index) => {
    const end = start + group.lengths[index]!;
    for (let token = start; token < end; token++) {
      stand(token, next + token - start);
      rows.spans.set([promptStart, promptEnd, start, token + 1], 4 * token);
      rows.keySpans.set([token, end], 2 * token);
    }
  });
}

/** Ranges of segments of these lengths in which every token sees its whole segment (encoders). */
export function packSegments(lengths: readonly number[]): PackedRows {
  const capacity = lengths.reduce((sum, length) => sum + length, 0);
  const positions = new Uint32Array(capacity);
  const spans = new Uint32Array(4 * capacity);
  const keySpans = new Uint32Array(2 * capacity);
  let start = 0;
  for (const length of lengths) {
    const end = start + length;
    for (let token = start; token < end; token++) {
      positions[token] = token - start;
      spans.set([start, end, 0, 0], 4 * token);
      keySpans.set([start, end], 2 * token);
    }
    start = end;
  }
  return { capacity, length: capacity, positions, axes: 1, spans, keySpans };
}

/** As `packSegments`, for `count` segments of equal length. */
export const packFullSegments = (count: number, length: number): PackedRows =>
  packSegments(Array<number>(count).fill(length));
