/** A line of a JSONL file and where it ends. */
export interface JsonLine {
  readonly value: unknown;
  /** Bytes from the start of the file to the end of this line, its newline included. */
  readonly end: number;
}

const NEWLINE = 10;

/** Values as lines of JSON; numbers that JSON cannot write become null. */
export function encodeLines(values: readonly unknown[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}

/**
 * The lines of a file, read piece by piece. A line without its newline, or one that is not JSON, is where a write broke
 * off: it and all after it are left out.
 */
export async function* jsonLines(file: Blob): AsyncGenerator<JsonLine> {
  let rest = new Uint8Array(0);
  let end = 0;
  for await (const chunk of file.stream() as ReadableStream<Uint8Array<ArrayBuffer>>) {
    const bytes = joined(rest, chunk);
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
      const value = parsed(bytes.subarray(start, at));
      if (value === undefined) return;
      end += at + 1 - start;
      start = at + 1;
      yield { value, end };
    }
    rest = bytes.slice(start);
  }
}

function joined(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (a.byteLength === 0) return b;
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}

function parsed(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(line));
  } catch {
    return undefined;
  }
}
