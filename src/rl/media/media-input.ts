import type { PromptTokens } from '../../families/api.ts';
import type { Gpu, Tensor } from '../../gpu/index.ts';
import { PADDING } from '../update/pass-arrays.ts';

/** Media tokens of one prompt, in the order video, audio, as rows of the decoder's width. */
export interface MediaTokens {
  /** f32 [video tokens + audio tokens, width] */
  readonly rows: Float32Array;
}

/** Places in a packed row that the media tokens of one prompt take, in the order of its media rows. */
export function mediaPlaces(prompt: PromptTokens, promptStart: number): number[] {
  const places: number[] = [];
  for (const { start, count } of [...(prompt.video ?? []), ...(prompt.audio ?? [])]) {
    for (let j = 0; j < count; j++) places.push(promptStart + start + j);
  }
  return places;
}

/** Media tokens of a batch of prompts on the GPU, with the places they are spliced into. */
export class MediaBatch {
  /** f32 [capacity, width]; with a gradient where what makes them trains */
  readonly rows: Tensor;
  /** u32 [capacity] */
  readonly at: Tensor;
  readonly #gpu: Gpu;

  constructor(gpu: Gpu, label: string, capacity: number, width: number, { trains = false } = {}) {
    this.#gpu = gpu;
    const shape = [Math.max(1, capacity), width];
    const rows = gpu.tensor('inputs', `${label} media rows`, shape);
    this.rows = trains ? { ...rows, grad: gpu.tensor('gradients', `d ${rows.label}`, shape) } : rows;
    this.at = gpu.tensor('inputs', `${label} media places`, [Math.max(1, capacity)], 'u32');
  }

  /** Writes the places of the prompts and, where given, their tokens one after another. */
  write(prompts: readonly PromptTokens[], starts: readonly number[], media?: readonly MediaTokens[]): void {
    const at = new Uint32Array(this.at.shape[0]!).fill(PADDING);
    at.set(prompts.flatMap((prompt, index) => mediaPlaces(prompt, starts[index]!)));
    this.#gpu.write(this.at, at);
    let firstWord = 0;
    for (const tokens of media ?? []) {
      this.#gpu.write(this.rows, tokens.rows, firstWord);
      firstWord += tokens.rows.length;
    }
  }

  [Symbol.dispose](): void {
    this.#gpu.free(this.rows, this.at, ...(this.rows.grad ? [this.rows.grad] : []));
  }
}
