import { type Gpu, kernelsOf, type Recorder, ShaderStruct, type Tensor } from '../gpu/index.ts';
import { GradientClip, type GradientStats } from './clip.ts';
import { type ParameterChunk, type ParameterStore, part, readExact, writeExact } from './parameters.ts';

const step = kernelsOf('adamw', ['start', 'count', 'decays'])('step', {
  reads: ['control', 'stats', 'gradients'],
  updates: ['values', 'first', 'second'],
});

const CONTROL = new ShaderStruct('adamw', 'Control');
/** Stands for "no limit": large, and still finite in f32 when divided by the clip's 1e-6. */
const UNLIMITED = 1e30;

export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** Largest global gradient norm; 0 leaves gradients as they are. */
  readonly maxGradNorm: number;
}

/** torch's defaults, but without weight decay; the learning rate comes with every step. */
const DEFAULTS: AdamWSettings = {
  learningRate: 0,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0,
  maxGradNorm: 1,
};

export interface AdamWOptions extends Partial<AdamWSettings> {
  /** Whether weight decay applies to a parameter; to all by default. */
  readonly decays?: (name: string) => boolean;
}

/** Moments of one parameter, in its order. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

interface MomentChunk {
  readonly first: Tensor;
  readonly second: Tensor;
}

/**
 * AdamW over a store, with clipping of the global gradient norm: torch's formulas, moments f32. `record` puts the update
 * into a plan; before each run of the plan `setStep` says which step it is. A step whose gradients are not all finite
 * changes nothing; the caller learns it from `readStats` and takes the count back by `retractStep`.
 */
export class AdamW {
  /** [norm, clip factor, skipped] of the last step, on the GPU. */
  readonly stats: Tensor;
  readonly #gpu: Gpu;
  readonly #store: ParameterStore;
  readonly #clip: GradientClip;
  readonly #control: Tensor;
  readonly #moments: readonly MomentChunk[];
  readonly #decays: (name: string) => boolean;
  #settings: AdamWSettings;
  #count = 0;

  constructor(gpu: Gpu, store: ParameterStore, options: AdamWOptions = {}) {
    const { decays, ...settings } = options;
    this.#gpu = gpu;
    this.#store = store;
    this.#settings = { ...DEFAULTS, ...settings };
    this.#decays = decays ?? (() => true);
    this.#clip = new GradientClip(gpu, store);
    this.stats = this.#clip.stats;
    this.#control = gpu.tensor('optimizer', 'AdamW control', [CONTROL.words]);
    this.#moments = store.chunks.map(({ values }, index) => ({
      first: gpu.tensor('optimizer', `first moments ${index}`, values.shape),
      second: gpu.tensor('optimizer', `second moments ${index}`, values.shape),
    }));
  }

  /** Steps counted so far: t of the bias corrections. */
  get stepCount(): number {
    return this.#count;
  }

  /** Takes up the count of a checkpoint. */
  set stepCount(count: number) {
    this.#count = count;
  }

  /** Records norm, clipping and update; gradients are left as they are. */
  record(recorder: Recorder): void {
    this.#clip.record(recorder, this.#control, CONTROL.offsetOf('max_norm'));
    this.#store.chunks.forEach((chunk, index) => {
      for (const { start, count, decays } of runsOfDecay(chunk, this.#decays)) {
        recorder.dispatch(step, {
          uniforms: { start: start / 4, count: count / 4, decays: decays ? 1 : 0 },
          tensors: {
            control: this.#control,
            stats: this.stats,
            gradients: chunk.gradients,
            values: chunk.values,
            ...this.#moments[index]!,
          },
          workgroups: Math.ceil(count / 4 / 64),
        });
      }
    });
  }

  /** Counts the next step and sends its numbers; what is not named stays as it was. Call before running the plan. */
  setStep(changes: Partial<AdamWSettings>): void {
    this.#settings = { ...this.#settings, ...changes };
    this.#count++;
    this.#gpu.write(this.#control, controlWords(this.#settings, this.#count));
  }

  /** Takes back the count of a step that was skipped. */
  retractStep(): void {
    this.#count = Math.max(0, this.#count - 1);
  }

  /** Gradient norm, clip factor, and whether the step was skipped; waits for the GPU. */
  readStats(): Promise<GradientStats> {
    return this.#clip.read();
  }

  /** Moments of one parameter, for a checkpoint. */
  async readMoments(name: string): Promise<Moments> {
    const { first, second } = this.#momentsOf(name);
    return { first: await readExact(this.#gpu, first), second: await readExact(this.#gpu, second) };
  }

  /** Overwrites the moments of one parameter. */
  writeMoments(name: string, moments: Moments): void {
    const { first, second } = this.#momentsOf(name);
    writeExact(this.#gpu, first, moments.first);
    writeExact(this.#gpu, second, moments.second);
  }

  #momentsOf(name: string): MomentChunk {
    const { chunk, slot } = this.#store.locate(name);
    const { shape } = this.#store.get(name);
    const { first, second } = this.#moments[chunk]!;
    return {
      first: part(first, slot, shape, `first moment of ${name}`),
      second: part(second, slot, shape, `second moment of ${name}`),
    };
  }

  [Symbol.dispose](): void {
    this.#clip[Symbol.dispose]();
    this.#gpu.free(this.#control);
    for (const { first, second } of this.#moments) this.#gpu.free(first, second);
  }
}

/** The control buffer of step `count`, its corrections worked out in float64. */
function controlWords(settings: AdamWSettings, count: number): Uint32Array {
  const { learningRate, beta1, beta2, eps, weightDecay, maxGradNorm } = settings;
  return CONTROL.encode({
    step_size: learningRate / (1 - beta1 ** count),
    decay: 1 - learningRate * weightDecay,
    beta1,
    rest1: 1 - beta1,
    beta2,
    rest2: 1 - beta2,
    root: 1 / Math.sqrt(1 - beta2 ** count),
    eps,
    max_norm: maxGradNorm > 0 ? maxGradNorm : UNLIMITED,
  });
}

interface DecayRun {
  readonly start: number;
  count: number;
  readonly decays: boolean;
}

/** Neighbouring parameters with the same answer about decay, as ranges of elements that cover the chunk. */
function runsOfDecay(chunk: ParameterChunk, decaysOf: (name: string) => boolean): DecayRun[] {
  const runs: DecayRun[] = [];
  chunk.slots.forEach(({ name, start }, index) => {
    const decays = decaysOf(name);
    const count = (chunk.slots[index + 1]?.start ?? chunk.values.shape[0]!) - start;
    const last = runs[runs.length - 1];
    if (last?.decays === decays) last.count += count;
    else runs.push({ start, count, decays });
  });
  return runs;
}
