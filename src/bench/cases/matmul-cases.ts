import { jit, numpy as np } from '@jax-js/jax';
import { tf } from '../../media/tf-device.ts';
import type { Comparison } from '../comparison.ts';
import { type JaxArray, jaxArray, jaxContestant } from '../peers/jax.ts';
import { startTf, tfjsContestant } from '../peers/tfjs.ts';
import { matmulAgainst, type OpenMatmul } from './matmul.ts';

const openTfjs: OpenMatmul = async (gpu, { layout, shapes, a, b }) => {
  await startTf(gpu);
  const left = tf.tensor(a, [...shapes.a]);
  const right = tf.tensor(b, [...shapes.b]);
  const contestant = tfjsContestant(gpu, () => [tf.matMul(left, right, layout === 'tn', layout === 'nt')]);
  const dispose = (): void => {
    contestant.dispose();
    tf.dispose([left, right]);
  };
  return { ...contestant, dispose };
};

const openJax: OpenMatmul = async (_gpu, { layout, shapes, a, b }) => {
  const left = await jaxArray(a, shapes.a);
  const right = await jaxArray(b, shapes.b);
  const multiply = jit((x: JaxArray, y: JaxArray) =>
    np.matmul(layout === 'tn' ? np.transpose(x) : x, layout === 'nt' ? np.transpose(y) : y),
  );
  const contestant = jaxContestant(() => [multiply(left.ref, right.ref)]);
  const dispose = (): void => {
    contestant.dispose();
    left.dispose();
    right.dispose();
    multiply.dispose();
  };
  return { ...contestant, dispose };
};

/** Matmuls against the peers that run in Node. */
export const matmulComparisons = (): Comparison[] => matmulAgainst({ tfjs: openTfjs, 'jax-js': openJax });
