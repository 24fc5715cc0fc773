/** Supervised cold start: the model learns the format of an answer, and its cues only by halves. */

import type { NamedArray } from '../../decoder/lora.ts';
import type { TextTools } from '../../families/api.ts';
import { openHumanOmni } from '../../families/humanomni/files.ts';
import { humanOmniConfig } from '../../families/humanomni/index.ts';
import type { HumanOmniConfig } from '../../families/humanomni/parts.ts';
import { humanOmniText } from '../../families/humanomni/prompt.ts';
import { openEncoder } from '../../families/index.ts';
import type { Features } from '../../families/shared/clip-encoder.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { FileTree } from '../../io/files/files.ts';
import { readJsonIfThere } from '../../io/files/files.ts';
import { permutation, uniform } from '../../math/random.ts';
import { type Config, parseConfig } from '../../protocol/config.ts';
import { evaluate } from '../../rl/evaluate.ts';
import { GateRows, gateShape, gateTextsOf } from '../../rl/media/gate.ts';
import { loadPolicy, type Policy } from '../../rl/policy/policy.ts';
import { RunContext, type RunExample } from '../../rl/run-context.ts';
import { sftStep } from '../../rl/sft.ts';
import { loadBertTokenizer } from '../../text/bert-tokenizer.ts';
import { ChatTemplate } from '../../text/chat-template.ts';
import { encodeAnswer } from '../../text/encode-prompt.ts';
import { endTokenIds, Tokenizer } from '../../text/tokenizer.ts';
import { ANSWERS, QUESTION } from './architecture.ts';
import type { DemoClip } from './clips.ts';

export interface ColdStartOptions {
  readonly seed: number;
  readonly steps: number;
  readonly learningRate: number;
  /** Share of the labels that are replaced by random ones. */
  readonly shuffled: number;
  readonly log: (line: string) => void;
}

const CLIPS = 64;
const LABELS = Object.keys(ANSWERS);

const SETTINGS: Partial<Config> = {
  stage: 'sft',
  promptsPerStep: 8,
  schedule: 'linear',
  loraRank: 0,
  trainDecoder: true,
  trainProjectors: true,
  maxCompletionLength: 24,
  question: QUESTION,
};

/** Labels of the cold start's clips, a share of them replaced by random ones. */
function noisyLabels(clips: readonly DemoClip[], shuffled: number, seed: number): string[] {
  return clips.map(({ label }, i) => {
    if (uniform(seed, 1, i) >= shuffled) return label;
    return LABELS[Math.floor(uniform(seed, 2, i) * LABELS.length)]!;
  });
}

/** What turns text into ids for a checkpoint in `tree`. */
export async function openText(tree: FileTree, config: HumanOmniConfig): Promise<TextTools> {
  const tokenizer = await Tokenizer.load(tree);
  const vocabOnly: FileTree = { ...tree, files: tree.files.filter(({ path }) => path === 'vocab.txt') };
  const gate = await loadBertTokenizer(vocabOnly);
  return humanOmniText(tokenizer, await ChatTemplate.load(tree), gate, config);
}

async function encodeAll(policy: Policy, clips: readonly DemoClip[]): Promise<Map<string, Features>> {
  using encoder = await openEncoder(policy.gpu, policy);
  const features = new Map<string, Features>();
  for (const clip of clips) features.set(clip.id, await encoder.encode(clip));
  return features;
}

/** Trains decoder and projectors; returns their tensors. */
export async function coldStart(
  gpu: Gpu,
  tree: FileTree,
  clips: readonly DemoClip[],
  options: ColdStartOptions,
): Promise<NamedArray[]> {
  const { seed, log, steps, learningRate } = options;
  const config = parseConfig({ ...SETTINGS, steps, learningRate });
  const files = await openHumanOmni(tree);
  using policy = await loadPolicy(gpu, files, { ...config, reference: false, seed, maxPositions: 256 });
  const text = await openText(tree, humanOmniConfig(policy.config));
  const features = await encodeAll(policy, clips);
  const prompt = text.promptOf(config, ['video']);
  const gates = new GateRows(gpu, policy, false);
  await gates.prepare([prompt.gateIds]);
  const gate = gates.of(prompt.gateIds)!;
  log(`prompt of ${prompt.longest} tokens, ${policy.store.size} trained parameters`);
  const toExample = (clip: DemoClip, label: string): RunExample => ({
    id: clip.id,
    label: clip.label,
    prompt: prompt.tokensOf(),
    features: async () => ({ ...features.get(clip.id)!, gate }),
    answer: Uint32Array.from(encodeAnswer(text.tokenizer, text.template, prompt, ANSWERS[label]!)),
  });
  const train = clips.filter(({ split }) => split === 'train').slice(0, CLIPS);
  const labels = noisyLabels(train, options.shuffled, seed);
  const examples = train.map((clip, i) => toExample(clip, labels[i]!));
  const heldOut = clips.filter(({ split }) => split === 'test').map((clip) => toExample(clip, clip.label));
  using context = await RunContext.create({
    policy,
    config,
    tokenizer: text.tokenizer,
    endIds: endTokenIds(
      text.tokenizer,
      files.main.config,
      (await readJsonIfThere(tree, 'generation_config.json')) ?? {},
    ),
    gate: gateShape(policy, gateTextsOf([prompt])),
    mediaCounts: prompt.counts,
    longestPrompt: prompt.longest,
    longestAnswer: Math.max(...examples.map(({ answer }) => answer.length)),
  });
  for (let step = 0; step < config.steps; step++) {
    const batch = batchOf(examples, step, config.promptsPerStep, seed);
    const { metrics } = await sftStep(context, batch, step);
    if ((step + 1) % 20 === 0) {
      const { war, unreadable } = await evaluate(context, heldOut, { split: 'test', step, labels: LABELS });
      log(
        `cold start, step ${step + 1}: loss ${metrics.loss!.toFixed(3)}, held-out accuracy ${war.toFixed(3)}, unreadable ${unreadable}`,
      );
    }
  }
  const trained: NamedArray[] = [];
  for (const name of policy.store.names()) {
    trained.push({ name, shape: policy.store.get(name).shape, data: await policy.store.read(name) });
  }
  return trained;
}

function batchOf(examples: readonly RunExample[], step: number, size: number, seed: number): RunExample[] {
  return Array.from({ length: size }, (_, i) => {
    const at = step * size + i;
    const order = permutation(examples.length, seed, Math.floor(at / examples.length));
    return examples[order[at % examples.length]!]!;
  });
}
