/**
 * What passes between a sandbox's owner and the worker inside. Requests go in by structured clone; what comes out is one JSON
 * text a request, so that its size is known before it is read, and no object of a stranger's is ever held.
 */
import { z } from 'zod';

export type Language = 'ts' | 'js' | 'py';

/** A person's file. */
export interface SourceText {
  /** As errors name it: `reward.py`. */
  readonly name: string;
  readonly language: Language;
  readonly text: string;
  /** What its functions are given as a completion: TRL's list of one message, or the text. */
  readonly completions: 'messages' | 'text';
}

/** Pyodide's files, as its npm package has them. */
export interface PythonFiles {
  /** The text of `pyodide.asm.mjs`. */
  readonly module: string;
  /** `pyodide.asm.wasm` */
  readonly wasm: ArrayBuffer;
  /** `python_stdlib.zip` */
  readonly library: ArrayBuffer;
}

export type Request =
  /** Makes ready what the language needs; nothing of the person's runs yet. */
  | { readonly kind: 'load'; readonly language: Language; readonly python?: PythonFiles }
  | { readonly kind: 'open'; readonly source: SourceText }
  /** `batch`: a RewardBatch as JSON. */
  | { readonly kind: 'score'; readonly name: string; readonly batch: string }
  | { readonly kind: 'test'; readonly name: string }
  /** Asks whether it still answers. */
  | { readonly kind: 'ping' };

/** A request under its number, from 1. */
export type Numbered = Request & { readonly id: number };

/** What went wrong inside, in the person's words and places; lines and columns from 1. */
const fault = z.object({
  message: z.string(),
  hint: z.string().optional(),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
  /** Calls in the person's own file, the innermost last. */
  trace: z.string().optional(),
  /** Nothing can run in this worker any more. */
  fatal: z.boolean().optional(),
});
export type WireFault = z.infer<typeof fault>;

/** Number 0 says that the worker has started. */
const reply = z.union([
  z.object({ id: z.number().int(), value: z.unknown() }).strict(),
  z.object({ id: z.number().int(), fault }).strict(),
]);
export type Reply = z.infer<typeof reply>;

/** Characters of a reply. */
export const MOST_TEXT = 16 << 20;
const LONGEST_WORDS = 4000;

/** A reply read; undefined for anything else. */
export function readReply(data: unknown): Reply | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const { success, data: read } = reply.safeParse(JSON.parse(data));
    if (!success) return undefined;
    return 'fault' in read ? { ...read, fault: shortened(read.fault) } : read;
  } catch {
    return undefined;
  }
}

function shortened(long: WireFault): WireFault {
  const cut = (text: string): string => text.slice(0, LONGEST_WORDS);
  return {
    ...long,
    message: cut(long.message),
    ...(long.hint === undefined ? {} : { hint: cut(long.hint) }),
    ...(long.trace === undefined ? {} : { trace: cut(long.trace) }),
  };
}
