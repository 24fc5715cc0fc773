import { expectShape, kernelsOf, type Recorder, type Tape, type Tensor } from '../../gpu/index.ts';
import { matrixExtents, threadGroups } from '../matmul/matrix.ts';
import { gatherInto } from './gather-rows.ts';

const kernel = kernelsOf('splice_rows', ['count', 'cols', 'held', 'start']);
const scatterKernel = kernel('scatter', { reads: ['rows', 'at'], updates: ['y'] });
const clearKernel = kernel('clear', { reads: ['at'], updates: ['y'] });
const copyKernel = kernel('copy', { reads: ['x'], writes: ['y'] });
const placeKernel = kernel('place', { reads: ['x'], writes: ['y'] });

/** Dispatches y = rows start .. start + (rows of y) of x. */
function copyRows(recorder: Recorder, x: Tensor, y: Tensor, start: number): void {
  const { rows: count, cols } = matrixExtents(y);
  recorder.dispatch(copyKernel, {
    uniforms: { count, cols, held: x.shape[0]!, start },
    tensors: { x, y },
    workgroups: threadGroups(count * cols),
  });
}

/**
 * Dispatches target[at[j]] = rows[j] in place; no gradient. rows [m, d], at u32 [m] unique (places ≥ cap, 0xffffffff
 * among them, are skipped), target [cap, d].
 */
export function scatterRowsInto(recorder: Recorder, rows: Tensor, at: Tensor, target: Tensor): void {
  const [count, cols] = [rows.shape[0]!, rows.shape[1]!];
  expectShape('scatterRowsInto at', at, [count]);
  expectShape('scatterRowsInto target', target, [-1, cols]);
  recorder.dispatch(scatterKernel, {
    uniforms: { count, cols, held: target.shape[0]!, start: 0 },
    tensors: { rows, at, y: target },
    workgroups: threadGroups(count * cols),
  });
}

/**
 * y = x with y[at[j]] = rows[j]. x [n, d], rows [m, d], at u32 [m] unique; places ≥ n (0xffffffff) are skipped.
 * Backward: dx = dy with 0 in the replaced rows; drows[j] = dy[at[j]], 0 where skipped. Both overwritten.
 */
export function spliceRows(tape: Tape, x: Tensor, rows: Tensor, at: Tensor): Tensor {
  const { recorder } = tape;
  const [held, cols] = [x.shape[0]!, x.shape[1]!];
  const count = rows.shape[0]!;
  const y = recorder.temp('spliceRows', x.shape);
  copyRows(recorder, x, y, 0);
  scatterRowsInto(recorder, rows, at, y);
  tape.record([y], [x, rows], () => {
    const dy = tape.gradOf(y)!;
    if (tape.needsGrad(rows)) {
      const drows = recorder.temp('d spliceRows rows', rows.shape);
      gatherInto(recorder, [dy], at, drows);
      tape.addGrad(rows, drows);
    }
    if (!tape.needsGrad(x)) return;
    const dx = recorder.temp('d spliceRows', x.shape);
    copyRows(recorder, dy, dx, 0);
    recorder.dispatch(clearKernel, {
      uniforms: { count, cols, held, start: 0 },
      tensors: { at, y: dx },
      workgroups: threadGroups(count * cols),
    });
    tape.addGrad(x, dx);
  });
  return y;
}

/** y = rows start .. start + count of x [n, d]. Backward: dx is dy in those rows and 0 elsewhere, overwritten. */
export function sliceRows(tape: Tape, x: Tensor, start: number, count: number): Tensor {
  const { recorder } = tape;
  const [rows, cols] = [x.shape[0]!, x.shape[1]!];
  if (start < 0 || count < 1 || start + count > rows) {
    throw new Error(`sliceRows: rows ${start} to ${start + count} of ${x.label}, which has ${rows}.`);
  }
  const y = recorder.temp('sliceRows', [count, cols]);
  copyRows(recorder, x, y, start);
  tape.record([y], [x], () => {
    const dx = recorder.temp('d sliceRows', x.shape);
    recorder.dispatch(placeKernel, {
      uniforms: { count: rows, cols, held: count, start },
      tensors: { x: tape.gradOf(y)!, y: dx },
      workgroups: threadGroups(rows * cols),
    });
    tape.addGrad(x, dx);
  });
  return y;
}
