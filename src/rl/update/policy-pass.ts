import { positionAxes } from '../../decoder/qwen2.ts';
import type { PromptTokens } from '../../families/api.ts';
import { type Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import type { LossConfig } from '../../protocol/loss-config.ts';
import { type MediaShape, recordSplices } from '../media/media-tokens.ts';
import type { MediaInputs, PassMedia } from '../media/pass-media.ts';
import { lossBatchTensor, recordLoss, recordNll } from '../objective/loss.ts';
import type { Policy } from '../policy/policy.ts';
import type { PassArrays, PassSize } from './pass-arrays.ts';
import { PassInputs, type Splice, scoreTokens } from './pass-inputs.ts';

/** What a pass's code depends on: one plan is recorded for each. */
export interface PassKind {
  readonly size: PassSize;
  /** What of each prompt becomes tokens inside the pass; none where media tokens come finished. */
  readonly shapes: readonly MediaShape[];
  /** Room for completions. */
  readonly completions: number;
  /** 'nll' for supervised training; a loss of the GRPO family otherwise. */
  readonly objective: LossConfig | 'nll';
  /** Whether an earlier pass over the same batch has found what is compared with, the reference's log-probabilities included. */
  readonly withOld: boolean;
  /** Whether the entropy from which on tokens count is given, as it is for parts of a group. */
  readonly withThreshold: boolean;
  readonly checkpoint: boolean;
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
  /** For passes recorded with it. */
  readonly threshold?: Float32Array | undefined;
  /** What the first pass over this batch found; for passes recorded with it. */
  readonly old?: Pick<PassResult, 'logProbs' | 'refLogProbs'> | undefined;
}

export interface PassResult {
  /** Words of the loss's result buffer. */
  readonly loss: Float32Array;
  /** Words of what each completion added to it; of a loss of the GRPO family. */
  readonly partials?: Float32Array;
  /** Per prediction. */
  readonly logProbs: Float32Array;
  readonly entropies: Float32Array;
  readonly refLogProbs?: Float32Array;
}

interface Outputs {
  readonly loss: Tensor;
  readonly partials?: Tensor;
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
  readonly #media: MediaInputs;
  readonly #sampler: Tensor;
  readonly #old: Tensor;
  /** Log-probabilities of the reference, where an earlier pass found them. */
  readonly #reference: Tensor;
  /** f32 [1], where one is given. */
  readonly #threshold?: Tensor;
  #plan!: Plan;
  #outputs!: Outputs;

  private constructor({ gpu, config }: Policy, media: MediaInputs, kind: PassKind) {
    const { completions, size } = kind;
    const perPrediction = (label: string): Tensor => gpu.tensor('inputs', label, [size.predictions]);
    this.kind = kind;
    this.#gpu = gpu;
    this.#media = media;
    this.#inputs = new PassInputs(gpu, size, positionAxes(config.decoder));
    this.#batch = lossBatchTensor(gpu, completions);
    this.#sampler = perPrediction('sampler log-probabilities');
    this.#old = perPrediction('old log-probabilities');
    this.#reference = perPrediction('reference log-probabilities');
    if (kind.withThreshold) this.#threshold = gpu.tensor('inputs', 'given entropy threshold', [2]);
  }

  /** Records a pass that reads its media from `media`, which others may share. */
  static async create(policy: Policy, arena: Arena, media: MediaInputs, kind: PassKind): Promise<PolicyPass> {
    const pass = new PolicyPass(policy, media, kind);
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
    const found = withOld || objective === 'nll' || objective.beta === 0;
    const reference = found ? undefined : this.#recordReference(tape, policy);
    const { current } = policy;
    tape.recorder.mark('forward');
    const splices = recordMedia(tape, policy, this.#media, this.kind);
    const options = { adapters: current.adapters, checkpoint };
    const scores = scoreTokens(tape, current.decoder, this.#inputs, splices, options);
    const { logProbs, entropies } = scores;
    tape.recorder.mark('backward');
    const seen = { logProbs, entropies, ...(reference ? { refLogProbs: reference } : {}) };
    const loss =
      objective === 'nll'
        ? recordNll(tape.recorder, scores, this.#batch)
        : recordLoss(
            tape.recorder,
            objective,
            { ...seen, samplerLogProbs: this.#sampler, ...(withOld ? this.#earlier() : {}) },
            this.#batch,
            this.#threshold,
          );
    const entropyTrains = objective !== 'nll' && objective.entropyCoef !== 0;
    tape.backward([
      [logProbs, loss.dLogProbs],
      ...(entropyTrains ? [[entropies, loss.dEntropies] as const] : []),
    ]);
    const answers = objective === 'nll' ? {} : { partials: loss.partials };
    return { loss: loss.result, ...answers, ...seen };
  }

  #earlier(): { oldLogProbs: Tensor; refLogProbs: Tensor } {
    return { oldLogProbs: this.#old, refLogProbs: this.#reference };
  }

  #recordReference(tape: Tape, { reference }: Policy): Tensor {
    if (!reference) throw new Error('A loss with beta above 0 needs a policy loaded with its reference.');
    const media = this.#media.referenceTokens ?? this.#media.tokens;
    const options = { adapters: reference.adapters };
    tape.recorder.mark('reference');
    return tape.constant(
      () => scoreTokens(tape, reference.decoder, this.#inputs, media ? [media] : [], options).logProbs,
    );
  }

  /** Uploads a batch and submits forward, loss and backward. */
  async run(data: PassData): Promise<void> {
    const { arrays, prompts, media, temperature, batch, samplerLogProbs, threshold, old } = data;
    const starts = arrays.layout.map(({ promptStart }) => promptStart);
    this.#inputs.write(arrays, temperature);
    this.#gpu.write(this.#batch, batch);
    if (samplerLogProbs) this.#gpu.write(this.#sampler, samplerLogProbs);
    if (this.#threshold) this.#gpu.write(this.#threshold, threshold!);
    if (old) this.#gpu.write(this.#old, old.logProbs);
    if (old?.refLogProbs) this.#gpu.write(this.#reference, old.refLogProbs);
    await this.#media.write(prompts, starts, media);
    await this.#plan.run();
    await this.#media.backward(media);
  }

  /** Reads back what the latest run found. Its results are copied at the call; another pass may be submitted right after. */
  async read(): Promise<PassResult> {
    const outputs = Object.entries(this.#outputs) as [keyof Outputs, Tensor][];
    const found = await Promise.all(
      outputs.map(async ([name, tensor]) => [name, await this.#gpu.read(tensor)] as const),
    );
    return Object.fromEntries(found) as unknown as PassResult;
  }

  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
    this.#gpu.free(this.#batch, this.#sampler, this.#old, this.#reference);
    if (this.#threshold) this.#gpu.free(this.#threshold);
  }
}

/** The media tokens of a pass with their places: finished ones, such as are made by what trains, or none. */
export function recordMedia(
  tape: Tape,
  { current }: Policy,
  { tokens, slots, gate }: MediaInputs,
  { shapes }: Pick<PassKind, 'shapes'>,
): Splice[] {
  if (tokens) return [tokens];
  if (slots.length === 0) return [];
  const { media } = current;
  if (!media) throw new Error('recordMedia: media train, but what makes them is missing.');
  const rows = gate?.record(tape, current);
  return shapes.flatMap((shape, index) => recordSplices(tape, media, slots[index]!, shape, rows?.[index]));
}
