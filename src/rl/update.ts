import { Arena, Plan, Recorder } from '../gpu/index.ts';
import { positionAxes } from '../models/qwen2.ts';
import { AdamW, type AdamWSettings } from '../optim/adamw.ts';
import type { GradientStats } from '../optim/clip.ts';
import type { Features } from './encoder.ts';
import { encodeLossBatch, encodeNllBatch, type LossCompletion } from './loss-batch.ts';
import type { LossConfig } from './loss-config.ts';
import type { MediaTokens } from './media-input.ts';
import {
  bucketSize,
  type PassArrays,
  type PassSize,
  packPass,
  passSize,
  type TokenGroup,
} from './pass-arrays.ts';
import type { Policy } from './policy.ts';
import { type PassKind, type PassMedia, type PassResult, PolicyPass } from './policy-pass.ts';

/** Plans kept at a time; a run of one length distribution needs about sixteen. */
const MOST_PASSES = 40;

export interface UpdaterSettings {
  readonly objective: LossConfig | 'nll';
  /** Prompts in one forward and backward; the others follow as further micro-batches. */
  readonly promptsPerPass: number;
  readonly completionsPerPrompt: number;
  /** The largest pass that will be asked for. */
  readonly largest: PassSize;
  readonly checkpoint: boolean;
  readonly temperature: number;
  readonly kind: Pick<PassKind, 'mediaCounts' | 'senses' | 'question'>;
}

/** Media of one prompt: its features, and its tokens where they do not depend on what trains. */
export interface GroupMedia {
  readonly features: Features;
  readonly tokens?: MediaTokens;
  readonly referenceTokens?: MediaTokens;
}

/** One prompt with its completions, its media, and what each completion earned. */
export interface UpdateGroup extends TokenGroup {
  readonly media: GroupMedia;
  readonly advantages: readonly number[];
  /** False for completions that are left out of the loss. */
  readonly trained?: readonly boolean[];
  readonly samplerLogProbs?: readonly Float32Array[];
}

export interface MicroResult extends PassResult {
  readonly arrays: PassArrays;
}

export interface UpdateResult {
  readonly micro: readonly MicroResult[];
  readonly gradient: GradientStats;
}

/** Trains a policy: passes over micro-batches add gradients up, then one optimizer step is taken. */
export class Updater {
  readonly optimizer: AdamW;
  readonly #policy: Policy;
  readonly #settings: UpdaterSettings;
  readonly #arena: Arena;
  readonly #optimizerArena: Arena;
  readonly #passes = new Map<string, PolicyPass>();
  #zero!: Plan;
  #step!: Plan;

  private constructor(policy: Policy, settings: UpdaterSettings, adamw: Partial<AdamWSettings>) {
    this.#policy = policy;
    this.#settings = settings;
    this.#arena = new Arena(policy.gpu, 'policy pass');
    this.#optimizerArena = new Arena(policy.gpu, 'optimizer');
    this.optimizer = new AdamW(policy.gpu, policy.store, adamw);
  }

  /** Records the optimizer and the largest pass, so that memory is taken once, at the start. */
  static async create(
    policy: Policy,
    settings: UpdaterSettings,
    adamw: Partial<AdamWSettings>,
  ): Promise<Updater> {
    const updater = new Updater(policy, settings, adamw);
    const [zero, step] = [new Recorder(), new Recorder()];
    for (const recorder of [zero, step]) recorder.mark('optimizer');
    policy.store.zeroGradients(zero);
    updater.optimizer.record(step);
    // All are recorded before the first is compiled, so that their pipelines compile together.
    [updater.#zero, updater.#step] = await Promise.all([
      Plan.create(policy.gpu, 'zero gradients', zero, updater.#optimizerArena),
      Plan.create(policy.gpu, 'optimizer step', step, updater.#optimizerArena),
      updater.#pass(settings.largest, false),
    ]);
    return updater;
  }

  async #pass(size: PassSize, withOld: boolean): Promise<PolicyPass> {
    const key = `${size.tokens}/${size.predictions}/${withOld}`;
    let pass = this.#passes.get(key);
    if (!pass) {
      if (this.#passes.size >= MOST_PASSES) this.#evictOldest();
      const { objective, promptsPerPass, completionsPerPrompt, checkpoint, kind } = this.#settings;
      pass = await PolicyPass.create(this.#policy, this.#arena, {
        ...kind,
        size,
        prompts: promptsPerPass,
        completions: promptsPerPass * completionsPerPrompt,
        objective,
        withOld,
        checkpoint,
      });
    }
    // Last used goes last, so that the first is the one unused for longest.
    this.#passes.delete(key);
    this.#passes.set(key, pass);
    return pass;
  }

  #evictOldest(): void {
    const [key, pass] = this.#passes.entries().next().value!;
    pass[Symbol.dispose]();
    this.#passes.delete(key);
  }

  /**
   * Takes `iterations` optimizer steps on one batch; from the second on, ratios compare with the log-probabilities of
   * the first. Returns what the last one measured.
   */
  async update(groups: readonly UpdateGroup[], learningRate: number, iterations = 1): Promise<UpdateResult> {
    const micros = this.#microBatches(groups);
    let old: Float32Array[] | undefined;
    for (let iteration = 1; ; iteration++) {
      await this.#zero.run();
      const micro: MicroResult[] = [];
      for (const [index, part] of micros.entries()) {
        micro.push(await this.#runPass(part, { groups, accumulation: micros.length }, old?.[index]));
      }
      old ??= micro.map(({ logProbs }) => logProbs);
      this.optimizer.setStep({ learningRate });
      await this.#step.run();
      const gradient = await this.optimizer.readStats();
      if (gradient.skipped) this.optimizer.retractStep();
      if (iteration >= iterations) return { micro, gradient };
    }
  }

  #microBatches(groups: readonly UpdateGroup[]): UpdateGroup[][] {
    const { promptsPerPass } = this.#settings;
    const micros: UpdateGroup[][] = [];
    for (let at = 0; at < groups.length; at += promptsPerPass)
      micros.push(groups.slice(at, at + promptsPerPass));
    return micros;
  }

  async #runPass(
    part: readonly UpdateGroup[],
    whole: { readonly groups: readonly UpdateGroup[]; readonly accumulation: number },
    old: Float32Array | undefined,
  ): Promise<MicroResult> {
    const { largest, temperature } = this.#settings;
    const size = bucketSize(passSize(part), largest);
    const arrays = packPass(part, size, positionAxes(this.#policy.config.decoder));
    const pass = await this.#pass(size, old !== undefined);
    const samplerLogProbs = packSampler(part, size.predictions);
    await pass.run({
      arrays,
      prompts: part.map(({ prompt }) => prompt),
      media: mediaOf(part),
      temperature,
      batch: this.#batchWords(part, arrays, whole),
      ...(samplerLogProbs ? { samplerLogProbs } : {}),
      ...(old ? { oldLogProbs: old } : {}),
    });
    return { ...(await pass.read()), arrays };
  }

  #batchWords(
    part: readonly UpdateGroup[],
    arrays: PassArrays,
    { groups, accumulation }: { readonly groups: readonly UpdateGroup[]; readonly accumulation: number },
  ): Uint32Array {
    const { objective } = this.#settings;
    const completions = lossCompletions(part, arrays);
    const tokensInBatch = countTrainedTokens(groups);
    return objective === 'nll'
      ? encodeNllBatch(completions, tokensInBatch)
      : encodeLossBatch(objective, { completions, accumulation, tokensInBatch });
  }

  [Symbol.dispose](): void {
    for (const pass of this.#passes.values()) pass[Symbol.dispose]();
    this.#zero[Symbol.dispose]();
    this.#step[Symbol.dispose]();
    this.optimizer[Symbol.dispose]();
    this.#arena[Symbol.dispose]();
    this.#optimizerArena[Symbol.dispose]();
  }
}

function lossCompletions(groups: readonly UpdateGroup[], arrays: PassArrays): LossCompletion[] {
  const rows = groups.flatMap(({ completions, advantages, trained }) =>
    completions.map((_, index) => ({ advantage: advantages[index]!, trained: trained?.[index] ?? true })),
  );
  return rows.map((row, index) => ({ ...row, start: arrays.starts[index]!, length: arrays.lengths[index]! }));
}

function countTrainedTokens(groups: readonly UpdateGroup[]): number {
  let tokens = 0;
  for (const { completions, trained } of groups) {
    completions.forEach((ids, index) => {
      if (trained?.[index] ?? true) tokens += ids.length;
    });
  }
  return tokens;
}

function mediaOf(groups: readonly UpdateGroup[]): PassMedia {
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
