/** Numbers of a few clips in a bundle, by which a twin is compared with the studio before it trains. */
import type { Example } from '../../data/types.ts';
import { f32ToBytes } from '../../io/tensors/dtype.ts';
import { safetensorsFile, type TensorToWrite } from '../../io/tensors/safetensors-write.ts';
import { type FileToWrite, jsonlFile } from '../../io/writing/file-to-write.ts';
import type { Specimen } from '../../rl/measure/specimens.ts';

/** Clips that are compared: each is encoded again where the run goes on. */
export const SPECIMENS = 3;

const floats = (name: string, shape: readonly number[], values: Float32Array): TensorToWrite => ({
  ...{ name, shape, dtype: 'F32' },
  bytes: () => f32ToBytes('F32', Float32Array.from(values)),
});

const integers = (name: string, values: Uint32Array): TensorToWrite => ({
  ...{ name, shape: [values.length], dtype: 'I64' },
  bytes: () => new Uint8Array(BigInt64Array.from(Array.from(values, BigInt)).buffer),
});

/** `self_test.jsonl`: the rows, as those of the data; `self_test.safetensors`: the numbers of each. Nothing where none were made. */
export function selfTestFiles(
  specimens: readonly Specimen[],
  rowOf: (id: Example['id']) => object,
): FileToWrite[] {
  if (specimens.length === 0) return [];
  const tensors = specimens.flatMap(({ prompt, media, width, answer, logProbs }, index) => [
    integers(`${index}.prompt`, prompt),
    floats(`${index}.media`, [media.length / width, width], media),
    integers(`${index}.answer`, answer),
    floats(`${index}.logps`, [logProbs.length], logProbs),
  ]);
  return [
    jsonlFile(
      'self_test.jsonl',
      specimens.map(({ id }) => rowOf(id)),
    ),
    safetensorsFile('self_test.safetensors', tensors),
  ];
}
