/** Checkpoints that the project makes for itself, as transformers is to read them: whole folders, and what the studio makes of a question. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordPass } from '../../src/cli/parity/case-pass.ts';
import { tinyQwen } from '../../src/cli/tiny-qwen/checkpoint.ts';
import { openQwenTextFiles } from '../../src/families/qwen-text/files.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { loadPolicy } from '../../src/rl/policy/policy.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { Tokenizer } from '../../src/text/tokenizer.ts';
import { writeTree } from '../reference/layouts.ts';
import { NOTHING } from '../reference/omni-tiny.ts';

const QUESTION = "What is 12 + 7? Don't think, but answer with one Wörtchen.";

const YARN = { type: 'yarn', factor: 4, original_max_position_embeddings: 8, beta_fast: 2 };

export const MADE: Readonly<Record<string, Parameters<typeof tinyQwen>[0]>> = {
  'Qwen2.5 with YaRN, in two shards': {
    ...{ family: 'qwen2.5', heads: 3, kvHeads: 1, headDim: 24, hiddenSize: 40, tied: false, shards: 2 },
    ...{ ropeScaling: YARN, maxPositions: 32, dtype: 'F32' },
  },
  'Qwen3 with linear scaling, in bf16': {
    ...{ family: 'qwen3', heads: 6, kvHeads: 3, headDim: 24, hiddenSize: 32 },
    ropeScaling: { rope_type: 'linear', factor: 3 },
  },
};

export interface Asked {
  readonly ids: readonly number[];
  /** Of what follows the prompt. */
  readonly logits: readonly number[];
}

/** Writes each of them below `root`, a folder made-N each, and the question; returns the prompt's ids and the logits behind it, in their order. */
export async function writeMade(gpu: Gpu, root: string): Promise<Asked[]> {
  const asked: Asked[] = [];
  writeFileSync(join(root, 'question.json'), JSON.stringify(QUESTION));
  for (const [index, options] of Object.values(MADE).entries()) {
    const tree = treeFromMemory('made', await tinyQwen(options));
    await writeTree(tree, join(root, `made-${index}`));
    const [tokenizer, template] = [await Tokenizer.load(tree), await ChatTemplate.load(tree)];
    const ids = tokenizer.encode(template.render([{ role: 'user', content: QUESTION }]));
    const files = await openQwenTextFiles(tree);
    const settings = { ...NOTHING, reference: false, seed: 0, maxPositions: ids.length + 1 };
    using policy = await loadPolicy(gpu, files, settings);
    const groups = [{ prompt: { ids: Uint32Array.from(ids) }, completions: [Uint32Array.of(0)] }];
    const pass = { groups, objective: 'nll', advantages: [0], backward: false } as const;
    using plan = await recordPass(gpu, policy.current, pass, async () => []);
    const logits = (await plan.run()).get('prompt_logits_last')!;
    asked.push({ ids: [...ids], logits: [...logits] });
  }
  return asked;
}
