import type { Example } from '../data/types.ts';
import { sha256 } from '../io/hash.ts';
import type { TensorSource } from '../io/safetensors.ts';
import type { ModelConfig } from '../models/family.ts';
import { weightSources } from '../models/humanomni.ts';
import { partOf } from '../rl/trained-parts.ts';
import type { OpenModel } from './model.ts';

/** To be raised when decoding or pre-processing changes what the towers are given, or what is noted with it. */
const PREPARATION = 2;
/** Bytes of each tower tensor that are looked at. */
const SAMPLE_BYTES = 256;
/** Digits of a fingerprint: enough for any number of clips, short enough for a file's name. */
const DIGITS = 32;

/** Names the content of a clip, whatever it is called. */
export async function clipFingerprint({ files }: Example): Promise<string> {
  const digests: string[] = [];
  for (const file of files) digests.push(await sha256(await (await file.blob()).arrayBuffer()));
  const whole = digests.length === 1 ? digests[0]! : await sha256(digests.join());
  return whole.slice(0, DIGITS);
}

/**
 * Names what a model's towers make of a clip: how clips are prepared, the towers' configs, and of each tower tensor its
 * name, type, shape and first bytes.
 */
export async function encoderFingerprint({ files, config, media }: OpenModel): Promise<string> {
  const lines = [JSON.stringify({ PREPARATION, ...towerConfigs(config), media })];
  for (const { source } of weightSources(files)) lines.push(...(await towerLines(source)));
  return (await sha256(lines.join('\n'))).slice(0, DIGITS);
}

function towerConfigs(config: ModelConfig): object {
  if (config.family !== 'HumanOmni') return { vision: config.vision };
  const { frames, vision, visionLayer, audio } = config;
  return { frames, vision, visionLayer, audio };
}

async function towerLines(source: TensorSource): Promise<string[]> {
  const lines: string[] = [];
  for (const name of source.names()) {
    if (!['vision', 'audio'].includes(partOf(name))) continue;
    const { dtype, shape } = source.info(name);
    for await (const { bytes } of source.pieces(name, SAMPLE_BYTES, { start: 0, end: SAMPLE_BYTES })) {
      lines.push(`${name} ${dtype} ${shape} ${await sha256(bytes)}`);
    }
  }
  return lines.sort();
}
