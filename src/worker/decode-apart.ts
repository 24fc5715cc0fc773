import { InputError } from '../math/errors.ts';
import type { DecodeOptions } from '../media/decode.ts';
import type { DecodedClip } from '../media/types.ts';
import { Lane } from './lane.ts';

export interface DecodeRequest {
  readonly file: Blob;
  readonly name: string;
  readonly options: Omit<DecodeOptions, 'signal'>;
}

export type DecodeAnswer =
  | { readonly clip: DecodedClip }
  | { readonly refused: { readonly message: string; readonly hint: string | undefined } };

/** Silence after which a worker is taken to go round in circles; it says that it is alive every second. */
const MOST_SILENCE_MS = 60_000;

const openWorker = (): Worker =>
  new Worker(new URL('./decode-worker.ts', import.meta.url), { type: 'module', name: 'decode' });

/**
 * Decodes clips in a worker of their own, one after the other. A damaged clip in which a demuxer never comes to an end would
 * keep its worker busy for good, Stop and every other clip with it: from here that worker is ended, and the clip refused.
 */
export class ClipDecoder {
  readonly #open: () => Worker;
  readonly #silenceMs: number;
  readonly #turns = new Lane();
  #worker?: Worker;

  constructor(open: () => Worker = openWorker, silenceMs = MOST_SILENCE_MS) {
    this.#open = open;
    this.#silenceMs = silenceMs;
  }

  /** @throws InputError naming the file, as `decodeClip` does, or when the worker went silent over it */
  decode(file: Blob, name: string, { signal, ...options }: DecodeOptions): Promise<DecodedClip> {
    return this.#turns.run(async () => {
      signal?.throwIfAborted();
      const answer = await this.#ask({ file, name, options }, signal);
      if ('clip' in answer) return answer.clip;
      const { message, hint } = answer.refused;
      throw new InputError(message, hint === undefined ? {} : { hint });
    });
  }

  #ask(request: DecodeRequest, signal: AbortSignal | undefined): Promise<DecodeAnswer> {
    this.#worker ??= this.#open();
    const worker = this.#worker;
    return new Promise<DecodeAnswer>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout>;
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        act();
      };
      const end = (error: unknown): void => {
        this.#drop(worker);
        settle(() => reject(error));
      };
      const aborted = (): void => end(signal?.reason);
      const listen = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => end(silent(request.name, this.#silenceMs)), this.#silenceMs);
      };
      worker.onmessage = ({ data }: MessageEvent<DecodeAnswer | 'alive'>) => {
        if (data === 'alive') listen();
        else settle(() => resolve(data));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        end(
          new Error(
            `${request.name}: the worker that decodes clips failed: ${event.message || 'no reason given'}.`,
          ),
        );
      };
      signal?.addEventListener('abort', aborted);
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
