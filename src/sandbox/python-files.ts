/** Pyodide's files, fetched from where the page lies: 13 MB, once, when the first Python is opened. */
import { InputError } from '../math/errors.ts';
import type { PythonFiles } from './wire.ts';

export type PythonAddresses = Readonly<Record<keyof PythonFiles, string>>;

/** Bytes that have come, and of how many. */
export type PythonProgress = (done: number, total: number) => void;

/** What the files come to; a server that packs them does not say it. */
const PYTHON_BYTES = 13_394_199;

/** Files that are fetched once, and again where that failed. */
export function pythonFrom(
  addresses: PythonAddresses,
  onProgress: PythonProgress,
): () => Promise<PythonFiles> {
  let files: Promise<PythonFiles> | undefined;
  return () => {
    files ??= fetched(addresses, onProgress).catch((error: unknown) => {
      files = undefined;
      throw error;
    });
    return files;
  };
}

async function fetched(addresses: PythonAddresses, onProgress: PythonProgress): Promise<PythonFiles> {
  const order = ['module', 'wasm', 'library'] as const;
  const answers = await Promise.all(order.map((name) => answerOf(addresses[name])));
  let done = 0;
  const parts = await Promise.all(
    answers.map((answer) =>
      bytesOf(answer, (bytes) => {
        done += bytes;
        onProgress(done, Math.max(done, PYTHON_BYTES));
      }),
    ),
  );
  const [module, wasm, library] = parts as [ArrayBuffer, ArrayBuffer, ArrayBuffer];
  return { module: new TextDecoder().decode(module), wasm, library };
}

async function answerOf(address: string): Promise<Response> {
  const answer = await fetch(address).catch(() => undefined);
  if (answer?.ok) return answer;
  throw new InputError(`Python cannot be started: found ${answer?.status ?? 'nothing'} at ${address}.`, {
    hint: 'It lies beside the page: is the server reached, and the whole build on it?',
  });
}

async function bytesOf(answer: Response, came: (bytes: number) => void): Promise<ArrayBuffer> {
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, out) {
      came(piece.byteLength);
      out.enqueue(piece);
    },
  });
  return new Response(answer.body?.pipeThrough(counted)).arrayBuffer();
}
