import { type Arena, type Gpu, Plan, Tape, type Tensor } from '../gpu/index.ts';
import { positionAxes } from '../models/qwen2.ts';
import type { Features } from './encoder.ts';
import { lossBatchTensor, recordLoss, recordNll } from './loss.ts';
import type { LossConfig } from './loss-config.ts';
import { MediaBatch, type MediaTokens } from './media-input.ts';
import { FeatureSlot, type Question, recordQuestion, recordSplices, type Senses } from './media-tokens.ts';
import type { PassArrays, PassSize } from './pass-arrays.ts';
import { PassInputs, type Splice, scoreTokens } from './pass-inputs.ts';
import type { Policy } from './policy.ts';
import type { PromptTokens } from './prompt-tokens.ts';

/** What a pass's code depends on: one plan is recorded for each. */
export interface PassKind {
  readonly size: PassSize;
  readonly prompts: number;
  readonly completions: number;
  /** 'nll' for supervised training; a loss of the GRPO family otherwise. */
  readonly objective: LossConfig | 'nll';
  /** Whether log-probabilities of an earlier pass are compared with. */
  readonly withOld: boolean;
  readonly checkpoint: boolean;
  /** Tokens that one clip becomes. */
  readonly mediaCounts: { readonly video: number; readonly audio: number };
  readonly senses: Senses;
  /** Needed where media tokens are made inside the pass. */
  readonly question?: Question | undefined;
}

/** Media of the prompts in a pass: features where projectors train, finished tokens otherwise. */
export interface PassMedia {
  readonly features: readonly Features[];
  readonly tokens: readonly MediaTokens[];
  /** Tokens of the reference; needed where it differs from the policy in more than adapters. */
  readonly referenceTokens?: readonly MediaTokens[];
}

/** Host data of one pass beside its packed arrays. */
export interface PassData {
  readonly arrays: PassArrays;
  readonly prompts: readonly PromptTokens[];
  readonly media: PassMedia;
  readonly temperature: number;
  /** The loss batch buffer's words. */
  readonly batch: Uint32Array;
  /** What the sampler reported, per prediction. */
  readonly samplerLogProbs?: Float32Array;
  /** Log-probabilities when the batch was made, per prediction; for passes recorded with them. */
  readonly oldLogProbs?: Float32Array;
}

export interface PassResult {
  /** Words of the loss's result buffer. */
  readonly loss: Float32Array;
  /** Per prediction. */
  readonly logProbs: Float32Array;
  readonly entropies: Float32Array;
  readonly refLogProbs?: Float32Array;
}

interface Outputs {
  readonly loss: Tensor;
  readonly logProbs: Tensor;
  readonly entropies: Tensor;
  readonly refLogProbs?: Tensor;
}

/** Forward, loss and backward over packed groups, recorded for one bucket; gradients add up in the policy's store. */
export class PolicyPass {
  readonly kind: PassKind;
  readonly #gpu: Gpu;
  readonly #inputs: PassInputs;
  readonly #batch: Tensor;
  readonly #slots: readonly FeatureSlot[];
  readonly #media?: MediaBatch;
  readonly #referenceMedia?: MediaBatch;
  readonly #sampler: Tensor;
  readonly #old: Tensor;
  #plan!: Plan;
  #outputs!: Outputs;

  private constructor(policy: Policy, kind: PassKind) {
    const { gpu, config } = policy;
    const { prompts, completions, size, mediaCounts } = kind;
    const width = config.decoder.hiddenSize;
    const mediaRows = prompts * (mediaCounts.video + mediaCounts.audio);
    this.kind = kind;
    this.#gpu = gpu;
    this.#inputs = new PassInputs(gpu, size, positionAxes(config.decoder));
    this.#batch = lossBatchTensor(gpu, completions);
    this.#sampler = gpu.tensor('inputs', 'sampler log-probabilities', [size.predictions]);
    this.#old = gpu.tensor('inputs', 'old log-probabilities', [size.predictions]);
    const { media } = policy.current;
    this.#slots =
      policy.trainsMedia && media
        ? Array.from({ length: prompts }, () => new FeatureSlot(gpu, media, mediaCounts, kind.senses))
        : [];
    if (!policy.trainsMedia) this.#media = new MediaBatch(gpu, 'policy', mediaRows, width);
    if (policy.reference && policy.trainsMedia) {
      this.#referenceMedia = new MediaBatch(gpu, 'reference', mediaRows, width);
    }
  }

  static async create(policy: Policy, arena: Arena, kind: PassKind): Promise<PolicyPass> {
    const pass = new PolicyPass(policy, kind);
    const tape = Tape.on(policy.gpu);
    const outputs = pass.#record(tape, policy);
    for (const tensor of Object.values(outputs) as Tensor[]) tape.recorder.keep(tensor);
    const label = `pass of ${kind.size.tokens} tokens`;
    pass.#plan = await Plan.create(policy.gpu, label, tape.recorder, arena);
    const placedOutputs = Object.entries(outputs).map(([name, tensor]) => [
      name,
      pass.#plan.output(tensor as Tensor),
    ]);
    pass.#outputs = Object.fromEntries(placedOutputs) as Outputs;
    return pass;
  }

  #record(tape: Tape, policy: Policy): Outputs {
    const { objective, withOld, checkpoint } = this.kind;
    const reference =
      objective !== 'nll' && objective.beta !== 0 ? this.#recordReference(tape, policy) : undefined;
    const { current } = policy;
    const scores = scoreTokens(tape, current.decoder, this.#inputs, this.#splices(tape, policy), {
      adapters: current.adapters,
      checkpoint,
    });
    const { logProbs, entropies } = scores;
    const seen = { logProbs, entropies, ...(reference ? { refLogProbs: reference } : {}) };
    const loss =
      objective === 'nll'
        ? recordNll(tape.recorder, scores, this.#batch)
        : recordLoss(
            tape.recorder,
            objective,
            { ...seen, samplerLogProbs: this.#sampler, ...(withOld ? { oldLogProbs: this.#old } : {}) },
            this.#batch,
          );
    const entropyTrains = objective !== 'nll' && objective.entropyCoef !== 0;
    tape.backward([
      [logProbs, loss.dLogProbs],
      ...(entropyTrains ? [[entropies, loss.dEntropies] as const] : []),
    ]);
    return { loss: loss.result, ...seen };
  }

  #recordReference(tape: Tape, { reference }: Policy): Tensor {
    if (!reference) throw new Error('A loss with beta above 0 needs a policy loaded with its reference.');
    const media = this.#referenceMedia ?? this.#media!;
    const options = { adapters: reference.adapters };
    return tape.constant(() => scoreTokens(tape, reference.decoder, this.#inputs, [media], options).logProbs);
  }

  #splices(tape: Tape, policy: Policy): Splice[] {
    if (this.#media) return [this.#media];
    const { current } = policy;
    const { media } = current;
    if (!media || !this.kind.question)
      throw new Error('PolicyPass: media train, but what makes them is missing.');
    const question = recordQuestion(tape, current, this.kind.question);
    return this.#slots.flatMap((slot) => recordSplices(tape, media, slot, question));
  }

  /** Uploads a batch and submits forward, loss and backward. */
  async run(data: PassData): Promise<void> {
    const { arrays, prompts, media, temperature, batch, samplerLogProbs, oldLogProbs } = data;
    const starts = arrays.layout.map(({ promptStart }) => promptStart);
    this.#inputs.write(arrays, temperature);
    this.#gpu.write(this.#batch, batch);
    if (samplerLogProbs) this.#gpu.write(this.#sampler, samplerLogProbs);
    if (oldLogProbs) this.#gpu.write(this.#old, oldLogProbs);
    this.#media?.write(prompts, starts, media.tokens);
    this.#referenceMedia?.write(prompts, starts, media.referenceTokens ?? media.tokens);
    this.#slots.forEach((slot, index) => {
      const prompt = prompts[index];
      if (prompt) {
        slot.write(media.features[index]!);
        slot.place(prompt, starts[index]!);
      } else slot.clear();
    });
    await this.#plan.run();
  }

  async read(): Promise<PassResult> {
    const { loss, logProbs, entropies, refLogProbs } = this.#outputs;
    return {
      loss: await this.#gpu.read(loss),
      logProbs: await this.#gpu.read(logProbs),
      entropies: await this.#gpu.read(entropies),
      ...(refLogProbs ? { refLogProbs: await this.#gpu.read(refLogProbs) } : {}),
    };
  }

  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
    this.#media?.[Symbol.dispose]();
    this.#referenceMedia?.[Symbol.dispose]();
    for (const slot of this.#slots) slot[Symbol.dispose]();
    this.#gpu.free(this.#batch, this.#sampler, this.#old);
  }
}
