/** A run on the golden toy checkpoint without clips: what the towers would say is made up, everything else is real. */

import { humanOmniConfig } from '../../src/families/humanomni/index.ts';
import { featureShapes } from '../../src/families/humanomni/parts.ts';
import type { Gpu } from '../../src/gpu/index.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { GateRows, gateShape, gateTextsOf } from '../../src/rl/media/gate.ts';
import { loadPolicy, type Policy } from '../../src/rl/policy/policy.ts';
import { answerIds, prepareExample } from '../../src/rl/prepare.ts';
import { RunContext, type RunExample } from '../../src/rl/run-context.ts';
import type { OpenModel } from '../../src/worker/inputs/model.ts';
import { numbers } from '../ops/harness.ts';
import { openClipModel } from './clip-model.ts';

export interface TinyRun {
  readonly model: OpenModel;
  readonly policy: Policy;
  readonly context: RunContext;
  readonly examples: readonly RunExample[];
  [Symbol.dispose](): void;
}

const LABELS = ['happy', 'sad', 'angry', 'neutral'];

export async function tinyRun(gpu: Gpu, tree: FileTree, values: Partial<Config>): Promise<TinyRun> {
  const config = parseConfig({
    promptsPerStep: 2,
    groupSize: 2,
    maxCompletionLength: 8,
    // In few words: toy tokenizers take the published request letter by letter.
    ...{ question: 'Which?', instruction: 'Answer.' },
    ...values,
  });
  const model = await openClipModel(tree);
  const prompt = model.text.promptOf(config, ['video']);
  const shapes = featureShapes(humanOmniConfig(model.config));
  const exampleOf = (gates: GateRows) => (label: string, index: number) => {
    const example = {
      id: `clip ${index}`,
      media: [],
      label,
      question: null,
      answer: label,
      writtenLabel: label,
      speaker: null,
      split: 'train' as const,
    };
    const vision = numbers(shapes.vision[0] * shapes.vision[1], 10 + index);
    const audio = numbers(shapes.audio[0] * shapes.audio[1], 20 + index);
    return {
      ...prepareExample(model.text, prompt, example, {
        features: async () => ({ vision, audio }),
        gate: gates.of(prompt.gateIds),
      }),
      answer: answerIds(model.text, prompt, example),
    };
  };
  const {
    trainDecoder,
    trainProjectors,
    trainGate,
    trainBert,
    loraRank,
    loraAlpha,
    loraTargets,
    frozenWeights,
    beta,
    seed,
  } = config;
  const policy = await loadPolicy(gpu, model.files, {
    ...{ trainDecoder, trainProjectors, trainGate, trainBert, frozenWeights, seed },
    ...(loraRank > 0 ? { lora: { rank: loraRank, alpha: loraAlpha, targets: loraTargets } } : {}),
    reference: beta > 0,
    maxPositions: prompt.longest + 64,
  });
  const gates = new GateRows(gpu, policy, trainBert);
  await gates.prepare([prompt.gateIds]);
  const examples = LABELS.map(exampleOf(gates));
  const context = await RunContext.create({
    policy,
    config,
    tokenizer: model.text.tokenizer,
    endIds: model.endIds,
    gate: gateShape(policy, gateTextsOf([prompt])),
    mediaCounts: model.clips.counts,
    longestPrompt: prompt.longest,
    longestAnswer: Math.max(...examples.map(({ answer }) => answer.length)),
  });
  return {
    model,
    policy,
    context,
    examples,
    [Symbol.dispose]() {
      context[Symbol.dispose]();
      policy[Symbol.dispose]();
    },
  };
}
