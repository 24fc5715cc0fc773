import { openEncoder } from '../../families/index.ts';
import type { ClipEncoder } from '../../families/shared/clip-encoder.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { HeldGpu } from '../gpu/held-gpu.ts';
import type { ClipModel } from '../inputs/model.ts';
import type { Report } from '../progress.ts';

/** A model's towers on the device: there while they are used, or until they are let go of. */
export class Towers {
  readonly #held: Pick<HeldGpu, 'gpu'>;
  readonly #model: ClipModel;
  #open?: { readonly gpu: Gpu; readonly encoder: ClipEncoder };

  constructor(held: Pick<HeldGpu, 'gpu'>, model: ClipModel) {
    this.#held = held;
    this.#model = model;
  }

  /** Does work with them; with `stay` they remain for the next. `report`: bytes of their weights, where they are loaded. */
  async use<T>(report: Report, stay: boolean, work: (encoder: ClipEncoder) => Promise<T>): Promise<T> {
    const open = await this.#demand(report);
    try {
      return await work(open.encoder);
    } finally {
      // Work on a device that was lost may end when others are there already.
      if (!stay && this.#open === open) this.letGo();
    }
  }

  async #demand(report: Report) {
    const { gpu } = this.#held;
    if (this.#open?.gpu === gpu) return this.#open;
    this.letGo();
    const open = { gpu, encoder: await openEncoder(gpu, this.#model, report) };
    this.#open = open;
    return open;
  }

  letGo(): void {
    this.#open?.encoder[Symbol.dispose]();
    this.#open = undefined;
  }
}
