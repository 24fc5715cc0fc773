/** `start/` of a stored run that began from another run's weights: these weights, without which it cannot go on. */
import { z } from 'zod';
import type { LoraConfig } from '../../decoder/lora.ts';
import { blobSource } from '../../io/files/bytes.ts';
import { parseJsonObject } from '../../io/json/json.ts';
import type { FileToWrite } from '../../io/sealed/sealed.ts';
import { openSafetensors } from '../../io/tensors/safetensors.ts';
import { safetensorsParts } from '../../io/tensors/safetensors-write.ts';
import { InputError } from '../../math/errors.ts';
import type { LeftWeights } from '../../rl/policy/start-weights.ts';
import { tensorsToWrite } from '../left-weights.ts';

const TENSORS = 'start.safetensors';
const ADAPTER = 'adapter.json';

const adapter = z.object({ rank: z.int().min(1), alpha: z.number(), targets: z.array(z.string()) });

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
  const text = await files.get(ADAPTER)?.text();
  const lora = text === undefined ? undefined : parseAdapter(text);
  return { tensors: await openSafetensors(blobSource(tensors), TENSORS), ...(lora ? { lora } : {}) };
}

function parseAdapter(text: string): LoraConfig {
  const found = parseJsonObject(text, ADAPTER);
  const issue = adapter.safeParse(found).error?.issues[0];
  if (issue) throw new InputError(`start/${ADAPTER}: ${issue.path.join('.')}: ${issue.message}.`);
  return found as unknown as LoraConfig;
}
