import type { FileStore } from '../../io/writing/file-store.ts';

/** Where it lies when a device was lost last. */
const FILE = 'lost-device.txt';
/** Browsers withhold WebGPU for minutes at most, unless they are started anew. */
const LATELY_MS = 10 * 60_000;

/**
 * Remembers that a device was lost, over a reload of the page, too: a browser whose GPU process has died more than once
 * withholds WebGPU for a while, and then it is no driver that is missing.
 */
export class LostLately {
  readonly #files: FileStore | undefined;
  readonly #now: () => number;
  #at = Number.NEGATIVE_INFINITY;

  /** Without `files`, it is forgotten with the page. */
  constructor(files: FileStore | undefined, now: () => number = Date.now) {
    this.#files = files;
    this.#now = now;
  }

  /** Notes it when this device is lost. */
  async watch({ lost }: Pick<GPUDevice, 'lost'>): Promise<void> {
    const { reason } = await lost;
    if (reason === 'destroyed') return;
    this.#at = this.#now();
    const writer = await this.#files?.create(FILE);
    try {
      writer?.write(new TextEncoder().encode(String(this.#at)));
    } finally {
      writer?.close();
    }
  }

  async isSo(): Promise<boolean> {
    const kept = Number(await this.#files?.text(FILE));
    const age = this.#now() - Math.max(this.#at, kept || Number.NEGATIVE_INFINITY);
    return age >= 0 && age < LATELY_MS;
  }
}
