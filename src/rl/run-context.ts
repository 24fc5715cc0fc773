import type { VisionGrid } from '../decoder/mrope.ts';
import type { MediaCounts, PromptTokens } from '../families/api.ts';
import { Arena } from '../gpu/index.ts';
import type { Likeliest } from '../ops/tokens/top-tokens.ts';
import type { Ceilings } from '../ops/tuning/ceilings.ts';
import type { Config } from '../protocol/config.ts';
import { lossConfig } from '../protocol/loss-config.ts';
import { builtInPanel } from '../rewards/built-in.ts';
import type { RewardPanel } from '../rewards/panel.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import type { StepTimes } from './measure/step-clock.ts';
import { costShape, type StepWork, utilisation } from './measure/utilisation.ts';
import type { AskedFeatures, GateShape } from './media/gate.ts';
import type { MediaTokens } from './media/media-input.ts';
import { FINISHED_TOKENS, type MediaMaker, MediaTokenizer } from './media/media-tokens.ts';
import { VisionTower } from './media/tower.ts';
import type { RewardRow } from './objective/reward-batch.ts';
import type { ModelView, Policy } from './policy/policy.ts';
import { Generator, type GeneratorShape } from './rollout/generator.ts';
import { planPasses, planRollout, type RolloutPlan, tokensPerPass } from './update/batch-limits.ts';
import type { GroupMedia } from './update/micro-batches.ts';
import { type Objective, Updater } from './update/update.ts';

/** An example made ready for training: its prompt in tokens and, of a clip, its features. */
export interface RunExample {
  readonly id: string;
  /** The clip's own id, where `id` names a variant of it. */
  readonly clipId?: string;
  readonly label: string;
  /** The row's own question, where it is asked and is not that of all rows. */
  readonly question?: string;
  readonly prompt: PromptTokens;
  /** What the chat template begins the answer with: rewards and evaluation read it before what is sampled. */
  readonly prefill?: string;
  /** What the towers made of a clip, with what steers the gate; loaded where it is needed, as all clips together may be more than memory holds. */
  readonly features?: () => Promise<AskedFeatures>;
  /** Ids that supervised training learns. */
  readonly answer: Uint32Array;
  /** What rewards are told of its row. */
  readonly row?: RewardRow;
}

/** What answers are sampled with. */
interface SamplingSetup {
  readonly policy: Policy;
  readonly config: Config;
  readonly tokenizer: Tokenizer;
  readonly endIds: readonly number[];
  /** Needed where the model has a gate that a text steers. */
  readonly gate?: GateShape | undefined;
  /** Tokens that what a prompt is about becomes, at most. */
  readonly mediaCounts: MediaCounts;
  /** Of what is seen at most, where the vision tower is a part of the policy. */
  readonly largestGrids?: readonly VisionGrid[];
  /** Longest prompt of the data, in tokens. */
  readonly longestPrompt: number;
}

export interface RunSetup extends SamplingSetup {
  /** What the device gives at best; absent where that was not measured. */
  readonly ceilings?: Ceilings | undefined;
  /** Longest answer of the data, in tokens. */
  readonly longestAnswer: number;
  /** What scores answers; absent where the run's rewards are all built in. */
  readonly rewards?: RewardPanel | undefined;
}

/** Answers that evaluation decodes together, at most. */
const EVALUATION_ROWS = 32;
/** Bytes of media tokens kept in memory. */
const MEDIA_CACHE_BYTES = 256 * 2 ** 20;

/** Of an example without a clip. */
const NOTHING_SHOWN = { features: {}, tokens: { rows: new Float32Array(0) } };

const generatorKey = ({ rows, places }: RolloutPlan, groupSize: number): string =>
  `${rows} by ${groupSize} of ${places}`;

interface SamplingParts {
  readonly arena: Arena;
  /** Makes tokens by the policy's weights. */
  readonly media: MediaMaker;
}

/** What sampling and evaluating weights keeps on the GPU beside the policy: sampler and media tokens. */
export class SamplingContext {
  setup: SamplingSetup;
  protected readonly parts: SamplingParts;
  protected readonly generators = new Map<string, Generator>();
  #evaluationKey?: string;
  /** Media tokens by example and role; those of the policy are kept only while nothing changes them. */
  readonly #tokens = new Map<string, MediaTokens>();

  protected constructor(setup: SamplingSetup, parts: SamplingParts) {
    this.setup = setup;
    this.parts = parts;
  }

  static async open(setup: SamplingSetup): Promise<SamplingContext> {
    const media = await openMedia(setup, setup.policy.current);
    return new SamplingContext(setup, { arena: new Arena(setup.policy.gpu, 'rollout'), media });
  }

  /** Media of an example for rollout and loss, with the weights as they are now. */
  async mediaOf(example: RunExample): Promise<GroupMedia & { tokens: MediaTokens }> {
    if (!example.features) return NOTHING_SHOWN;
    if (!this.setup.policy.trainsMedia) {
      return { features: {}, tokens: await this.cached('policy', example, this.parts.media) };
    }
    const features = await example.features();
    return { features, tokens: await this.parts.media.tokens(features, example.prompt) };
  }

  protected async cached(
    role: string,
    { id, features, prompt }: RunExample,
    media: MediaMaker,
  ): Promise<MediaTokens> {
    const key = `${role} ${id}`;
    const known = this.#tokens.get(key) ?? (await media.tokens((await features?.()) ?? {}, prompt));
    // Last used goes last, so that the first is the one unused for longest.
    this.#tokens.delete(key);
    this.#tokens.set(key, known);
    const most = Math.max(1, Math.floor(MEDIA_CACHE_BYTES / known.rows.byteLength));
    if (this.#tokens.size > most) this.#tokens.delete(this.#tokens.keys().next().value!);
    return known;
  }

  /** The sampler for evaluation. Of the shapes asked for only the latest stays, as its cache of keys and values is large. */
  evaluationGenerator(answersPerPrompt = 1): Promise<Generator> {
    const together = Math.ceil(EVALUATION_ROWS / answersPerPrompt);
    const shape = { prompts: Number.POSITIVE_INFINITY, together, groupSize: answersPerPrompt };
    const plan = planGenerator(this.setup, shape);
    const key = generatorKey(plan, answersPerPrompt);
    const previous = this.#evaluationKey;
    if (previous && previous !== key && !this.keeps(previous)) {
      this.generators.get(previous)?.[Symbol.dispose]();
      this.generators.delete(previous);
    }
    this.#evaluationKey = key;
    return this.generator(plan, answersPerPrompt);
  }

  /** Whether a sampler stays though evaluation needs it no more. */
  protected keeps(_key: string): boolean {
    return false;
  }

  protected async generator(plan: RolloutPlan, groupSize: number): Promise<Generator> {
    const key = generatorKey(plan, groupSize);
    const known = this.generators.get(key);
    if (known) return known;
    const generator = await openGenerator(this.setup, this.parts.arena, plan, groupSize);
    this.generators.set(key, generator);
    return generator;
  }

  [Symbol.dispose](): void {
    const { arena, media } = this.parts;
    for (const generator of this.generators.values()) generator[Symbol.dispose]();
    media[Symbol.dispose]();
    arena[Symbol.dispose]();
    this.setup.policy.gpu.trim();
  }
}

/** Everything a run keeps on the GPU beside the policy: what samples, and the update. */
export class RunContext extends SamplingContext {
  declare setup: RunSetup;
  readonly updater: Updater;
  #rewards?: RewardPanel;
  readonly #referenceMedia?: MediaMaker;

  private constructor(setup: RunSetup, parts: SamplingParts, updater: Updater, reference?: MediaMaker) {
    super(setup, parts);
    this.updater = updater;
    this.#referenceMedia = reference;
  }

  /** With `samples`, the sampler for training rollouts is made at once and not with the first of them. */
  static async create(setup: RunSetup, { samples = false } = {}): Promise<RunContext> {
    const { policy } = setup;
    const arena = new Arena(policy.gpu, 'rollout');
    const separate = policy.reference && policy.trainsMedia;
    const tower = policy.trainsMedia ? await openTower(setup, policy.current, true) : undefined;
    // Begun together, so that all their pipelines compile together.
    const [media, reference, updater, generator] = await Promise.all([
      tower ?? openMedia(setup, policy.current),
      separate ? openMedia(setup, policy.reference!) : undefined,
      openUpdater(setup, tower),
      samples ? openGenerator(setup, arena, rolloutPlan(setup), setup.config.groupSize) : undefined,
    ]);
    const context = new RunContext(setup, { arena, media }, updater, reference);
    if (generator) context.generators.set(rolloutKey(setup), generator);
    return context;
  }

  /** Other numbers from the next step on. What lies on the device has to be the same for them (`needsLoading`). */
  change(config: Config): void {
    this.setup = { ...this.setup, config };
    this.updater.change(objectiveOf(config));
  }

  override async mediaOf(example: RunExample): Promise<GroupMedia & { tokens: MediaTokens }> {
    const media = await super.mediaOf(example);
    if (!this.#referenceMedia || !example.features) return media;
    return { ...media, referenceTokens: await this.cached('reference', example, this.#referenceMedia) };
  }

  /** The sampler for training rollouts; where a step's prompts do not fit together, some wait for others. */
  rolloutGenerator(): Promise<Generator> {
    return this.generator(rolloutPlan(this.setup), this.setup.config.groupSize);
  }

  /** What scores answers. A plan of a run asks for none, whatever its rewards are. */
  get rewards(): RewardPanel {
    const { rewards, config } = this.setup;
    this.#rewards ??= rewards ?? builtInPanel(config.rewards, config);
    return this.#rewards;
  }

  /** Rows of a training rollout that decode together. */
  get rolloutRows(): number {
    return rolloutPlan(this.setup).rows;
  }

  /** Which share of the device's ceilings a step has reached; nothing where they are not known. */
  utilisation(work: StepWork, { phases }: StepTimes): { mfu?: number; mbu?: number } {
    const { policy, ceilings } = this.setup;
    return ceilings ? utilisation(costShape(policy), ceilings, work, phases) : {};
  }

  /** The likeliest tokens at each place of an answer, by the weights as they are. */
  async likeliest(example: RunExample, ids: Uint32Array): Promise<Likeliest> {
    const { prompt } = example;
    return this.updater.likeliest({ prompt, completions: [ids], media: await this.mediaOf(example) });
  }

  protected override keeps(key: string): boolean {
    return key === rolloutKey(this.setup);
  }

  override [Symbol.dispose](): void {
    this.setup.rewards?.[Symbol.dispose]();
    this.updater[Symbol.dispose]();
    this.#referenceMedia?.[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

function planGenerator(
  { config, policy, longestPrompt }: SamplingSetup,
  shape: { prompts: number; together: number; groupSize: number },
): RolloutPlan {
  const lengths = { promptTokens: longestPrompt, length: config.maxCompletionLength };
  return planRollout(policy.config.decoder, bindingBytes(policy), { ...shape, ...lengths });
}

/** How a step's prompts are sampled. */
function rolloutPlan(setup: SamplingSetup): RolloutPlan {
  const { promptsPerStep, groupSize } = setup.config;
  return planGenerator(setup, { prompts: promptsPerStep, together: promptsPerStep, groupSize });
}

const rolloutKey = (setup: SamplingSetup): string => generatorKey(rolloutPlan(setup), setup.config.groupSize);

/** Prompts whose tokens fit one pass. */
function promptsPerPass({ policy, longestPrompt }: SamplingSetup): number {
  return Math.floor(tokensPerPass(policy.config.decoder, bindingBytes(policy)) / longestPrompt);
}

function openGenerator(
  setup: SamplingSetup,
  arena: Arena,
  { groups, places, rows }: RolloutPlan,
  groupSize: number,
): Promise<Generator> {
  const { policy, config, mediaCounts, longestPrompt, endIds } = setup;
  const shape: GeneratorShape = {
    rows,
    groupSize,
    places,
    promptTokens: longestPrompt,
    mediaRows: mediaCounts.video + mediaCounts.audio,
    prefillTogether: Math.min(groups, promptsPerPass(setup)),
    maxNewTokens: config.maxCompletionLength,
  };
  const { current, gpu } = policy;
  const { adapters } = current;
  return Generator.create(gpu, arena, current.decoder, shape, { endIds, adapters });
}

function openUpdater(setup: RunSetup, tower: VisionTower | undefined): Promise<Updater> {
  const { policy, config } = setup;
  return Updater.create(policy, updaterSettings(setup, tower), {
    learningRate: config.learningRate,
    beta1: config.adamBeta1,
    beta2: config.adamBeta2,
    eps: config.adamEpsilon,
    weightDecay: config.weightDecay,
    maxGradNorm: config.maxGradNorm,
  });
}

const bindingBytes = ({ gpu }: Policy): number => gpu.device.limits.maxStorageBufferBindingSize;

/** The vision tower of a view that has one, with room for the largest pictures and videos of a run. */
async function openTower(
  { policy, largestGrids = [] }: SamplingSetup,
  { vision }: ModelView,
  trains: boolean,
): Promise<VisionTower | undefined> {
  if (!vision) return undefined;
  const tower = new VisionTower(policy.gpu, vision, { trains });
  for (const grid of largestGrids) await tower.prepare(grid);
  return tower;
}

/** What turns features into tokens by the weights of a view. */
async function openMedia(setup: SamplingSetup, view: ModelView): Promise<MediaMaker> {
  const { policy, mediaCounts, gate } = setup;
  const { media } = view;
  if (view.vision) return (await openTower(setup, view, false))!;
  if (!media) return FINISHED_TOKENS;
  if (!gate && mediaCounts.video > 0) throw new Error('RunContext: what steers the gate (gate) is missing.');
  return MediaTokenizer.create(policy.gpu, { ...view, media }, mediaCounts, gate);
}

/** What is optimised, by the settings of a run. */
function objectiveOf(config: Config): Objective {
  if (config.stage === 'sft') return { objective: 'nll', temperature: 1 };
  return { objective: lossConfig(config), temperature: config.temperature > 0 ? config.temperature : 1 };
}

function updaterSettings(setup: RunSetup, tower: VisionTower | undefined) {
  const { policy, config, mediaCounts, gate, longestPrompt, longestAnswer } = setup;
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
    ...objectiveOf(config),
    ...passes,
    promptsPerPass: policy.trainsMedia ? passes.promptsPerPass : mostPrompts,
    completionsPerPrompt,
    kind: { mediaCounts, gate, tower },
  };
}
