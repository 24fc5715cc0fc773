import { type ClipExample, mediaName } from '../../data/types.ts';
import type { DecodedMedium } from '../../media/types.ts';

/** Bytes of decoded clips that wait for the towers, beside the one being decoded: pictures come as large as the file has them. */
const MOST_BYTES = 256 * 2 ** 20;

/** Decodes clips before they are asked for, one after the other, while the device is at work on something else. */
export class DecodeAhead {
  readonly #decode: (example: ClipExample) => Promise<readonly DecodedMedium[]>;
  readonly #mostBytes: number;
  /** Clips begun and not taken, by name. */
  readonly #begun = new Map<string, Promise<readonly DecodedMedium[]>>();
  readonly #bytes = new Map<string, number>();
  /** Ends the round before. */
  #round = 0;

  constructor(decode: (example: ClipExample) => Promise<readonly DecodedMedium[]>, mostBytes = MOST_BYTES) {
    this.#decode = decode;
    this.#mostBytes = mostBytes;
  }

  /** Begins to decode these, in their order, until what waits is large. What goes wrong is told where the clip is taken. */
  begin(examples: readonly ClipExample[]): void {
    void this.#run(examples, ++this.#round);
  }

  async #run(examples: readonly ClipExample[], round: number): Promise<void> {
    for (const example of examples) {
      if (round !== this.#round || this.#waiting >= this.#mostBytes) return;
      const name = mediaName(example);
      const clip = this.#begun.get(name) ?? this.#decode(example);
      this.#begun.set(name, clip);
      const bytes = await clip.then(bytesOf, () => 0);
      if (this.#begun.get(name) === clip) this.#bytes.set(name, bytes);
    }
  }

  get #waiting(): number {
    return [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** A clip that may have been begun; from here on no other is begun by itself. */
  take(example: ClipExample): Promise<readonly DecodedMedium[]> {
    this.#round++;
    const name = mediaName(example);
    const begun = this.#begun.get(name);
    this.#begun.delete(name);
    this.#bytes.delete(name);
    return begun ?? this.#decode(example);
  }

  drop(): void {
    this.#round++;
    this.#begun.clear();
    this.#bytes.clear();
  }
}

function bytesOf(media: readonly DecodedMedium[]): number {
  let sum = 0;
  for (const { clip } of media) {
    sum += clip.waveform?.byteLength ?? 0;
    for (const { data } of clip.frames) sum += data.byteLength;
  }
  return sum;
}
