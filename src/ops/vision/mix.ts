import { defineKernel, expectShape, read, type Tape, type Tensor, write } from '../../gpu/index.ts';

const uniforms = { rows: 'u32', cols: 'u32', branch: 'u32' } as const;
const forward = defineKernel({
  shader: 'mix',
  entry: 'forward',
  uniforms,
  bindings: { a: read(1), b: read(2), c: read(3), weights: read(4), y: write(5) },
});
const scaleBranch = defineKernel({
  shader: 'mix',
  entry: 'scale_branch',
  uniforms,
  bindings: { weights: read(4), dbranch: write(5), dy: read(6) },
});
const weightRows = defineKernel({
  shader: 'mix',
  entry: 'weight_rows',
  uniforms,
  bindings: { a: read(1), b: read(2), c: read(3), dy: read(6), sums: write(7) },
});
const weightSum = defineKernel({
  shader: 'mix',
  entry: 'weight_sum',
  uniforms,
  bindings: { sums: read(8), dweights: write(9) },
});

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
      recorder.dispatch(weightSum, { uniforms: values, tensors: { sums, dweights }, workgroups: 1 });
      tape.addGrad(weights, dweights);
    }
    branches.forEach((x, branch) => {
      if (!tape.needsGrad(x)) return;
      const dbranch = recorder.temp('d mixBranches', x.shape);
      recorder.dispatch(scaleBranch, {
        uniforms: { ...values, branch },
        tensors: { weights, dy, dbranch },
        workgroups,
      });
      tape.addGrad(x, dbranch);
    });
  });
  return y;
}
