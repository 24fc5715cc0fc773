/** Largest binding on WebGPU's default limits, in bytes, whatever the device: checkpoints name trained shards. */
const BINDING_BYTES = 128 * 2 ** 20;

/** Consecutive rows of a large matrix that lie in a tensor of their own. */
export interface RowShard {
  /** The matrix's own name where one shard holds it all. */
  readonly name: string;
  /** Its first row in the matrix. */
  readonly first: number;
  readonly rows: number;
}

/**
 * A [rows, cols] matrix in ranges of rows that each fit one binding as f32. The ranges do not depend on how the values
 * are stored, so that a trained matrix is split like its frozen copy.
 */
export function rowShards(name: string, [rows, cols]: readonly [number, number]): RowShard[] {
  const most = Math.min(rows, Math.floor(BINDING_BYTES / (4 * cols)));
  const shards: RowShard[] = [];
  for (let first = 0; first < rows; first += most) {
    shards.push({
      name: most === rows ? name : `${name}#${first}`,
      first,
      rows: Math.min(most, rows - first),
    });
  }
  return shards;
}

/** Name of the matrix that a shard is part of. */
export const shardedName = (name: string): string => name.replace(/#\d+$/, '');
