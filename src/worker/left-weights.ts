/** What a run leaves for the next one to start from. */

import { isAdapterName } from '../decoder/lora.ts';
import { blobSource } from '../io/files/bytes.ts';
import { type ComputedTensor, computedSource } from '../io/tensors/overlay.ts';
import { openSafetensors, type TensorSource } from '../io/tensors/safetensors.ts';
import { type TensorToWrite, writeSafetensors } from '../io/tensors/safetensors-write.ts';
import type { Policy } from '../rl/policy/policy.ts';
import type { LeftWeights, Start } from '../rl/policy/start-weights.ts';
import { readTrained, trainedName } from '../rl/policy/trained-tensors.ts';

const LABEL = 'weights of the last run';

/** A policy, and what it started from. */
export interface LeavingRun {
  readonly policy: Policy;
  readonly start?: Start;
}

/** What a run would leave: names and shapes at once, values from the device when they are read. */
export function weightsToLeave({ policy, start }: LeavingRun): LeftWeights {
  const { store, files, options, config } = policy;
  const { weights } = files.main;
  const inherited = new Set(start?.changed);
  const tensors = weights.names().flatMap((name): ComputedTensor[] => {
    const { shape } = weights.info(name);
    const trained = trainedName(store, name, config.decoder.tieWordEmbeddings);
    if (trained) return [{ name, shape, values: async () => (await readTrained(store, trained))! }];
    return inherited.has(name) ? [{ name, shape, values: () => weights.float32(name) }] : [];
  });
  const adapter = store.names().filter(isAdapterName);
  const matrices = adapter.map((name): ComputedTensor => {
    const values = async () => Float32Array.from(await store.read(name));
    return { name, shape: store.get(name).shape, values };
  });
  const { lora } = options;
  return { tensors: computedSource([...tensors, ...matrices], LABEL), ...(lora ? { lora } : {}) };
}

/** Takes the values off the device, tensor by tensor, into memory that the browser may keep on disk. */
export async function takeAlong({ tensors, lora }: LeftWeights): Promise<LeftWeights> {
  const blob = await writeSafetensors(tensorsToWrite(tensors));
  return { tensors: await openSafetensors(blobSource(blob), LABEL), ...(lora ? { lora } : {}) };
}

/** Everything in a source, to be written elsewhere. */
export function tensorsToWrite(source: TensorSource): TensorToWrite[] {
  return source.names().map((name) => {
    const { dtype, shape } = source.info(name);
    return { name, dtype, shape, bytes: () => source.bytes(name) };
  });
}
