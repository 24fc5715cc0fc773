/** A run on the golden toy checkpoint with short prompts and no media, in a toy language that rewards can read. */
import type { Gpu } from '../../src/gpu/index.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import { RunContext, type RunExample, type RunSetup } from '../../src/rl/run-context.ts';
import { Tokenizer } from '../../src/text/tokenizer.ts';
import { END_IDS, tinyPolicy, toyPrompt } from './omni-tiny.ts';

export const LABELS = ['happy', 'sad', 'angry', 'neutral'];
export const PROMPT_LENGTH = 8;

/**
 * What ids mean here: the first id names a label by its remainder of 4; an even second id puts a think block in front,
 * without which the format is wrong.
 */
function toyText(all: Iterable<number>): string {
  const ids = [...all];
  const answer = `<answer>${LABELS[ids[0]! % 4]}</answer>`;
  return ids.length > 1 && ids[1]! % 2 === 0 ? `<think>so</think>${answer}` : answer;
}

/** Ids that mean a label in the right format. */
const toyAnswer = (label: string): Uint32Array => Uint32Array.of(40 + LABELS.indexOf(label), 8, END_IDS[0]!);

export interface TextRun {
  readonly policy: Policy;
  readonly context: RunContext;
  /** One for each label. */
  readonly examples: readonly RunExample[];
  [Symbol.dispose](): void;
}

export interface TextRunOptions {
  /** Make the sampler at once. */
  readonly samples?: boolean;
  /** Told of kernels compiled, of how many. */
  readonly report?: (done: number, total: number) => void;
}

/** Opens it. `setup` changes what the run is told beside the config. */
export async function textRun(
  gpu: Gpu,
  values: Partial<Config>,
  setup: Partial<RunSetup> = {},
  { samples = false, report = (): void => undefined }: TextRunOptions = {},
): Promise<TextRun> {
  const config = parseConfig({
    rewards: ['accuracy', 'format'],
    promptsPerStep: 4,
    groupSize: 4,
    maxCompletionLength: 3,
    loraRank: 4,
    loraAlpha: 8,
    schedule: 'constant',
    warmupSteps: 0,
    trainDecoder: false,
    trainProjectors: false,
    trainGate: false,
    trainBert: false,
    ...values,
  });
  const { loraRank: rank, loraAlpha: alpha, loraTargets: targets, trainDecoder, beta, seed } = config;
  const lora = rank > 0 ? { lora: { rank, alpha, targets } } : {};
  const policy = await tinyPolicy(gpu, { ...lora, trainDecoder, reference: beta > 0, seed });
  const tokenizer = await Tokenizer.load(policy.files.main.tree);
  tokenizer.decode = toyText;
  const runSetup = {
    policy,
    config,
    tokenizer,
    endIds: END_IDS,
    gate: { width: 1 },
    mediaCounts: { video: 0, audio: 0 },
    longestPrompt: PROMPT_LENGTH,
    longestAnswer: 3,
    ...setup,
  };
  const context = await gpu.pipelines.reporting(report, () => RunContext.create(runSetup, { samples }));
  const examples = LABELS.map((label, index) => ({
    id: `clip ${index}`,
    label,
    prompt: toyPrompt(30 + index, PROMPT_LENGTH),
    features: async () => ({}),
    answer: toyAnswer(label),
  }));
  return {
    policy,
    context,
    examples,
    [Symbol.dispose]() {
      context[Symbol.dispose]();
      policy[Symbol.dispose]();
    },
  };
}
