/** A checkpoint's files: trained tensors and moments, f32 bit for bit, one tensor in memory at a time, and the state. */

import { isAdapterName } from '../../decoder/lora.ts';
import { blobSource } from '../../io/files/bytes.ts';
import type { FileToWrite } from '../../io/sealed/sealed.ts';
import { openSafetensors, type TensorSource } from '../../io/tensors/safetensors.ts';
import { safetensorsParts, type TensorToWrite } from '../../io/tensors/safetensors-write.ts';
import { InputError } from '../../math/errors.ts';
import type { AdamW, Moments } from '../../optim/adamw.ts';
import type { ParameterStore } from '../../optim/parameters.ts';
import { STATE, type TrainState } from './records.ts';

/** What a checkpoint holds on the device. */
export interface Trained {
  readonly store: ParameterStore;
  readonly optimizer: AdamW;
}

/** Suffixes of the two moments, as in torch's optimizer state. */
const FIRST = '.exp_avg';
const SECOND = '.exp_avg_sq';

/** The weights' file says what trains: an adapter alone, or more. */
export const ADAPTER = 'adapter.safetensors';
export const MODEL = 'model.safetensors';
export const OPTIMIZER = 'optimizer.safetensors';

const weightsName = ({ store }: Pick<Trained, 'store'>): string =>
  store.names().every(isAdapterName) ? ADAPTER : MODEL;

/** What a checkpoint is made of; tensors are read from the device as they are written. */
export function checkpointFiles(trained: Trained, state: TrainState): FileToWrite[] {
  return [
    { name: weightsName(trained), parts: safetensorsParts(weightsToWrite(trained)) },
    { name: OPTIMIZER, parts: safetensorsParts(momentsToWrite(trained)) },
    { name: STATE, parts: textPart(`${JSON.stringify(state, null, 2)}\n`) },
  ];
}

async function* textPart(text: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield new TextEncoder().encode(text);
}

/** Puts a checkpoint's tensors back on the device. @throws InputError when the run trains other tensors */
export async function restoreCheckpoint(trained: Trained, files: ReadonlyMap<string, Blob>): Promise<void> {
  const weights = await openTensors(files, weightsName(trained));
  await restoreTensors(trained, weights, await openTensors(files, OPTIMIZER));
}

/** The same without the moments, which stay as they are. */
export async function restoreWeights(
  { store }: Pick<Trained, 'store'>,
  files: ReadonlyMap<string, Blob>,
): Promise<void> {
  const weights = await openTensors(files, weightsName({ store }));
  checkTensors(store, weights, store.names(), ['']);
  for (const name of store.names()) store.write(name, await weights.float32(name));
}

async function openTensors(files: ReadonlyMap<string, Blob>, name: string): Promise<TensorSource> {
  const file = files.get(name);
  if (file) return openSafetensors(blobSource(file), name);
  throw new InputError(`The checkpoint holds ${[...files.keys()].join(', ')}, but no ${name}.`, {
    hint: 'It was written by a run with other trained parts.',
  });
}

/** The trained tensors by their names in the store. */
function weightsToWrite({ store }: Trained): TensorToWrite[] {
  return store.names().map((name) => ({
    name,
    dtype: 'F32',
    shape: store.get(name).shape,
    bytes: async () => bytesOf(await store.read(name)),
  }));
}

/** Both moments of every trained tensor. They are written one after the other, and read from the device together. */
function momentsToWrite({ store, optimizer }: Trained): TensorToWrite[] {
  let held: { name: string; moments: Moments } | undefined;
  const momentsOf = async (name: string): Promise<Moments> => {
    if (held?.name !== name) held = { name, moments: await optimizer.readMoments(name) };
    return held.moments;
  };
  return store.names().flatMap((name): TensorToWrite[] => {
    const { shape } = store.get(name);
    return [
      {
        name: `${name}${FIRST}`,
        dtype: 'F32',
        shape,
        bytes: async () => bytesOf((await momentsOf(name)).first),
      },
      {
        name: `${name}${SECOND}`,
        dtype: 'F32',
        shape,
        bytes: async () => bytesOf((await momentsOf(name)).second),
      },
    ];
  });
}

function bytesOf(values: Float32Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}

/** Everything is checked before anything is written. */
async function restoreTensors(
  { store, optimizer }: Trained,
  weights: TensorSource,
  moments: TensorSource,
): Promise<void> {
  const names = store.names();
  checkTensors(store, weights, names, ['']);
  checkTensors(store, moments, names, [FIRST, SECOND]);
  for (const name of names) {
    store.write(name, await weights.float32(name));
    optimizer.writeMoments(name, {
      first: await moments.float32(name + FIRST),
      second: await moments.float32(name + SECOND),
    });
  }
}

/** Whether `source` holds exactly one F32 tensor of the right shape for each name and suffix. */
function checkTensors(
  store: ParameterStore,
  source: TensorSource,
  names: readonly string[],
  suffixes: readonly string[],
): void {
  const hint =
    'It was written by a run with other trained parts; resume it with the model it was started with.';
  const expected = names.length * suffixes.length;
  const found = source.names().length;
  if (found !== expected) {
    throw new InputError(`${source.label}: ${found} tensors, expected ${expected}.`, { hint });
  }
  for (const name of names) {
    const { shape } = store.get(name);
    for (const suffix of suffixes) {
      const info = source.info(name + suffix);
      if (info.dtype === 'F32' && info.shape.join() === shape.join()) continue;
      throw new InputError(
        `${source.label}: ${info.name} is ${info.dtype} [${info.shape.join(', ')}], expected F32 [${shape.join(', ')}].`,
        { hint },
      );
    }
  }
}
