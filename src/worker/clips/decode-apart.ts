import { InputError } from '../../math/errors.ts';
import type { DecodedClip, DecodeOptions } from '../../media/types.ts';
import { Lane } from '../lane.ts';

export interface DecodeRequest {
  readonly file: Blob;
  readonly name: string;
  readonly options: DecodeOptions;
}

export type DecodeAnswer =
  | { readonly clip: DecodedClip }
  | { readonly refused: { readonly message: string; readonly hint: string | undefined } };

/** How long a worker may be over one clip before it is ended. */
export interface Patience {
  /** Without a sign of life, which it gives every second: it goes round in circles. */
  readonly silenceMs: number;
  /** In all. The longest that were seen take seconds, so such a clip would never end. */
  readonly clipMs: number;
}

const PATIENCE: Patience = { silenceMs: 60_000, clipMs: 300_000 };

const openWorker = (): Worker =>
  new Worker(new URL('./decode-worker.ts', import.meta.url), { type: 'module', name: 'decode' });

/**
 * Decodes clips in a worker of their own, one after the other. A damaged clip in which a demuxer never comes to an end would
 * keep its worker busy for good, Stop and every other clip with it: from here that worker is ended, and the clip refused (why: D-098).
 */
export class ClipDecoder {
  readonly #open: () => Worker;
  readonly #patience: Patience;
  readonly #turns = new Lane();
  #worker?: Worker;

  constructor(open: () => Worker = openWorker, patience: Patience = PATIENCE) {
    this.#open = open;
    this.#patience = patience;
  }

  /** @throws InputError naming the file, as `decodeClip` does, or when the worker had to be ended over it */
  decode(file: Blob, name: string, options: DecodeOptions): Promise<DecodedClip> {
    return this.#turns.run(async () => {
      const answer = await this.#ask({ file, name, options });
      if ('clip' in answer) return answer.clip;
      const { message, hint } = answer.refused;
      throw new InputError(message, hint === undefined ? {} : { hint });
    });
  }

  #ask(request: DecodeRequest): Promise<DecodeAnswer> {
    this.#worker ??= this.#open();
    const worker = this.#worker;
    const { name } = request;
    const { silenceMs, clipMs } = this.#patience;
    return new Promise<DecodeAnswer>((resolve, reject) => {
      let silence: ReturnType<typeof setTimeout>;
      const stopClocks = (): void => {
        clearTimeout(silence);
        clearTimeout(whole);
      };
      const end = (error: unknown): void => {
        stopClocks();
        this.#drop(worker);
        reject(error);
      };
      const listen = (): void => {
        clearTimeout(silence);
        silence = setTimeout(() => end(silent(name, silenceMs)), silenceMs);
      };
      const whole = setTimeout(() => end(endless(name, clipMs)), clipMs);
      worker.onmessage = ({ data }: MessageEvent<DecodeAnswer | 'alive'>) => {
        if (data === 'alive') return listen();
        stopClocks();
        resolve(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        end(
          new Error(`${name}: the worker that decodes clips failed: ${event.message || 'no reason given'}.`),
        );
      };
      listen();
      worker.postMessage(request);
    });
  }

  #drop(worker: Worker): void {
    worker.terminate();
    if (this.#worker === worker) this.#worker = undefined;
  }
}

function silent(name: string, ms: number): InputError {
  return new InputError(
    `${name}: found a clip in which the decoder went round for ${Math.round(ms / 1000)} s without an answer, expected a whole one.`,
    { hint: 'It is damaged: copy or export it again, or remove its row.' },
  );
}

function endless(name: string, ms: number): InputError {
  return new InputError(
    `${name}: found a clip that takes longer than ${Math.round(ms / 1000)} s to decode, expected a few seconds.`,
    { hint: 'Cut or convert it, or remove its row.' },
  );
}
