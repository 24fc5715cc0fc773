import {
  bytesOf,
  expectShape,
  kernelsOf,
  placed,
  type Recorder,
  type Tape,
  type Tensor,
  updating,
  zeros,
} from '../../gpu/index.ts';
import { matmul } from '../matmul/matmul.ts';

const kernel = kernelsOf('head', ['rows', 'tile', 'first', 'vocabulary']);
const begin = kernel('begin', { writes: ['state'] });
const tileBuffers = { reads: ['raw', 'targets', 'inverse_temperature'], updates: ['state'] } as const;
const takeTile = kernel('take_tile', tileBuffers);
const takeTileNarrow = kernel('take_tile_narrow', tileBuffers);
/** Tiles of at most this many columns are read by one thread a row: a workgroup would mostly wait at its barriers. */
const NARROW_TILE = 512;
const finish = kernel('finish', { reads: ['targets', 'saved_state'], writes: ['log_probs', 'entropies'] });
const backwardTile = kernel('backward_tile', {
  reads: ['targets', 'inverse_temperature', 'saved_state', 'd_log_probs', 'd_entropies'],
  updates: ['d_raw'],
});
const placeFirst = kernel('place', { reads: ['raw'], writes: ['logits'] });
const placeMore = updating(placeFirst, 'logits');

/** Bytes of one tile of logits, at most. */
const TILE_BYTES = 32 * 2 ** 20;
/** Tiles start at multiples of this many vocabulary rows, so that they start at multiples of 256 bytes and at whole groups. */
const TILE_STEP = 128;

/** Target of a row that does not count. */
export const NO_TARGET = 0xffff_ffff;

/** Consecutive vocabulary rows of one shard, as tensors of their own over the shard's memory. */
interface Tile {
  /** Vocabulary id of the first row. */
  readonly first: number;
  /** [rows, d]; with `grad` if the shard has one. */
  readonly weight: Tensor;
}

function rowsOf(tensor: Tensor, start: number, count: number): Tensor {
  const { buffer, offset } = placed(tensor);
  const cols = tensor.shape[1]!;
  const { grad, ...plain } = tensor;
  return {
    ...plain,
    shape: [count, cols],
    storage: { kind: 'buffer', buffer, offset: offset + bytesOf(start * cols, tensor.dtype) },
    ...(grad ? { grad: rowsOf(grad, start, count) } : {}),
  };
}

function tilesOf(shards: readonly Tensor[], rows: number, tileBytes: number): Tile[] {
  const step = Math.max(TILE_STEP, Math.floor(tileBytes / (4 * rows * TILE_STEP)) * TILE_STEP);
  const tiles: Tile[] = [];
  let base = 0;
  for (const shard of shards) {
    const extent = shard.shape[0]!;
    for (let start = 0; start < extent; start += step) {
      const weight = extent <= step ? shard : rowsOf(shard, start, Math.min(step, extent - start));
      tiles.push({ first: base + start, weight });
    }
    base += extent;
  }
  return tiles;
}

export interface LogProbs {
  /** Natural-log probability of each row's target [m]; 0 where there is none. */
  readonly logProbs: Tensor;
  /** Entropy of each row's distribution in nats [m]; 0 where there is no target. */
  readonly entropies: Tensor;
  /** The largest logit of each row over the temperature, the sum of exponentials below it, and two more [m, 4]. */
  readonly state: Tensor;
}

export interface HeadOptions {
  /** Bytes of one tile of logits; 32 MiB unless said. */
  readonly tileBytes?: number;
  /** Shown the raw logits [m, tile] of each tile of the forward, and the vocabulary id of its first column. */
  readonly eachTile?: (raw: Tensor, first: number) => void;
}

/**
 * Log-probabilities of `targets` and entropies under softmax(hidden · Wᵀ · inverseTemperature), over vocabulary tiles:
 * of the logits [m, vocabulary] only one tile exists at a time, in the backward too, which makes each tile again.
 * hidden [m, d]; `weight`: consecutive vocabulary ranges [v, d] in any weight format; targets u32 [m], NO_TARGET for
 * rows that do not count; inverseTemperature f32 [1].
 */
export function headLogProbs(
  tape: Tape,
  hidden: Tensor,
  weight: readonly Tensor[],
  targets: Tensor,
  inverseTemperature: Tensor,
  { tileBytes = TILE_BYTES, eachTile }: HeadOptions = {},
): LogProbs {
  const rows = hidden.shape[0]!;
  for (const shard of weight) expectShape('headLogProbs weight', shard, [-1, hidden.shape[1]!]);
  expectShape('headLogProbs targets', targets, [rows]);
  expectShape('headLogProbs inverse temperature', inverseTemperature, [1]);
  const { recorder } = tape;
  const tiles = tilesOf(weight, rows, tileBytes);
  const state = recorder.temp('head state', [rows, 4]);
  const logProbs = recorder.temp('log-probabilities', [rows]);
  const entropies = recorder.temp('entropies', [rows]);
  const perRow = { uniforms: { rows, tile: 0, first: 0, vocabulary: 0 }, workgroups: Math.ceil(rows / 64) };
  recorder.dispatch(begin, { ...perRow, tensors: { state } });
  for (const tile of tiles) {
    const raw = rawLogits(recorder, hidden, tile);
    eachTile?.(raw, tile.first);
    const columns = raw.shape[1]!;
    const narrow = columns <= NARROW_TILE;
    recorder.dispatch(narrow ? takeTileNarrow : takeTile, {
      uniforms: { rows, tile: columns, first: tile.first, vocabulary: 0 },
      tensors: { raw, targets, inverse_temperature: inverseTemperature, state },
      workgroups: narrow ? Math.ceil(rows / 64) : rows,
    });
  }
  recorder.dispatch(finish, {
    ...perRow,
    tensors: { targets, saved_state: state, log_probs: logProbs, entropies },
  });
  tape.record([logProbs, entropies], [hidden, ...weight], () => {
    const dLogProbs = tape.gradOf(logProbs) ?? zeros(recorder, 'zeros', [rows]);
    const dEntropies = tape.gradOf(entropies) ?? zeros(recorder, 'zeros', [rows]);
    backward(tape, hidden, tiles, {
      targets,
      inverse_temperature: inverseTemperature,
      saved_state: state,
      d_log_probs: dLogProbs,
      d_entropies: dEntropies,
    });
  });
  return { logProbs, entropies, state };
}

function rawLogits(recorder: Recorder, hidden: Tensor, { weight }: Tile): Tensor {
  const raw = recorder.temp('logits tile', [hidden.shape[0]!, weight.shape[0]!]);
  matmul(recorder, 'nt', { a: hidden, b: weight, out: raw });
  return raw;
}

function backward(
  tape: Tape,
  hidden: Tensor,
  tiles: readonly Tile[],
  rowTensors: Record<
    'targets' | 'inverse_temperature' | 'saved_state' | 'd_log_probs' | 'd_entropies',
    Tensor
  >,
): void {
  const { recorder } = tape;
  const rows = hidden.shape[0]!;
  const dHidden = tape.needsGrad(hidden) ? recorder.temp('d head hidden', hidden.shape) : undefined;
  tiles.forEach((tile, index) => {
    const dRaw = rawLogits(recorder, hidden, tile);
    const extent = tile.weight.shape[0]!;
    recorder.dispatch(backwardTile, {
      uniforms: { rows, tile: extent, first: tile.first, vocabulary: 0 },
      tensors: { ...rowTensors, d_raw: dRaw },
      workgroups: Math.ceil((rows * extent) / 64),
    });
    const { grad } = tile.weight;
    if (grad) matmul(recorder, 'tn', { a: dRaw, b: hidden, out: grad, accumulate: true });
    if (dHidden) matmul(recorder, 'nn', { a: dRaw, b: tile.weight, out: dHidden, accumulate: index > 0 });
  });
  if (dHidden) tape.addGrad(hidden, dHidden);
}

/** Logits hidden · Wᵀ [m, vocabulary] for a few rows (decoding); no gradient. `weight` as for {@link headLogProbs}. */
export function headLogits(recorder: Recorder, hidden: Tensor, weight: readonly Tensor[]): Tensor {
  const rows = hidden.shape[0]!;
  const vocabulary = weight.reduce((sum, shard) => sum + shard.shape[0]!, 0);
  const tiles = tilesOf(weight, rows, Number.POSITIVE_INFINITY);
  if (tiles.length === 1) return rawLogits(recorder, hidden, tiles[0]!);
  const logits = recorder.temp('logits', [rows, vocabulary]);
  tiles.forEach((tile, index) => {
    const raw = rawLogits(recorder, hidden, tile);
    const extent = raw.shape[1]!;
    recorder.dispatch(index === 0 ? placeFirst : placeMore, {
      uniforms: { rows, tile: extent, first: tile.first, vocabulary },
      tensors: { raw, logits },
      workgroups: Math.ceil((rows * extent) / 64),
    });
  });
  return logits;
}
