import { grad, jit, numpy as np } from '@jax-js/jax';
import type { Gpu, Tape, Tensor } from '../../gpu/index.ts';
import { tf } from '../../media/tf-device.ts';
import type { Cost } from '../../rl/measure/cost-model.ts';
import type { Comparison, Contestants } from '../comparison.ts';
import { type JaxArray, jaxArray, jaxContestant } from '../peers/jax.ts';
import { startTf, tfjsContestant } from '../peers/tfjs.ts';
import type { Contestant } from '../timing.ts';
import { freeAll, plannedContestant, trainable } from './planned.ts';
import { randomData } from './random-data.ts';

/** Tensors of one side by name. */
export type Named<T> = Readonly<Record<string, T>>;

/** A differentiable piece of a network, written three times. All its inputs get gradients. */
export interface Block {
  readonly kernel: string;
  readonly shape: string;
  readonly inputs: Named<readonly number[]>;
  /** The input whose gradient is compared. */
  readonly compared: string;
  readonly output: readonly number[];
  /** Of forward and backward. */
  readonly cost: Cost;
  readonly ours: (gpu: Gpu) => (tape: Tape, inputs: Named<Tensor>) => Tensor;
  readonly tfjs: (inputs: Named<tf.Tensor>) => tf.Tensor;
  /** Takes ownership of its inputs, as every function of jax-js. */
  readonly jax: (inputs: Named<JaxArray>) => JaxArray;
}

type Data = Named<Float32Array<ArrayBuffer>>;

/** Weights [out, in] are scaled so that activations keep their size through the block. */
function blockData({ inputs }: Block): Data {
  const entries = Object.entries(inputs).map(([name, shape], at) => {
    const scale = name.endsWith('weight') && shape.length === 2 ? Math.sqrt(3 / shape[1]!) : 1;
    return [name, randomData(shape, at + 1, scale)] as const;
  });
  return Object.fromEntries(entries);
}

const mapValues = <A, B>(values: Named<A>, change: (value: A, name: string) => B): Named<B> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));

/** Forward and backward by our engine, from the gradient `dy` of the output. */
async function openOurs(gpu: Gpu, block: Block, data: Data, dy: Float32Array): Promise<Contestant> {
  const tensors = mapValues(block.inputs, (shape, name) => trainable(gpu, name, shape, data[name]!));
  const seed = trainable(gpu, 'dy', block.output, dy);
  const forward = block.ours(gpu);
  const contestant = await plannedContestant(gpu, block.kernel, (tape) => {
    const output = tape.recorder.keep(forward(tape, tensors));
    tape.backward([[output, { ...seed, shape: output.shape }]]);
    return tensors[block.compared]!.grad!;
  });
  const dispose = (): void => {
    contestant.dispose();
    freeAll(gpu, [...Object.values(tensors), seed]);
  };
  return { ...contestant, dispose };
}

/** The same by tf.grads. */
async function openTfjs(gpu: Gpu, block: Block, data: Data, dy: Float32Array): Promise<Contestant> {
  await startTf(gpu);
  const names = Object.keys(block.inputs);
  const inputs = names.map((name) => tf.tensor(data[name]!, [...block.inputs[name]!]));
  const seed = tf.tensor(dy, [...block.output]);
  const forward = (...tensors: tf.Tensor[]): tf.Tensor =>
    block.tfjs(Object.fromEntries(names.map((name, at) => [name, tensors[at]!])));
  const at = names.indexOf(block.compared);
  const contestant = tfjsContestant(gpu, () => {
    const gradients = tf.grads(forward)(inputs, seed);
    return [gradients[at]!, ...gradients.toSpliced(at, 1)];
  });
  const dispose = (): void => {
    contestant.dispose();
    tf.dispose([...inputs, seed]);
  };
  return { ...contestant, dispose };
}

/** The same by the jitted gradient of sum(dy · output). */
async function openJax(block: Block, data: Data, dy: Float32Array<ArrayBuffer>): Promise<Contestant> {
  const seed = await jaxArray(dy, block.output);
  const inputs: Record<string, JaxArray> = {};
  for (const [name, shape] of Object.entries(block.inputs)) inputs[name] = await jaxArray(data[name]!, shape);
  const loss = (arrays: Record<string, JaxArray>, weight: JaxArray): JaxArray =>
    np.sum(block.jax(arrays).mul(weight));
  const gradient = jit(grad(loss));
  const contestant = jaxContestant(() => {
    const { [block.compared]: first, ...others } = gradient(
      { ...mapValues(inputs, (array) => array.ref) },
      seed.ref,
    ) as Record<string, JaxArray>;
    return [first!, ...Object.values(others)];
  });
  const dispose = (): void => {
    contestant.dispose();
    for (const array of [...Object.values(inputs), seed]) array.dispose();
    gradient.dispose();
  };
  return { ...contestant, dispose };
}

/** A block's forward and backward against the automatic gradients of its peers; both unless said. */
export function blockComparison(
  block: Block,
  peers: readonly ('tfjs' | 'jax-js')[] = ['tfjs', 'jax-js'],
): Comparison {
  const open = async (gpu: Gpu): Promise<Contestants> => {
    const data = blockData(block);
    const dy = randomData(block.output, 977);
    return {
      ours: await openOurs(gpu, block, data, dy),
      peers: {
        tfjs: () => openTfjs(gpu, block, data, dy),
        'jax-js': () => openJax(block, data, dy),
      },
    };
  };
  return { kernel: block.kernel, shape: block.shape, peers, cost: block.cost, open };
}
