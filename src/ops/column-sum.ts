import { kernelsOf, type Recorder, type Tensor } from '../gpu/index.ts';
import { matrixExtents, threadGroups } from './matmul/matrix.ts';

const kernel = kernelsOf('column_sum', ['rows', 'cols', 'depth']);
const partsKernel = kernel('parts', { reads: ['x'], writes: ['total'] });
const accumulateKernel = kernel('accumulate', { reads: ['x'], updates: ['target_sum'] });

/** Rows that one thread adds up; more are cut into parts, whose sums are added in order. */
const PART_ROWS = 128;

/** target [cols] += sums over the rows of x [rows, cols]: the gradient of a bias. Deterministic. */
export function addColumnSums(recorder: Recorder, x: Tensor, target: Tensor): void {
  const { rows, cols } = matrixExtents(x);
  if (rows <= PART_ROWS) {
    recorder.dispatch(accumulateKernel, {
      uniforms: { rows, cols, depth: rows },
      tensors: { x, target_sum: target },
      workgroups: threadGroups(cols),
    });
    return;
  }
  const parts = Math.ceil(rows / PART_ROWS);
  const total = recorder.temp(`${target.label} parts`, [parts, cols]);
  recorder.dispatch(partsKernel, {
    uniforms: { rows, cols, depth: PART_ROWS },
    tensors: { x, total },
    workgroups: [threadGroups(cols), parts, 1],
  });
  addColumnSums(recorder, total, target);
}
