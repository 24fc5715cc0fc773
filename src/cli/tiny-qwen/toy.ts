/** The toy task of language models: the larger of two numbers, and a small model that has the form but seldom the answer. */

import { readDataset } from '../../data/read.ts';
import type { Example } from '../../data/types.ts';
import type { NamedArray } from '../../decoder/lora.ts';
import { familyOf, openModelFiles } from '../../families/index.ts';
import type { Gpu } from '../../gpu/index.ts';
import { readJsonIfThere, treeFromMemory } from '../../io/files/files.ts';
import { f32ToBytes } from '../../io/tensors/dtype.ts';
import { writeSafetensors } from '../../io/tensors/safetensors-write.ts';
import { permutation, uniform } from '../../math/random.ts';
import { type Config, parseConfig } from '../../protocol/config.ts';
import { loadPolicy } from '../../rl/policy/policy.ts';
import { prepareExample } from '../../rl/prepare.ts';
import { runPrompts } from '../../rl/prompts.ts';
import { RunContext, type RunExample } from '../../rl/run-context.ts';
import { sftStep } from '../../rl/sft.ts';
import { endTokenIds } from '../../text/tokenizer.ts';

type Contents = Record<string, string | Blob>;

/** Numbers from 0 on that are asked about. */
const NUMBERS = 10;

/** Supervised steps on right answers, then on answers of which most are any number: every number stays likely, the right one a little more. */
const PHASES = [
  { steps: 100, wrong: 0 },
  { steps: 30, wrong: 0.7 },
] as const;

const SETTINGS: Partial<Config> = {
  ...{ stage: 'sft', promptsPerStep: 32, learningRate: 2e-3, schedule: 'constant', weightDecay: 0 },
  ...{ loraRank: 0, trainDecoder: true, maxCompletionLength: 3, promptPreset: 'sft-label' },
};

/** One question a line, with its answer. */
export function toyQuestions(): string {
  const all = Array.from(
    { length: NUMBERS ** 2 },
    (_, at) => [Math.floor(at / NUMBERS), at % NUMBERS] as const,
  );
  const rows = all
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => ({ question: `Which is more, ${a} or ${b}?`, answer: String(Math.max(a, b)) }));
  return `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`;
}

/** The model's folder after its supervised steps. */
export async function coldStart(
  gpu: Gpu,
  contents: Contents,
  { seed, log }: { readonly seed: number; readonly log: (line: string) => void },
): Promise<Contents> {
  const tree = treeFromMemory('toy', contents);
  const data = await readDataset(treeFromMemory('numbers', { 'numbers.jsonl': toyQuestions() }), {
    seed: 42,
  });
  const train = data.examples.filter(({ split }) => split === 'train');
  const steps = PHASES.reduce((sum, phase) => sum + phase.steps, 0);
  const config = parseConfig({ ...SETTINGS, steps });
  const { files } = await openModelFiles(tree);
  const family = familyOf(files.family);
  using policy = await loadPolicy(gpu, files, { ...config, reference: false, seed, maxPositions: 64 });
  const text = await family.openText(tree, files, policy.config);
  const prompts = runPrompts(text, config, [], train);
  const prepared = (example: Example): RunExample => prepareExample(text, prompts.of(example), example);
  const generation = (await readJsonIfThere(tree, 'generation_config.json')) ?? {};
  using context = await RunContext.create({
    policy,
    config,
    tokenizer: text.tokenizer,
    endIds: endTokenIds(text.tokenizer, files.main.config, generation),
    mediaCounts: prompts.counts,
    longestPrompt: prompts.longest,
    longestAnswer: Math.max(...train.map((example) => prepared(example).answer.length)),
  });
  let step = 0;
  for (const phase of PHASES) {
    for (let end = step + phase.steps; step < end; step++) {
      const batch = batchOf(train, step, config.promptsPerStep, { seed, wrong: phase.wrong });
      const { metrics } = await sftStep(context, batch.map(prepared), step);
      if ((step + 1) % 10 === 0) log(`cold start, step ${step + 1}: loss ${metrics.loss!.toFixed(3)}`);
    }
  }
  const trained: NamedArray[] = [];
  for (const name of policy.store.names()) {
    trained.push({ name, shape: policy.store.get(name).shape, data: await policy.store.read(name) });
  }
  return { ...contents, 'model.safetensors': await weightsOf(trained) };
}

/** The next examples in an order of the seed, a share of them with any number for an answer. */
function batchOf(
  examples: readonly Example[],
  step: number,
  size: number,
  { seed, wrong }: { readonly seed: number; readonly wrong: number },
): Example[] {
  return Array.from({ length: size }, (_, i) => {
    const at = step * size + i;
    const order = permutation(examples.length, seed, Math.floor(at / examples.length));
    const example = examples[order[at % examples.length]!]!;
    if (uniform(seed, 1, at) >= wrong) return example;
    return { ...example, answer: String(Math.floor(uniform(seed, 2, at) * NUMBERS)) };
  });
}

const weightsOf = (tensors: readonly NamedArray[]): Promise<Blob> =>
  writeSafetensors(
    tensors.map(({ name, shape, data }) => ({
      ...{ name, shape, dtype: 'F32' as const },
      bytes: () => f32ToBytes('F32', Float32Array.from(data)),
    })),
  );
