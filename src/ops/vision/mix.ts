import { expectShape, kernelsOf, type Tape, type Tensor } from '../../gpu/index.ts';

const kernel = kernelsOf('mix', ['rows', 'cols', 'branch']);
const forward = kernel('forward', { reads: ['a', 'b', 'c', 'weights'], writes: ['y'] });
const scaleBranch = kernel('scale_branch', { reads: ['weights', 'dy'], writes: ['y'] });
const weightRows = kernel('weight_rows', { reads: ['a', 'b', 'c', 'dy'], writes: ['sums'] });
const weightSum = kernel('weight_sum', { reads: ['row_sums'], writes: ['dweights'] });

/**
 * Σ weights[k] · branches[k]: three branches [n, d], weights [3] → [n, d].
 * Backward: the gradients of branches and weights are overwritten.
 */
export function mixBranches(
  tape: Tape,
  branches: readonly [Tensor, Tensor, Tensor],
  weights: Tensor,
): Tensor {
  const [a, b, c] = branches;
  const [rows, cols] = a.shape as [number, number];
  for (const branch of branches) expectShape('mixBranches branch', branch, [rows, cols]);
  expectShape('mixBranches weights', weights, [3]);
  const values = { rows, cols, branch: 0 };
  const { recorder } = tape;
  const workgroups = Math.ceil((rows * cols) / 64);
  const y = recorder.temp('mixBranches', a.shape);
  recorder.dispatch(forward, { uniforms: values, tensors: { a, b, c, weights, y }, workgroups });
  tape.record([y], [a, b, c, weights], () => {
    const dy = tape.gradOf(y)!;
    if (tape.needsGrad(weights)) {
      const sums = recorder.temp('d mixBranches rows', [rows, 3]);
      const dweights = recorder.temp('d mixBranches weights', [3]);
      recorder.dispatch(weightRows, {
        uniforms: values,
        tensors: { a, b, c, dy, sums },
        workgroups: rows,
      });
      recorder.dispatch(weightSum, {
        uniforms: values,
        tensors: { row_sums: sums, dweights },
        workgroups: 1,
      });
      tape.addGrad(weights, dweights);
    }
    branches.forEach((x, branch) => {
      if (!tape.needsGrad(x)) return;
      const dbranch = recorder.temp('d mixBranches', x.shape);
      recorder.dispatch(scaleBranch, {
        uniforms: { ...values, branch },
        tensors: { weights, dy, y: dbranch },
        workgroups,
      });
      tape.addGrad(x, dbranch);
    });
  });
  return y;
}
