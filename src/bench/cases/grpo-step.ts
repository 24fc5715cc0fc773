/** GRPO steps on made-up prompts: the rollout and the update that a run has, without clips and rewards. */
import { Arena } from '../../gpu/index.ts';
import { deriveSeed } from '../../math/random.ts';
import type { SamplingSettings } from '../../ops/tokens/sampling.ts';
import { LOSS_DEFAULTS } from '../../protocol/loss-config.ts';
import type { MediaTokens } from '../../rl/media/media-input.ts';
import type { Policy } from '../../rl/policy/policy.ts';
import { type Completion, Generator } from '../../rl/rollout/generator.ts';
import { planPasses, planRollout } from '../../rl/update/batch-limits.ts';
import type { UpdateGroup } from '../../rl/update/micro-batches.ts';
import { Updater } from '../../rl/update/update.ts';

export interface StepSize {
  readonly group: number;
  readonly promptTokens: number;
  /** Most tokens of a completion; what ends one is drawn by chance. */
  readonly length: number;
  /** How many of the vocabulary's first ids end a completion: 1 for nearly always the full length. */
  readonly endIds?: number;
  /** Weight of the KL term: above 0, the reference reads the group, too. */
  readonly beta: number;
  /** Always the likeliest token, and a policy that stays as it is: every step is the same. */
  readonly still?: boolean;
}

/** Milliseconds by the clock given, and tokens of each completion. */
export interface StepTimes {
  readonly rolloutMs: number;
  readonly updateMs: number;
  readonly lengths: readonly number[];
}

const NO_MEDIA: MediaTokens = { rows: new Float32Array(0) };
const NO_KIND = { mediaCounts: { video: 0, audio: 0 } };
const SAMPLING: Omit<SamplingSettings, 'step'> = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: deriveSeed(1, 'bench'),
};
const LEARNING_RATE = 1e-4;

/** What a run of such steps keeps on the device beside the policy. */
export class GrpoSteps {
  readonly #policy: Policy;
  readonly #size: StepSize;
  readonly #arena: Arena;
  readonly #generator: Generator;
  readonly #updater: Updater;

  private constructor(policy: Policy, size: StepSize, arena: Arena, generator: Generator, updater: Updater) {
    this.#policy = policy;
    this.#size = size;
    this.#arena = arena;
    this.#generator = generator;
    this.#updater = updater;
  }

  static async create(policy: Policy, size: StepSize): Promise<GrpoSteps> {
    const { gpu, current, config } = policy;
    const { group, promptTokens, length, endIds = 1, beta } = size;
    const shape = { prompts: 1, together: 1, promptTokens, groupSize: group, length };
    const bindingBytes = gpu.device.limits.maxStorageBufferBindingSize;
    const { places, rows } = planRollout(config.decoder, bindingBytes, shape);
    const arena = new Arena(gpu, 'rollout');
    const generator = await Generator.create(
      gpu,
      arena,
      current.decoder,
      { ...shape, rows, places, mediaRows: 0, prefillTogether: 1, maxNewTokens: length },
      { endIds: Array.from({ length: endIds }, (_, id) => id), adapters: current.adapters },
    );
    const passes = planPasses(config.decoder, bindingBytes, { ...shape, completions: group });
    const objective = { ...LOSS_DEFAULTS, beta, maxCompletionLength: length };
    const updater = await Updater.create(
      policy,
      { objective, ...passes, completionsPerPrompt: group, temperature: 1, kind: NO_KIND },
      { learningRate: LEARNING_RATE },
    );
    return new GrpoSteps(policy, size, arena, generator, updater);
  }

  /** One step; `step` chooses what is drawn. */
  async run(step: number, now: () => number = () => performance.now()): Promise<StepTimes> {
    const prompt = { ids: promptIds(this.#size.promptTokens, this.#policy.config.decoder.vocabSize) };
    const start = now();
    const { still = false } = this.#size;
    const settings = still ? { ...SAMPLING, temperature: 0, step: 0 } : { ...SAMPLING, step };
    const [completions] = await this.#generator.generate([prompt], settings, () => NO_MEDIA);
    const drawn = now();
    await this.#updater.update([updateGroup(prompt, completions!)], still ? 0 : LEARNING_RATE);
    const lengths = completions!.map(({ ids }) => ids.length);
    return { rolloutMs: drawn - start, updateMs: now() - drawn, lengths };
  }

  [Symbol.dispose](): void {
    this.#generator[Symbol.dispose]();
    this.#updater[Symbol.dispose]();
    this.#arena[Symbol.dispose]();
  }
}

const promptIds = (length: number, vocabulary: number): Uint32Array =>
  Uint32Array.from({ length }, (_, i) => (11 * i + 1) % vocabulary);

/** Completions that are good and bad in turn. */
function updateGroup(prompt: { readonly ids: Uint32Array }, completions: readonly Completion[]): UpdateGroup {
  return {
    prompt,
    completions: completions.map(({ ids }) => ids),
    media: { features: {}, tokens: NO_MEDIA },
    advantages: completions.map((_, i) => 1 - 2 * (i % 2)),
    samplerLogProbs: completions.map(({ logProbs }) => logProbs),
  };
}
