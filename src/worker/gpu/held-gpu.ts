import { type Gpu, lossOf } from '../../gpu/index.ts';
import { describeError, InputError } from '../../math/errors.ts';

/** The device is gone, and with it all that lay on it. */
export class GpuLost extends InputError {
  /** What the browser or the driver said of it. */
  readonly reason: string;

  constructor({ reason, message }: Pick<GPUDeviceLostInfo, 'reason' | 'message'>) {
    const said = (message || reason || 'no reason given').trim().replace(/\.$/, '');
    super(`The GPU was lost (${said}).`, { hint: 'Press the same button again: a new one is asked for.' });
    this.reason = said;
  }
}

/** Work that does not hear by itself that its device is gone is left behind after so long. */
const GRACE_MS = 5000;
/** Between two questions for a new device: a browser that starts its GPU process anew has none for a moment. */
const PAUSES_MS = [250, 500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks for a device until there is one. @throws InputError when there is none after all tries */
async function askAgain(open: () => Promise<Gpu>, pauses: readonly number[] = PAUSES_MS): Promise<Gpu> {
  for (const pause of pauses) {
    try {
      return await open();
    } catch {
      await sleep(pause);
    }
  }
  return open();
}

/** The GPU of a session: the one at hand, and a new one when that is lost. */
export class HeldGpu {
  #gpu: Gpu;
  #loss?: GpuLost;
  #renewal?: Promise<Gpu>;
  /** Each ends the wait for a piece of work under way. */
  readonly #working = new Set<(loss: GpuLost) => void>();
  readonly #open: () => Promise<Gpu>;
  readonly #onLoss: (loss: GpuLost) => void;

  /** `open` gives a new one. */
  constructor(gpu: Gpu, open: () => Promise<Gpu>, onLoss: (loss: GpuLost) => void = () => undefined) {
    this.#gpu = gpu;
    this.#open = open;
    this.#onLoss = onLoss;
    this.#watch(gpu);
  }

  /** The one at hand; it may be lost already. */
  get gpu(): Gpu {
    return this.#gpu;
  }

  /** How the one at hand was lost. */
  get loss(): GpuLost | undefined {
    return this.#loss;
  }

  #watch(gpu: Gpu): void {
    void gpu.device.lost.then((info) => this.#lose(gpu, info));
  }

  #lose(gpu: Gpu, info: GPUDeviceLostInfo): GpuLost {
    if (gpu !== this.#gpu || this.#loss) return this.#loss ?? new GpuLost(info);
    const loss = new GpuLost(info);
    this.#loss = loss;
    const working = [...this.#working];
    setTimeout(() => {
      for (const leave of working) leave(loss);
    }, GRACE_MS);
    this.#onLoss(loss);
    return loss;
  }

  /** One to work on: that at hand, or a new one where it is lost. @throws InputError when none can be had */
  async demand(): Promise<Gpu> {
    if (!this.#loss) return this.#gpu;
    this.#renewal ??= this.#renew(this.#loss).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #renew(loss: GpuLost): Promise<Gpu> {
    try {
      this.#gpu = await askAgain(this.#open);
    } catch (error) {
      throw new InputError(`${loss.message} No new one could be had: ${describeError(error)}`, {
        hint: 'Press the same button again in a minute. If that does not help, reload the page, or restart the browser; runs that are kept can be resumed then.',
      });
    }
    this.#loss = undefined;
    this.#watch(this.#gpu);
    return this.#gpu;
  }

  /** Does work on the device at hand. @throws GpuLost when that is lost meanwhile, whatever the work made of it */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#loss) throw this.#loss;
    const gpu = this.#gpu;
    let leave: (loss: GpuLost) => void = () => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = reject;
    });
    this.#working.add(leave);
    try {
      return await Promise.race([work(), left]);
    } catch (error) {
      const info = error instanceof GpuLost ? undefined : await lossOf(gpu);
      throw info ? this.#lose(gpu, info) : error;
    } finally {
      this.#working.delete(leave);
    }
  }
}
