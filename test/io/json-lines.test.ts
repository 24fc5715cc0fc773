import { describe, expect, it } from 'vitest';
import { checkedLines, type JsonLine, jsonLines } from '../../src/io/json/json-lines.ts';

async function read(text: string | Uint8Array<ArrayBuffer>): Promise<Omit<JsonLine, 'bytes'>[]> {
  const lines: Omit<JsonLine, 'bytes'>[] = [];
  for await (const { line, value, intact, end } of jsonLines(new Blob([text])))
    lines.push({ line, value, intact, end });
  return lines;
}

const textOf = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

describe('jsonLines', () => {
  it('reads what checkedLines wrote, doubles bit for bit, and says where each line ends', async () => {
    const values = [{ a: 0.1 + 0.2, b: 5e-324 }, { text: 'é\n' }, { list: [1, null] }];
    const bytes = checkedLines(textOf(values));
    const lines = await read(bytes);
    expect(lines.map(({ value }) => value)).toEqual(values);
    expect(lines.map(({ line, intact }) => [line, intact])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    expect(lines.at(-1)?.end).toBe(bytes.byteLength);
    const plain = new TextDecoder().decode(bytes).split('\n')[0]!;
    expect(JSON.parse(plain)).toEqual({ ...values[0], crc32: expect.stringMatching(/^[0-9a-f]{8}$/) });
  });

  it('gives each line as it was before it got its checksum', async () => {
    const text = textOf([{ a: 1, text: 'é' }, { a: 2 }]);
    const found: string[] = [];
    for (const written of [checkedLines(text), text]) {
      for await (const { bytes } of jsonLines(new Blob([written])))
        found.push(new TextDecoder().decode(bytes));
    }
    expect(found).toEqual([...text.trimEnd().split('\n'), ...text.trimEnd().split('\n')]);
  });

  it('reads lines longer than a piece of the file', async () => {
    const values = Array.from({ length: 5 }, (_, i) => ({ i, text: 'x'.repeat(150_000) }));
    expect((await read(checkedLines(textOf(values)))).map(({ value }) => value)).toEqual(values);
  });

  it('reads lines without checksums, as earlier versions wrote them', async () => {
    expect(await read('{"a":1}\n')).toEqual([{ line: 1, value: { a: 1 }, intact: undefined, end: 8 }]);
  });

  it.each([
    ['is cut inside', '{"a":1}\n{"a":'],
    ['lacks its newline', '{"a":1}\n{"a":2}'],
  ])('leaves out a last line that %s', async (_, text) => {
    expect((await read(text)).map(({ value, end }) => [value, end])).toEqual([[{ a: 1 }, 8]]);
  });

  it('goes on behind a line that is not JSON', async () => {
    const values = (await read('{"a":1}\n{"a":\n{"a":3}\n')).map(({ value }) => value);
    expect(values).toEqual([{ a: 1 }, undefined, { a: 3 }]);
  });

  it('finds a flipped bit of a line (every third is tried)', async () => {
    const bytes = checkedLines(textOf([{ step: 17, loss: 0.5, text: 'ah' }]));
    for (let bit = 0; bit < (bytes.byteLength - 1) * 8; bit += 3) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const sound = (await read(flipped)).filter(({ value, intact }) => intact && value);
      expect(sound, `bit ${bit}`).toEqual([]);
    }
  });

  it('reads nothing from an empty file', async () => {
    expect(await read('')).toEqual([]);
  });
});
