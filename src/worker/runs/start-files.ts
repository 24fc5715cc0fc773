/** `start/` of a stored run that began from another run's weights: these weights, without which it cannot go on. */
import { blobSource } from '../../io/bytes.ts';
import { parseJsonObject } from '../../io/json.ts';
import { openSafetensors } from '../../io/safetensors.ts';
import { safetensorsParts } from '../../io/safetensors-write.ts';
import type { FileToWrite } from '../../io/sealed.ts';
import { InputError } from '../../math/errors.ts';
import type { LoraConfig } from '../../models/lora.ts';
import type { LeftWeights } from '../../rl/start-weights.ts';
import { tensorsToWrite } from '../left-weights.ts';

const TENSORS = 'start.safetensors';
const ADAPTER = 'adapter.json';

export function startFiles({ tensors, lora }: LeftWeights): FileToWrite[] {
  const files: FileToWrite[] = [{ name: TENSORS, parts: safetensorsParts(tensorsToWrite(tensors)) }];
  if (lora) files.push({ name: ADAPTER, parts: textPart(JSON.stringify(lora)) });
  return files;
}

async function* textPart(text: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield new TextEncoder().encode(`${text}\n`);
}

/** @throws InputError when the tensors are not there */
export async function readStart(files: ReadonlyMap<string, Blob>): Promise<LeftWeights> {
  const tensors = files.get(TENSORS);
  if (!tensors) throw new InputError(`start: there is no ${TENSORS} in it.`);
  const adapter = await files.get(ADAPTER)?.text();
  const lora =
    adapter === undefined ? undefined : (parseJsonObject(adapter, ADAPTER) as unknown as LoraConfig);
  return { tensors: await openSafetensors(blobSource(tensors), TENSORS), ...(lora ? { lora } : {}) };
}
