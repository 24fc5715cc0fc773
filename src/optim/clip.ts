import { type Gpu, kernelsOf, type Recorder, ShaderStruct, sizeOf, type Tensor } from '../gpu/index.ts';
import type { ParameterStore } from './parameters.ts';

const kernel = kernelsOf('gradient_norm', ['count', 'first', 'max_norm_at']);
const partial = kernel('partial', { reads: ['gradients'], updates: ['squares'] });
const finish = kernel('finish', { reads: ['partials', 'control'], writes: ['stats'] });
const STATS = new ShaderStruct('gradient_norm', 'Stats');
/** Values per workgroup of the first level; the shader's RUN. */
const RUN = 4096;

export interface GradientStats {
  /** Euclidean norm over all gradients before clipping; NaN when one of them was not finite. */
  readonly norm: number;
  /** What gradients are multiplied by. */
  readonly factor: number;
  /** Whether the step was left out because a gradient was not finite. */
  readonly skipped: boolean;
}

/**
 * Norm of all gradients of a store and the factor min(1, maxNorm / (norm + 1e-6)) that clips it, as
 * torch.nn.utils.clip_grad_norm_ has it. Both stay on the GPU in `stats` [norm, factor, skipped], where the optimizer
 * reads them. A gradient that is not finite gives factor 0 and skipped 1.
 */
export class GradientClip {
  readonly stats: Tensor;
  readonly #gpu: Gpu;
  readonly #store: ParameterStore;
  readonly #squares: Tensor;

  constructor(gpu: Gpu, store: ParameterStore) {
    this.#gpu = gpu;
    this.#store = store;
    const runs = store.chunks.reduce((sum, { gradients }) => sum + runsOf(gradients), 0);
    this.#squares = gpu.tensor('optimizer', 'squares of gradients', [runs]);
    this.stats = gpu.tensor('optimizer', 'gradient statistics', [STATS.words]);
  }

  /** Records the reduction; `control[maxNormAt]` holds the largest norm that is left alone. */
  record(recorder: Recorder, control: Tensor, maxNormAt: number): void {
    let first = 0;
    for (const { gradients } of this.#store.chunks) {
      recorder.dispatch(partial, {
        uniforms: { count: sizeOf(gradients.shape), first, max_norm_at: maxNormAt },
        tensors: { gradients, squares: this.#squares },
        workgroups: runsOf(gradients),
      });
      first += runsOf(gradients);
    }
    recorder.dispatch(finish, {
      uniforms: { count: first, first: 0, max_norm_at: maxNormAt },
      tensors: { partials: this.#squares, control, stats: this.stats },
      workgroups: 1,
    });
  }

  /** Reads back what the last step found. */
  async read(): Promise<GradientStats> {
    return decodeStats(await this.#gpu.read(this.stats));
  }

  [Symbol.dispose](): void {
    this.#gpu.free(this.#squares, this.stats);
  }
}

const runsOf = (gradients: Tensor): number => Math.ceil(sizeOf(gradients.shape) / RUN);

/** The words of `stats` as an object. */
function decodeStats(words: ArrayLike<number>): GradientStats {
  const wordAt = (field: string): number => words[STATS.offsetOf(field)]!;
  const skipped = wordAt('skipped') > 0;
  return { norm: skipped ? Number.NaN : wordAt('norm'), factor: wordAt('factor'), skipped };
}
