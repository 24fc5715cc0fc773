import { jit, numpy as np } from '@jax-js/jax';
import { tf } from '../../media/tf-device.ts';
import type { Comparison } from '../comparison.ts';
import { type JaxArray, jaxArray, jaxContestant } from '../peers/jax.ts';
import { startTf, tfjsContestant } from '../peers/tfjs.ts';
import { type OpenProduct, productComparisons } from './product.ts';

const openTfjs: OpenProduct = async (gpu, { layout, shapes, a, b }) => {
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

const openJax: OpenProduct = async (_gpu, { layout, shapes, a, b }) => {
  const left = await jaxArray(a, shapes.a);
  const right = await jaxArray(b, shapes.b);
  const product = jit((x: JaxArray, y: JaxArray) =>
    np.matmul(layout === 'tn' ? np.transpose(x) : x, layout === 'nt' ? np.transpose(y) : y),
  );
  const contestant = jaxContestant(() => [product(left.ref, right.ref)]);
  const dispose = (): void => {
    contestant.dispose();
    left.dispose();
    right.dispose();
    product.dispose();
  };
  return { ...contestant, dispose };
};

/** Products against the peers that run in Node. */
export const matmulComparisons = (): Comparison[] =>
  productComparisons({ tfjs: openTfjs, 'jax-js': openJax });
