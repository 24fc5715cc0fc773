import { Arena } from '../gpu/index.ts';
import { freeBertTokens, uploadBertTokens } from '../models/bert.ts';
import type { Config } from '../protocol/config.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { planPasses, planRollout, type RolloutPlan, tokensPerPass } from './batch-limits.ts';
import type { Features } from './encoder.ts';
import { Generator, type GeneratorShape } from './generator.ts';
import { LOSS_DEFAULTS, type LossConfig } from './loss-config.ts';
import type { MediaTokens } from './media-input.ts';
import {
  FINISHED_TOKENS,
  type MediaMaker,
  MediaTokenizer,
  type Question,
  type Senses,
} from './media-tokens.ts';
import type { GroupMedia } from './micro-batches.ts';
import type { ModelView, Policy } from './policy.ts';
import type { PromptTokens } from './prompt-tokens.ts';
import { Updater } from './update.ts';

/** A clip made ready for training: its prompt in tokens and its features. */
export interface RunExample {
  readonly id: string;
  /** The clip's own id, where `id` names a variant of it. */
  readonly clipId?: string;
  readonly label: string;
  readonly prompt: PromptTokens;
  /** What the towers made of it; loaded where it is needed, as all clips together may be more than memory holds. */
  readonly features: () => Promise<Features>;
  /** Ids that supervised training learns. */
  readonly answer: Uint32Array;
}

export interface RunSetup {
  readonly policy: Policy;
  readonly config: Config;
  readonly tokenizer: Tokenizer;
  readonly endIds: readonly number[];
  /** BERT's row of the question with the weights as loaded; needed where a gate reads it. */
  readonly questionRow?: Float32Array | undefined;
  /** Ids of the question as BERT reads it; needed where BERT trains. */
  readonly gateIds?: readonly number[];
  readonly mediaCounts: { readonly video: number; readonly audio: number };
  readonly senses: Senses;
  /** Longest prompt and longest answer of the data, in tokens. */
  readonly longestPrompt: number;
  readonly longestAnswer: number;
}

/** Answers that evaluation decodes together, at most. */
const EVALUATION_ROWS = 32;
/** Bytes of media tokens kept in memory. */
const MEDIA_CACHE_BYTES = 256 * 2 ** 20;

/** The loss settings of a run's config. */
export function lossConfig(config: Config): LossConfig {
  const known = Object.keys(LOSS_DEFAULTS).filter((key) => key in config);
  const values = Object.fromEntries(known.map((key) => [key, config[key as keyof Config]]));
  return { ...LOSS_DEFAULTS, ...values };
}

const generatorKey = ({ groups, places }: RolloutPlan, groupSize: number): string =>
  `${groups}x${groupSize} of ${places}`;

/** Everything a run keeps on the GPU beside the policy: sampler, update, media tokens. */
export class RunContext {
  readonly setup: RunSetup;
  readonly updater: Updater;
  readonly #question: Question | undefined;
  readonly #media: MediaMaker;
  readonly #referenceMedia?: MediaMaker;
  readonly #arena: Arena;
  readonly #generators = new Map<string, Generator>();
  #evaluationKey?: string;
  /** Media tokens by example and role; those of the policy are kept only while nothing changes them. */
  readonly #tokens = new Map<string, MediaTokens>();

  private constructor(
    setup: RunSetup,
    question: Question | undefined,
    updater: Updater,
    media: MediaMaker,
    reference?: MediaMaker,
  ) {
    this.setup = setup;
    this.updater = updater;
    this.#question = question;
    this.#media = media;
    this.#referenceMedia = reference;
    this.#arena = new Arena(setup.policy.gpu, 'rollout');
  }

  static async create(setup: RunSetup): Promise<RunContext> {
    const { policy, config } = setup;
    const question = openQuestion(setup);
    const media = await openMedia(setup, policy.current, question);
    const separate = policy.reference && policy.trainsMedia;
    const reference = separate ? await openMedia(setup, policy.reference!, question) : undefined;
    const updater = await Updater.create(policy, updaterSettings(setup, question), {
      learningRate: config.learningRate,
      beta1: config.adamBeta1,
      beta2: config.adamBeta2,
      eps: config.adamEpsilon,
      weightDecay: config.weightDecay,
      maxGradNorm: config.maxGradNorm,
    });
    return new RunContext(setup, question, updater, media, reference);
  }

  /** Media of an example for rollout and loss, with the weights as they are now. */
  async mediaOf(example: RunExample): Promise<GroupMedia & { tokens: MediaTokens }> {
    if (!this.setup.policy.trainsMedia) {
      return { features: {}, tokens: await this.#cached('policy', example, this.#media) };
    }
    const features = await example.features();
    const tokens = await this.#media.tokens(features);
    if (!this.#referenceMedia) return { features, tokens };
    return {
      features,
      tokens,
      referenceTokens: await this.#cached('reference', example, this.#referenceMedia),
    };
  }

  async #cached(role: string, { id, features }: RunExample, media: MediaMaker): Promise<MediaTokens> {
    const key = `${role} ${id}`;
    const known = this.#tokens.get(key) ?? (await media.tokens(await features()));
    // Last used goes last, so that the first is the one unused for longest.
    this.#tokens.delete(key);
    this.#tokens.set(key, known);
    const most = Math.max(1, Math.floor(MEDIA_CACHE_BYTES / known.rows.byteLength));
    if (this.#tokens.size > most) this.#tokens.delete(this.#tokens.keys().next().value!);
    return known;
  }

  /** The sampler for training rollouts; where a step's prompts do not fit together, some wait for others. */
  rolloutGenerator(): Promise<Generator> {
    return this.#generator(this.#rolloutPlan(), this.setup.config.groupSize);
  }

  #rolloutPlan(): RolloutPlan {
    const { promptsPerStep, groupSize } = this.setup.config;
    return this.#planRollout({ prompts: promptsPerStep, together: promptsPerStep, groupSize });
  }

  /** The sampler for evaluation. Of the shapes asked for only the latest stays, as its cache of keys and values is large. */
  evaluationGenerator(answersPerPrompt = 1): Promise<Generator> {
    const together = Math.ceil(EVALUATION_ROWS / answersPerPrompt);
    const shape = { prompts: Number.POSITIVE_INFINITY, together, groupSize: answersPerPrompt };
    const plan = this.#planRollout(shape);
    const key = generatorKey(plan, answersPerPrompt);
    const rollout = generatorKey(this.#rolloutPlan(), this.setup.config.groupSize);
    const previous = this.#evaluationKey;
    if (previous && previous !== key && previous !== rollout) {
      this.#generators.get(previous)?.[Symbol.dispose]();
      this.#generators.delete(previous);
    }
    this.#evaluationKey = key;
    return this.#generator(plan, answersPerPrompt);
  }

  #planRollout(shape: { prompts: number; together: number; groupSize: number }): RolloutPlan {
    const { config, policy, longestPrompt } = this.setup;
    const lengths = { promptTokens: longestPrompt, length: config.maxCompletionLength };
    return planRollout(policy.config.decoder, { ...shape, ...lengths });
  }

  /** Prompts whose tokens fit one pass. */
  #promptsPerPass(): number {
    const { policy, longestPrompt } = this.setup;
    return Math.floor(tokensPerPass(policy.config.decoder, bindingBytes(policy)) / longestPrompt);
  }

  async #generator(plan: RolloutPlan, groupSize: number): Promise<Generator> {
    const key = generatorKey(plan, groupSize);
    const known = this.#generators.get(key);
    if (known) return known;
    const { policy, config, mediaCounts, longestPrompt, endIds } = this.setup;
    const shape: GeneratorShape = {
      rows: plan.groups * groupSize,
      groupSize,
      places: plan.places,
      promptTokens: longestPrompt,
      mediaRows: mediaCounts.video + mediaCounts.audio,
      prefillTogether: Math.min(plan.groups, this.#promptsPerPass()),
      maxNewTokens: config.maxCompletionLength,
    };
    const { current, gpu } = policy;
    const generator = await Generator.create(gpu, this.#arena, current.decoder, shape, {
      endIds,
      adapters: current.adapters,
    });
    this.#generators.set(key, generator);
    return generator;
  }

  [Symbol.dispose](): void {
    for (const generator of this.#generators.values()) generator[Symbol.dispose]();
    this.updater[Symbol.dispose]();
    this.#media[Symbol.dispose]();
    this.#referenceMedia?.[Symbol.dispose]();
    this.#arena[Symbol.dispose]();
    const { gpu } = this.setup.policy;
    if (!this.#question) return;
    if ('storage' in this.#question) gpu.free(this.#question);
    else freeBertTokens(gpu, this.#question);
  }
}

const bindingBytes = ({ gpu }: Policy): number => gpu.device.limits.maxStorageBufferBindingSize;

/** What turns features into tokens by the weights of a view. */
function openMedia(
  { policy, senses }: RunSetup,
  view: ModelView,
  question: Question | undefined,
): Promise<MediaMaker> | MediaMaker {
  const { media } = view;
  if (!media) return FINISHED_TOKENS;
  if (!question) throw new Error('RunContext: the row of the question (questionRow) is missing.');
  return MediaTokenizer.create(policy.gpu, { ...view, media }, senses, question);
}

function openQuestion({ policy, questionRow, gateIds }: RunSetup): Question | undefined {
  const { gpu, options } = policy;
  if (!options.trainBert) {
    return questionRow && gpu.upload('inputs', 'question', [1, questionRow.length], questionRow);
  }
  if (!gateIds)
    throw new Error('RunContext: BERT trains, but the ids of its question (gateIds) are missing.');
  return uploadBertTokens(gpu, [gateIds]);
}

function updaterSettings(setup: RunSetup, question: Question | undefined) {
  const { policy, config, mediaCounts, senses, longestPrompt, longestAnswer } = setup;
  const supervised = config.stage === 'sft';
  const completionsPerPrompt = supervised ? 1 : config.groupSize;
  const passes = planPasses(policy.config.decoder, bindingBytes(policy), {
    prompts: config.promptsPerStep,
    promptTokens: longestPrompt,
    completions: completionsPerPrompt,
    length: supervised ? longestAnswer : config.maxCompletionLength,
  });
  // Short answers leave room for more clips, but tokens that are made in the pass take memory for each.
  const fitting = Math.floor(passes.largest.tokens / longestPrompt);
  const mostPrompts = Math.max(passes.promptsPerPass, Math.min(config.promptsPerStep, fitting));
  return {
    objective: supervised ? ('nll' as const) : lossConfig(config),
    ...passes,
    promptsPerPass: policy.trainsMedia ? passes.promptsPerPass : mostPrompts,
    completionsPerPrompt,
    temperature: config.temperature > 0 && !supervised ? config.temperature : 1,
    kind: { mediaCounts, senses, question },
  };
}
