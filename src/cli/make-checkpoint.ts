/**
 * npm run make-checkpoint -- --out DIR [--seed S] [--empty]
 *
 * A checkpoint with the names, shapes and types of the published 0.5B model and random weights (2.75 GB): for trying out
 * loading, memory and export at real size without the real model. With --empty only the header is written and the file is
 * as long as it should be; what is not written reads as zeros.
 *
 * npm run make-checkpoint -- --out DIR --family qwen2.5|qwen3 --tiny [--seed S] [--layers N] [--hidden-size N]
 *   [--intermediate-size N] [--heads N] [--kv-heads N] [--head-dim N] [--vocab-size N] [--untied] [--rope-theta X]
 *   [--rope-scaling linear:X|yarn:X] [--max-positions N] [--dtype bf16|f16|f32] [--shards N] [--toy]
 *
 * A language model of that family with random weights, small enough to train anywhere, with its tokenizer and chat template. With --toy
 * DIR/model is that model after a short supervised start, and DIR/data the questions it was on (the larger of two numbers), of which it
 * answers about one in five right: the smallest thing that GRPO teaches.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Gpu } from '../gpu/index.ts';
import { openNodeDevice } from './adapter.ts';
import { makeCheckpoint } from './real-size/write.ts';
import { tinyQwen } from './tiny-qwen/checkpoint.ts';
import { TINY_FLAGS, tinyOptions } from './tiny-qwen/flags.ts';
import { coldStart, toyQuestions } from './tiny-qwen/toy.ts';

const { values } = parseArgs({
  options: {
    ...TINY_FLAGS,
    ...{ out: { type: 'string' }, empty: { type: 'boolean' }, tiny: { type: 'boolean' } },
    toy: { type: 'boolean' },
  },
});
const { out, tiny = false, empty = false, toy = false, ...flags } = values;
if (!out) throw new Error('make-checkpoint: --out DIR is missing.');
if (tiny && empty) throw new Error('make-checkpoint: --empty goes without --tiny only.');
if (toy && !tiny) throw new Error('make-checkpoint: --toy goes with --tiny only.');
if (toy) await writeToy(out);
else if (tiny) await writeTiny(out);
else await writeRealSize(out);

async function writeTiny(folder: string): Promise<void> {
  await write(folder, await tinyQwen(tinyOptions(flags)));
}

/** The toy's model and data. Weights are f32 whatever is asked for: what trains is. */
async function writeToy(folder: string): Promise<void> {
  const options = { ...tinyOptions(flags), dtype: 'F32', shards: 1 } as const;
  const { device, info } = await openNodeDevice();
  const log = (line: string): void => console.error(line);
  const seed = options.seed ?? 1;
  const model = await coldStart(new Gpu(device, { info }), await tinyQwen(options), { seed, log });
  await write(join(folder, 'model'), model);
  await write(join(folder, 'data'), { 'numbers.jsonl': toyQuestions() });
  process.exit(0);
}

async function write(folder: string, contents: Record<string, string | Blob>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  let bytes = 0;
  for (const [name, content] of Object.entries(contents)) {
    const written = Buffer.from(await new Blob([content]).arrayBuffer());
    writeFileSync(join(folder, name), written);
    bytes += written.byteLength;
  }
  console.error(`${folder}: ${bytes} bytes`);
}

async function writeRealSize(folder: string): Promise<void> {
  const { seed = '1', ...others } = flags;
  const [unused] = Object.keys(others);
  if (unused) throw new Error(`make-checkpoint: --${unused} goes with --tiny only.`);
  const bytes = await makeCheckpoint(folder, { seed: Number(seed), empty });
  console.error(`${folder}: ${bytes} bytes of weights${empty ? ', all zero' : ''}`);
}
