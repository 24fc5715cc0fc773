import { positionAxes } from '../../decoder/qwen2.ts';
import type { MediaCounts } from '../../families/api.ts';
import { Arena, Plan, Recorder } from '../../gpu/index.ts';
import type { Likeliest } from '../../ops/tokens/top-tokens.ts';
import { AdamW, type AdamWSettings } from '../../optim/adamw.ts';
import type { GradientStats } from '../../optim/clip.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import type { LossCompletion } from '../../protocol/loss-shares.ts';
import type { GateShape } from '../media/gate.ts';
import type { MediaShape } from '../media/media-tokens.ts';
import { MediaInputs, type PassMedia } from '../media/pass-media.ts';
import type { VisionTower } from '../media/tower.ts';
import { encodeLossPass, encodeNllBatch, entropyThreshold } from '../objective/loss-batch.ts';
import type { Policy } from '../policy/policy.ts';
import { EntropyPass } from './entropy-pass.ts';
import { LikeliestPass } from './likeliest-pass.ts';
import { dealGroups, type PassGroup, type StepPasses, type UpdateGroup } from './micro-batches.ts';
import { bucketSize, type PassArrays, type PassSize, packPass, passSize } from './pass-arrays.ts';
import { type PassData, type PassKind, type PassResult, PolicyPass } from './policy-pass.ts';

/** Plans kept at a time; a run of one length distribution needs about sixteen for each number of prompts in a pass. */
const MOST_PASSES = 40;

/** Passes on their way at a time: one that runs and one that waits. What they are uploaded with takes host memory. */
const PASSES_AHEAD = 2;

export interface Objective {
  readonly objective: LossConfig | 'nll';
  readonly temperature: number;
}

export interface UpdaterSettings extends Objective {
  /** Prompts in one forward and backward, at most. */
  readonly promptsPerPass: number;
  readonly completionsPerPrompt: number;
  /** Passes that a group of the greatest length is split over. */
  readonly passesPerGroup: number;
  /** The largest pass that will be asked for. */
  readonly largest: PassSize;
  readonly checkpoint: boolean;
  readonly kind: {
    /** Tokens that what a prompt is about becomes, at most. */
    readonly mediaCounts: MediaCounts;
    /** Needed where media tokens are made inside a pass. */
    readonly gate?: GateShape | undefined;
    /** Where it trains. */
    readonly tower?: VisionTower | undefined;
  };
}

/** What a pass found, and on what. */
export interface MicroResult extends PassResult {
  readonly arrays: PassArrays;
  /** The groups it held, in its order. */
  readonly groups: readonly Pick<PassGroup, 'index' | 'kept'>[];
  /** What the first pass over the batch found, where this is a later one: what its ratios compare with. */
  readonly oldLogProbs?: Float32Array;
}

export interface UpdateResult {
  /** One per pass; none where no group has a gradient. */
  readonly micro: readonly MicroResult[];
  readonly gradient: GradientStats;
}

/** A pass on its way, with the reference's log-probabilities where an earlier pass found them. */
interface SubmittedPass extends Pick<MicroResult, 'arrays' | 'groups' | 'refLogProbs' | 'oldLogProbs'> {
  readonly reading: Promise<PassResult>;
}

/** Plans by their kind, the last used of them. */
class KeptPlans<T extends Disposable> {
  readonly #plans = new Map<string, T>();

  async get(key: string, make: () => Promise<T>): Promise<T> {
    let plan = this.#plans.get(key);
    if (!plan) {
      if (this.#plans.size >= MOST_PASSES) this.#evictOldest();
      plan = await make();
    }
    // Last used goes last, so that the first is the one unused for longest.
    this.#plans.delete(key);
    this.#plans.set(key, plan);
    return plan;
  }

  #evictOldest(): void {
    const [key, plan] = this.#plans.entries().next().value!;
    plan[Symbol.dispose]();
    this.#plans.delete(key);
  }

  [Symbol.dispose](): void {
    for (const plan of this.#plans.values()) plan[Symbol.dispose]();
  }
}

/** What of a group a forward reads. */
type PackedGroup = Pick<UpdateGroup, 'prompt' | 'completions' | 'media'>;

/** Groups that are made ready for a pass. */
interface PackedPart extends Pick<PassData, 'arrays' | 'prompts' | 'media' | 'temperature'> {
  readonly size: PassSize;
}

/** Trains a policy: passes over groups add gradients up, then one optimizer step is taken. */
export class Updater {
  readonly optimizer: AdamW;
  readonly #policy: Policy;
  #settings: UpdaterSettings;
  readonly #arena: Arena;
  readonly #optimizerArena: Arena;
  readonly #media: MediaInputs;
  readonly #passes = new KeptPlans<PolicyPass>();
  readonly #entropyPasses = new KeptPlans<EntropyPass>();
  #zero!: Plan;
  #step!: Plan;

  private constructor(policy: Policy, settings: UpdaterSettings, adamw: Partial<AdamWSettings>) {
    this.#policy = policy;
    this.#settings = settings;
    this.#arena = new Arena(policy.gpu, 'policy pass');
    this.#optimizerArena = new Arena(policy.gpu, 'optimizer');
    const { kind, promptsPerPass } = settings;
    this.#media = new MediaInputs(policy, promptsPerPass, kind.mediaCounts, kind);
    this.optimizer = new AdamW(policy.gpu, policy.store, adamw);
  }

  /** Records the optimizer and the largest pass, so that memory is taken once, at the start. */
  static async create(
    policy: Policy,
    settings: UpdaterSettings,
    adamw: Partial<AdamWSettings>,
  ): Promise<Updater> {
    const updater = new Updater(policy, settings, adamw);
    const { largest, promptsPerPass, passesPerGroup } = settings;
    const withThreshold = passesPerGroup > 1 && updater.#masksByEntropy;
    const shapes = updater.#media.fullShapes(promptsPerPass);
    const [zero, step] = [new Recorder(), new Recorder()];
    for (const recorder of [zero, step]) recorder.mark('optimizer');
    policy.store.zeroGradients(zero);
    updater.optimizer.record(step);
    // All are recorded before the first is compiled, so that their pipelines compile together.
    [updater.#zero, updater.#step] = await Promise.all([
      Plan.create(policy.gpu, 'zero gradients', zero, updater.#optimizerArena),
      Plan.create(policy.gpu, 'optimizer step', step, updater.#optimizerArena),
      updater.#pass(largest, shapes, { withOld: false, withThreshold }),
      ...(withThreshold ? [updater.#entropyPass(largest, shapes.slice(0, 1))] : []),
    ]);
    return updater;
  }

  /** Other numbers for what is optimised, from the next update on. What was recorded stays: it reads them anew at each run. */
  change(objective: Objective): void {
    this.#settings = { ...this.#settings, ...objective };
  }

  /** Passes that a group of the greatest length is split over, and the tokens of the largest. */
  get plannedPasses(): { readonly perGroup: number; readonly tokens: number } {
    const { passesPerGroup, largest } = this.#settings;
    return { perGroup: passesPerGroup, tokens: largest.tokens };
  }

  /** Whether only the most uncertain tokens of a group count. */
  get #masksByEntropy(): boolean {
    const { objective } = this.#settings;
    return objective !== 'nll' && objective.topEntropyQuantile < 1;
  }

  #pass(
    size: PassSize,
    shapes: readonly MediaShape[],
    kind: Pick<PassKind, 'withOld' | 'withThreshold'>,
  ): Promise<PolicyPass> {
    const { objective, promptsPerPass, completionsPerPrompt, checkpoint } = this.#settings;
    const key = `${keyOf(size, shapes)}/${kind.withOld}/${kind.withThreshold}`;
    return this.#passes.get(key, () =>
      PolicyPass.create(this.#policy, this.#arena, this.#media, {
        size,
        shapes,
        completions: promptsPerPass * completionsPerPrompt,
        objective,
        ...kind,
        checkpoint,
      }),
    );
  }

  /** For part of one group. */
  #entropyPass(size: PassSize, shapes: readonly MediaShape[]): Promise<EntropyPass> {
    return this.#entropyPasses.get(keyOf(size, shapes), () =>
      EntropyPass.create(this.#policy, this.#arena, this.#media, { size, shapes }),
    );
  }

  /**
   * Takes `iterations` optimizer steps on one batch; from the second on, ratios compare with the log-probabilities of
   * the first. Returns what the last one measured. Groups without a gradient go through no pass; the optimizer's step is
   * taken all the same, since its moments still move weights.
   */
  async update(groups: readonly UpdateGroup[], learningRate: number, iterations = 1): Promise<UpdateResult> {
    const { objective, largest, promptsPerPass } = this.#settings;
    const dealt = dealGroups(groups, objective, { largest, prompts: promptsPerPass });
    let first: readonly MicroResult[] | undefined;
    for (let iteration = 1; ; iteration++) {
      const { micro, gradient } = await this.#takeStep(dealt, learningRate, first);
      first ??= micro;
      if (iteration >= iterations) return { micro, gradient };
    }
  }

  /** Submits a pass while the one before runs, then the optimizer's step; waits for results only after. */
  async #takeStep(
    dealt: StepPasses,
    learningRate: number,
    first: readonly MicroResult[] | undefined,
  ): Promise<UpdateResult> {
    await this.#zero.run();
    const thresholds = await this.#thresholds(dealt);
    const submitted: SubmittedPass[] = [];
    for (const [index, part] of dealt.passes.entries()) {
      await submitted[index - PASSES_AHEAD]?.reading;
      submitted.push(await this.#submit(part, dealt, first?.[index], thresholds.get(part[0]!.index)));
    }
    this.optimizer.setStep({ learningRate });
    await this.#step.run();
    const gradient = await this.optimizer.readStats();
    if (gradient.skipped) this.optimizer.retractStep();
    const micro = await Promise.all(
      submitted.map(async ({ reading, ...rest }) => ({ ...rest, ...(await reading) })),
    );
    return { micro, gradient };
  }

  /** The entropy from which on tokens count, and the share that do, by group: of those that are split, so that no pass sees all of them. */
  async #thresholds({ passes }: StepPasses): Promise<ReadonlyMap<number, Float32Array>> {
    const { objective } = this.#settings;
    const thresholds = new Map<number, Float32Array>();
    if (objective === 'nll' || !this.#masksByEntropy) return thresholds;
    const entropies = new Map<number, Float32Array[]>();
    for (const part of passes) {
      const [{ index, isPart }] = part as readonly [PassGroup];
      if (!isPart) continue;
      const packed = this.#pack(part);
      const shapes = this.#media.shapesOf(packed.prompts);
      const found = await (await this.#entropyPass(packed.size, shapes)).run(packed);
      entropies.set(index, [...(entropies.get(index) ?? []), found]);
    }
    for (const [index, parts] of entropies) thresholds.set(index, entropyThreshold(objective, parts));
    return thresholds;
  }

  /** The likeliest tokens at each place of an answer, by the weights as they are. Nothing that trains is written. */
  async likeliest(answer: PackedGroup): Promise<Likeliest> {
    const { size, ...packed } = this.#pack([answer]);
    const shapes = this.#media.shapesOf(packed.prompts);
    using pass = await LikeliestPass.create(this.#policy, this.#arena, this.#media, { size, shapes });
    return await pass.run(packed);
  }

  #pack(part: readonly PackedGroup[]): PackedPart {
    const { largest, temperature } = this.#settings;
    const size = bucketSize(passSize(part), largest);
    const arrays = packPass(part, size, positionAxes(this.#policy.config.decoder));
    return { size, arrays, prompts: part.map(({ prompt }) => prompt), media: mediaOf(part), temperature };
  }

  async #submit(
    part: readonly PassGroup[],
    dealt: StepPasses,
    first: MicroResult | undefined,
    threshold: Float32Array | undefined,
  ): Promise<SubmittedPass> {
    const { size, ...packed } = this.#pack(part);
    const { arrays } = packed;
    const kind = { withOld: first !== undefined, withThreshold: threshold !== undefined };
    const pass = await this.#pass(size, this.#media.shapesOf(packed.prompts), kind);
    const samplerLogProbs = packSampler(part, size.predictions);
    await pass.run({
      ...packed,
      batch: this.#batchWords(part, arrays, dealt),
      ...(samplerLogProbs ? { samplerLogProbs } : {}),
      threshold,
      old: first,
    });
    const reading = pass.read();
    // Whoever waits for it is told of a failure; one that comes before must not count as unheard.
    reading.catch(() => undefined);
    const reference = first?.refLogProbs;
    return {
      ...{ arrays, groups: part, reading },
      ...(first ? { oldLogProbs: first.logProbs } : {}),
      ...(reference ? { refLogProbs: reference } : {}),
    };
  }

  #batchWords(
    part: readonly PassGroup[],
    arrays: PassArrays,
    { extent, tokensInBatch }: StepPasses,
  ): Uint32Array {
    const { objective } = this.#settings;
    const completions = lossCompletions(part, arrays);
    if (objective === 'nll') return encodeNllBatch(completions, tokensInBatch);
    return encodeLossPass(objective, { completions, shares: part.flatMap(({ shares }) => shares), extent });
  }

  [Symbol.dispose](): void {
    this.#passes[Symbol.dispose]();
    this.#entropyPasses[Symbol.dispose]();
    this.#media[Symbol.dispose]();
    this.#zero[Symbol.dispose]();
    this.#step[Symbol.dispose]();
    this.optimizer[Symbol.dispose]();
    this.#arena[Symbol.dispose]();
    this.#optimizerArena[Symbol.dispose]();
  }
}

/** Names what a pass's code depends on. */
const keyOf = ({ tokens, predictions }: PassSize, shapes: readonly MediaShape[]): string =>
  `${tokens}/${predictions}/${shapes.map(({ frames, audio }) => `${frames}${audio ? '+' : ''}`).join()}`;

function lossCompletions(groups: readonly PassGroup[], arrays: PassArrays): LossCompletion[] {
  return groups
    .flatMap(({ advantages }) => advantages)
    .map((advantage, row) => ({ advantage, start: arrays.starts[row]!, length: arrays.lengths[row]! }));
}

function mediaOf(groups: readonly PackedGroup[]): PassMedia {
  const reference = groups.flatMap(({ media }) => media.referenceTokens ?? []);
  return {
    features: groups.map(({ media }) => media.features),
    tokens: groups.flatMap(({ media }) => media.tokens ?? []),
    ...(reference.length > 0 ? { referenceTokens: reference } : {}),
  };
}

function packSampler(groups: readonly UpdateGroup[], predictions: number): Float32Array | undefined {
  if (groups.some(({ samplerLogProbs }) => !samplerLogProbs)) return undefined;
  const packed = new Float32Array(predictions);
  let at = 0;
  for (const values of groups.flatMap(({ samplerLogProbs }) => samplerLogProbs!)) {
    packed.set(values, at);
    at += values.length;
  }
  return packed;
}
