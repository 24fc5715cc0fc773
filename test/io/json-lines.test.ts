import { describe, expect, it } from 'vitest';
import { encodeLines, jsonLines } from '../../src/io/json-lines.ts';

async function read(text: string | Uint8Array<ArrayBuffer>): Promise<{ values: unknown[]; end: number }> {
  const values: unknown[] = [];
  let last = 0;
  for await (const { value, end } of jsonLines(new Blob([text]))) {
    values.push(value);
    last = end;
  }
  return { values, end: last };
}

describe('jsonLines', () => {
  it('reads what encodeLines wrote, doubles bit for bit, and says where each line ends', async () => {
    const values = [{ a: 0.1 + 0.2, b: 5e-324 }, { text: 'é\n' }, [1, null]];
    const bytes = encodeLines(values);
    expect(await read(bytes)).toEqual({ values, end: bytes.byteLength });
  });

  it('reads lines longer than a piece of the file', async () => {
    const values = Array.from({ length: 5 }, (_, i) => ({ i, text: 'x'.repeat(150_000) }));
    expect((await read(encodeLines(values))).values).toEqual(values);
  });

  it.each([
    ['is cut inside', '{"a":1}\n{"a":'],
    ['lacks its newline', '{"a":1}\n{"a":2}'],
    ['is followed by whole ones', '{"a":1}\n{"a":\n{"a":3}\n'],
  ])('ends before a line that %s', async (_, text) => {
    expect(await read(text)).toEqual({ values: [{ a: 1 }], end: 8 });
  });

  it('reads nothing from an empty file', async () => {
    expect(await read('')).toEqual({ values: [], end: 0 });
  });
});
