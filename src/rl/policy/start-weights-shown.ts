import { type Policy, startAdapters } from './policy.ts';
import { isTrained } from './trained-parts.ts';
import { loadTrained, trainedTensors } from './trained-tensors.ts';

/**
 * Lets `work` meet the weights that a policy began with. Afterwards the present ones are back, bit for bit: they wait in blobs,
 * which a browser may keep on disk. Moments of the optimizer stay where they are; `work` must not train.
 */
export async function withStartWeights<T>(policy: Policy, work: () => Promise<T>): Promise<T> {
  const { store } = policy;
  const present = new Map<string, Blob>();
  for (const name of store.names()) present.set(name, new Blob([Float32Array.from(await store.read(name))]));
  try {
    await writeStart(policy);
    return await work();
  } finally {
    for (const [name, values] of present) store.write(name, new Float32Array(await values.arrayBuffer()));
  }
}

/** What trains, as the files and the adapter had it at the start. */
async function writeStart({ gpu, store, files, config, options }: Policy): Promise<void> {
  const source = files.main.weights;
  const tied = config.decoder.tieWordEmbeddings;
  const trained = trainedTensors(source, (name) => isTrained(name, options), tied);
  await loadTrained(gpu, store, source, trained);
  for (const { name, data } of startAdapters(config, options)) store.write(name, data);
}
