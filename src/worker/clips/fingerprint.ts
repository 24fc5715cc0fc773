import { createXXHash128, type IHasher } from 'hash-wasm';
import type { ClipExample } from '../../data/types.ts';
import { familyOf } from '../../families/index.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import { reading } from '../../io/files/unreadable.ts';
import { sha256 } from '../../io/sealed/hash.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { partOf } from '../../rl/policy/trained-parts.ts';
import type { ClipModel } from '../inputs/model.ts';
import type { Report } from '../progress.ts';

/** To be raised when decoding or pre-processing changes what the towers are given, or what is noted with it. */
const PREPARATION = 3;
/** Bytes that are read and hashed at a time. */
const PIECE_BYTES = 16 << 20;
/** Digits of a fingerprint: enough for any number of clips, short enough for a file's name. */
const DIGITS = 32;

/**
 * Names the content of what an example shows and plays, whatever it is called: a whole video by the digests of its files, anything
 * else by what is taken of which files. @throws InputError for a file that cannot be read
 */
export async function clipFingerprint({ media }: Pick<ClipExample, 'media'>): Promise<string> {
  const parts: { readonly digests: readonly string[]; readonly taken: readonly unknown[] }[] = [];
  for (const { kind, path, files, start, end } of media) {
    const digests: string[] = [];
    for (const file of files) digests.push(await reading(path, async () => digestOf(await file.blob())));
    parts.push({ digests, taken: kind === 'video' ? [start, end] : [start, end, kind] });
  }
  const [{ digests, taken }] = parts as [(typeof parts)[number]];
  const isWhole = parts.length === 1 && taken.every((word) => word === undefined);
  if (isWhole && digests.length === 1) return digests[0]!.slice(0, DIGITS);
  return (await sha256(isWhole ? digests.join() : JSON.stringify(parts))).slice(0, DIGITS);
}

/** SHA-256 of a small file; of a large one that of its pieces' digests, so that no file has to fit into memory. */
async function digestOf(blob: Blob): Promise<string> {
  if (blob.size <= PIECE_BYTES) return sha256(await blob.arrayBuffer());
  const digests: string[] = [];
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    digests.push(await sha256(await blob.slice(at, at + PIECE_BYTES).arrayBuffer()));
  }
  return sha256(digests.join());
}

/**
 * Names what a model's towers make of a clip: how clips are prepared, the towers' configs, and of each tower tensor its name,
 * type, shape and all of its bytes. A repaired weight file often differs from the broken one in a few values only, so a sample
 * would take the two for one. Where clips are not encoded, no tower has a part in it.
 */
export async function encoderFingerprint(
  { files, config, clips }: ClipModel,
  report: Report = () => undefined,
): Promise<string> {
  const tensors = clips.unencoded ? [] : towerTensors(files);
  const total = tensors.reduce((sum, { source, name }) => sum + bytesIn(source, name), 0);
  const hasher = await createXXHash128(); // Of the hashes at hand by far the fastest: D-079.
  const lines: string[] = [];
  let done = 0;
  for (const { source, name } of tensors) {
    const { dtype, shape } = source.info(name);
    lines.push(`${name} ${dtype} ${shape} ${await digestOfTensor(hasher, source, name)}`);
    done += bytesIn(source, name);
    report(done, total);
  }
  const configs = JSON.stringify({
    PREPARATION,
    ...familyOf(files.family).towerConfig(config),
    media: clips.identity,
  });
  return (await sha256([configs, ...lines.sort()].join('\n'))).slice(0, DIGITS);
}

const bytesIn = (source: TensorSource, name: string): number =>
  source.info(name).end - source.info(name).start;

/** Against accidents, not forgers: ten times as fast as SHA-256, which matters for weights of gigabytes. */
async function digestOfTensor(hasher: IHasher, source: TensorSource, name: string): Promise<string> {
  hasher.init();
  for await (const { bytes } of source.pieces(name, PIECE_BYTES)) hasher.update(bytes);
  return hasher.digest();
}

/** Checkpoints of towers bring along what no clip goes through: Whisper's decoder, SigLIP's text side. */
const mayBeUsed = (name: string): boolean => !/(?:^|\.)(?:decoder|text_model)\./.test(name);

/** The towers' tensors: those of their own folders, and those that the main file names as theirs. */
function towerTensors({ main, towers }: ModelFiles): { source: TensorSource; name: string }[] {
  const inside = main.weights.names().filter((name) => ['vision', 'audio'].includes(partOf(name)));
  return [
    ...inside.map((name) => ({ source: main.weights, name })),
    ...[towers.vision?.weights, towers.audio?.weights].flatMap((source) =>
      source
        ? source
            .names()
            .filter(mayBeUsed)
            .map((name) => ({ source, name }))
        : [],
    ),
  ];
}
