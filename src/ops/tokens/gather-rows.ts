import {
  expectShape,
  fillZeros,
  kernelsOf,
  type Recorder,
  type Tape,
  type Tensor,
  updating,
} from '../../gpu/index.ts';
import { threadGroups } from '../matmul/matrix.ts';
import { weightFormat } from '../matmul/weight-format.ts';

const kernel = kernelsOf('gather_rows', ['count', 'cols', 'first', 'held', 'fresh']);
const gatherFresh = kernel('gather', { reads: ['x', 'index'], writes: ['y'] });
const gatherMore = updating(gatherFresh, 'y');
const chainKernel = kernel('chain', { reads: ['index'], writes: ['links'] });
const addChainsKernel = kernel('add_chains', { reads: ['index', 'chains', 'dy'], updates: ['dx'] });

/** Dispatches y [m, d] = rows `index` [m] of the shards laid one after another; rows that none has become 0. */
export function gatherInto(recorder: Recorder, shards: readonly Tensor[], index: Tensor, y: Tensor): void {
  const [count, cols] = [index.shape[0]!, y.shape[1]!];
  let first = 0;
  for (const x of shards) {
    const held = x.shape[0]!;
    recorder.dispatch(first === 0 ? gatherFresh : gatherMore, {
      uniforms: { count, cols, first, held, fresh: first === 0 ? 1 : 0 },
      tensors: { x, index, y },
      workgroups: threadGroups(count * cols),
      defines: { WEIGHT_FORMAT: weightFormat(x.dtype) },
    });
    first += held;
  }
}

/** The gradient of one shard: added to `shard.grad` if it is trained, else a zeroed tensor plus the sums. */
function scatterAdd(
  tape: Tape,
  shard: Tensor,
  first: number,
  chains: Tensor,
  index: Tensor,
  dy: Tensor,
): void {
  const { recorder } = tape;
  const count = index.shape[0]!;
  const [held, cols] = [shard.shape[0]!, shard.shape[1]!];
  const dx = shard.grad ?? recorder.temp(`d ${shard.label}`, shard.shape);
  if (!shard.grad) fillZeros(recorder, dx);
  recorder.dispatch(addChainsKernel, {
    uniforms: { count, cols, first, held, fresh: 0 },
    tensors: { index, chains, dy, dx },
    workgroups: threadGroups(count * cols),
    defines: { WEIGHT_FORMAT: 0 },
  });
  if (!shard.grad) tape.addGrad(shard, dx);
}

/**
 * y[j] = x[index[j]]. x [n, d]: an activation, a weight in any format, or consecutive row ranges of one table (each in a
 * buffer of its own). index u32 [m], repeats allowed; indices ≥ n give rows of 0. Backward: dx[r] = sum of dy[j] over
 * index[j] = r in the order of j; accumulated for trainable x, overwritten for activations.
 */
export function gatherRows(tape: Tape, x: Tensor | readonly Tensor[], index: Tensor): Tensor {
  const shards = 'storage' in x ? [x] : x;
  const [count, cols] = [index.shape[0]!, shards[0]!.shape[1]!];
  for (const shard of shards) expectShape('gatherRows', shard, [-1, cols]);
  const { recorder } = tape;
  const y = recorder.temp('gatherRows', [count, cols]);
  gatherInto(recorder, shards, index, y);
  tape.record([y], shards, () => {
    const chains = recorder.temp('gatherRows chains', [count, 2], 'u32');
    recorder.dispatch(chainKernel, {
      uniforms: { count, cols, first: 0, held: 0, fresh: 0 },
      tensors: { index, links: chains },
      workgroups: threadGroups(count),
      defines: { WEIGHT_FORMAT: 0 },
    });
    let first = 0;
    for (const shard of shards) {
      if (tape.needsGrad(shard)) scatterAdd(tape, shard, first, chains, index, tape.gradOf(y)!);
      first += shard.shape[0]!;
    }
  });
  return y;
}

/** Rows of an embedding table, whole or in shards: ids u32 [n] → [n, d]. See `gatherRows`. */
export function embedding(tape: Tape, table: Tensor | readonly Tensor[], ids: Tensor): Tensor {
  return gatherRows(tape, table, ids);
}
