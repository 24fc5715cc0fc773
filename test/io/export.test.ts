import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  baseName,
  cleanPath,
  extension,
  findFile,
  readJson,
  subtree,
  treeFromDirectory,
  treeFromFiles,
  treeFromMemory,
} from '../../src/io/files/files.ts';
import { modelCard } from '../../src/io/formats/model-card.ts';
import {
  DECODERS,
  LORA_LINEARS,
  loraTensorName,
  parseLoraTensorName,
  readAdapterConfig,
  targetRegex,
  writeAdapterConfig,
} from '../../src/io/formats/peft.ts';
import { parseJson } from '../../src/io/json/json.ts';
import { textFile } from '../../src/io/writing/file-to-write.ts';
import { crc32, zipBytes, zipPieces } from '../../src/io/writing/zip.ts';
import { zipOf } from '../reference/bytes-of.ts';
import { readStoredZip } from '../reference/stored-zip.ts';

const golden = (path: string) => readFileSync(new URL(`../golden/${path}`, import.meta.url));

describe('file trees', () => {
  test('paths are cleaned, sorted and searched', async () => {
    const tree = treeFromMemory('m', { './b/x.TXT': 'x', 'a\\y': 'y', 'b/c/z.tar.gz': 'z' });
    expect(tree.files.map((file) => file.path)).toEqual(['a/y', 'b/c/z.tar.gz', 'b/x.TXT']);
    expect(await (await findFile(tree, 'b//x.TXT')!.blob()).text()).toBe('x');
    expect(subtree(tree, 'b/')?.files.map((file) => file.path)).toEqual(['c/z.tar.gz', 'x.TXT']);
    expect(subtree(tree, 'nothing')).toBeUndefined();
    expect([extension('b/x.TXT'), extension('.hidden'), extension('a/b.c/d'), baseName('a/b.c')]).toEqual([
      'txt',
      '',
      '',
      'b.c',
    ]);
    expect(cleanPath('./a/./b')).toBe('a/b');
  });

  test('a shared top folder becomes the name', () => {
    const file = new Blob(['x']);
    const shared = treeFromFiles([
      { path: 'top/a', file },
      { path: 'top/b/c', file },
    ]);
    expect([shared.name, ...shared.files.map(({ path }) => path)]).toEqual(['top', 'a', 'b/c']);
    const loose = treeFromFiles([
      { path: 'a', file },
      { path: 'top/b', file },
    ]);
    expect([loose.name, ...loose.files.map(({ path }) => path)]).toEqual(['files', 'a', 'top/b']);
  });

  test('directory handles and drop entries are walked, hidden files left out', async () => {
    const bytes = (text: string) => new File([text], 'x');
    type Fake = { [name: string]: Fake | File };
    const layout: Fake = {
      'b.txt': bytes('b'),
      sub: { deep: { 'c.txt': bytes('c') }, '.DS_Store': bytes('') },
      '.git': {},
    };
    const handle = (name: string, content: Fake | File): unknown =>
      content instanceof File
        ? { kind: 'file', name, getFile: async () => content }
        : {
            kind: 'directory',
            name,
            async *entries() {
              for (const [child, inside] of Object.entries(content)) yield [child, handle(child, inside)];
            },
          };
    const tree = await treeFromDirectory(handle('top', layout) as FileSystemDirectoryHandle);
    expect([tree.name, ...tree.files.map(({ path }) => path)]).toEqual(['top', 'b.txt', 'sub/deep/c.txt']);
    expect(await (await tree.files[1]!.blob()).text()).toBe('c');
  });

  test('JSON files that are missing, broken or of another kind', async () => {
    const tree = treeFromMemory('m', { 'list.json': '[1]', 'bad.json': '{\n"a": }' });
    await expect(readJson(tree, 'config.json')).rejects.toThrow(/m: config\.json is missing/);
    await expect(readJson(tree, 'list.json')).rejects.toThrow(
      /m\/list\.json: expected a JSON object, found a list/,
    );
    await expect(readJson(tree, 'bad.json')).rejects.toThrow(/m\/bad\.json is not JSON at line 2, column 6/);
    expect(parseJson('\uFEFF{"a": 1}', 'x')).toEqual({ a: 1 });
  });
});

test.each([
  ['{"a": 1,}', 1, 9],
  ['[1, 2', 1, 6],
  ['{"a": 01}', 1, 8],
  ["{'a': 1}", 1, 2],
  ['{"a" 1}', 1, 6],
  ['[{"b": [true, nul]}]', 1, 15],
  ['{"a": "x\ny"}', 1, 7],
  ['[1]\n[2]', 2, 1],
  ['', 1, 1],
])('the place where %j stops being JSON', (text, line, column) => {
  expect(() => parseJson(text, 'f')).toThrow(`f is not JSON at line ${line}, column ${column}:`);
});

describe('zip', () => {
  test('checksum of the standard example, also in two parts', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(crc32(bytes)).toBe(0xcbf43926);
    expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  });

  test('every file can be found through the directory at the end', async () => {
    const contents = { 'a.txt': 'hello', 'é/b.bin': '\u0000\u0001', empty: '' };
    const files = Object.entries(contents).map(([path, text]) => textFile(path, text));
    const zip = await zipOf(files, { modified: new Date(2024, 1, 29, 12, 34, 56) });
    expect(zip.length).toBe(zipBytes(files));
    const read = [...readStoredZip(zip)].map(([path, bytes]) => [path, bytes.toString('utf8')]);
    expect(Object.fromEntries(read)).toEqual(contents);
    const first = zip.readUInt32LE(zip.length - 22 + 16);
    expect([zip.readUInt16LE(first + 8), zip.readUInt16LE(first + 10)]).toEqual([0x0808, 0]);
    expect([zip.readUInt16LE(first + 12), zip.readUInt16LE(first + 14)]).toEqual([
      (12 << 11) | (34 << 5) | 28,
      (44 << 9) | (2 << 5) | 29,
    ]);
  });

  test('a file that outgrows what was planned for it ends the archive', async () => {
    const huge = { byteLength: 2 ** 32, length: 0 } as Uint8Array<ArrayBuffer>;
    const file = {
      path: 'w',
      bytes: 10,
      async *pieces() {
        yield huge;
      },
    };
    await expect(async () => {
      for await (const piece of zipPieces([file])) expect(piece.byteLength).toBeGreaterThan(0);
    }).rejects.toThrow(/w grew to 4294967296 bytes, past 4 GiB/);
  });
});

describe('PEFT adapters', () => {
  test.each(DECODERS)('tensor names of a decoder in %s go both ways', (decoder) => {
    for (const linear of LORA_LINEARS) {
      for (const matrix of ['A', 'B'] as const) {
        const tensor = { layer: 17, linear, matrix };
        expect(parseLoraTensorName(loraTensorName(tensor, decoder))).toEqual(tensor);
      }
    }
    expect(loraTensorName({ layer: 0, linear: 'gate_proj', matrix: 'B' }, decoder)).toBe(
      `base_model.model.${decoder}.layers.0.mlp.gate_proj.lora_B.weight`,
    );
    const targets = targetRegex(['v_proj', 'gate_proj'], decoder);
    expect(new RegExp(`^${targets}$`).test(`${decoder}.layers.2.mlp.gate_proj`)).toBe(true);
    const config = { peft_type: 'LORA', r: 1, lora_alpha: 1, target_modules: targets };
    expect(readAdapterConfig(config, 'a').linears).toEqual(['v_proj', 'gate_proj']);
    for (const other of [
      'model.layers.0.mlp.gate_proj.weight',
      'base_model.model.model.layers.0.mlp.q_proj.lora_A.weight',
    ]) {
      expect(parseLoraTensorName(other)).toBeUndefined();
    }
  });

  test('every name of a published adapter is understood', () => {
    const file = golden('omni-tiny/lora/adapter_model.safetensors');
    const header = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0)))) as Record<
      string,
      unknown
    >;
    const names = Object.keys(header).filter((name) => name !== '__metadata__');
    expect(names.length).toBe(42);
    expect(names.map(parseLoraTensorName).every((tensor) => tensor !== undefined)).toBe(true);
  });

  test("the target regex matches the decoder's linears and nothing of the towers", () => {
    const { tensors } = JSON.parse(golden('humanomni-0.5b-tensors.json').toString()) as {
      tensors: Record<string, number[]>;
    };
    const matched = (linears: Parameters<typeof targetRegex>[0]) => {
      const pattern = new RegExp(`^(?:${targetRegex(linears, 'model')})$`);
      return Object.keys(tensors).filter(
        (name) => name.endsWith('.weight') && pattern.test(name.slice(0, -'.weight'.length)),
      );
    };
    expect(targetRegex(LORA_LINEARS, 'model')).toBe(
      'model\\.layers\\.\\d+\\.(self_attn\\.(q|k|v|o)_proj|mlp\\.(gate|up|down)_proj)',
    );
    expect(matched(LORA_LINEARS).length).toBe(24 * 7);
    expect(matched(['q_proj']).length).toBe(24);
    expect(matched(['down_proj', 'v_proj']).length).toBe(48);
  });

  test('the configuration is read back, with its scale', () => {
    const linears = ['q_proj', 'up_proj'] as const;
    const written = writeAdapterConfig({ rank: 8, alpha: 16, linears, baseModel: 'base' }, 'model');
    const json = JSON.parse(written) as Record<string, unknown>;
    expect(readAdapterConfig(json, 'a')).toEqual({
      rank: 8,
      alpha: 16,
      scale: 2,
      linears: [...linears],
      baseModel: 'base',
    });
    expect(readAdapterConfig({ ...json, r: 4, use_rslora: true }, 'a').scale).toBe(8);
    const published = JSON.parse(golden('omni-tiny/lora/adapter_config.json').toString()) as Record<
      string,
      unknown
    >;
    expect(readAdapterConfig(published, 'a')).toMatchObject({
      rank: 4,
      scale: 2,
      linears: [...LORA_LINEARS],
      baseModel: 'model',
    });
  });

  test('what would change the arithmetic is refused by name', () => {
    const good = { peft_type: 'LORA', r: 8, lora_alpha: 16, target_modules: ['q_proj'] };
    const refused: [object, RegExp][] = [
      [{ peft_type: 'IA3' }, /a\.json: peft_type is "IA3"/],
      [{ r: 0 }, /r is 0/],
      [{ lora_alpha: null }, /lora_alpha is null/],
      [{ bias: 'all' }, /bias is "all"/],
      [{ use_dora: true }, /use_dora is not supported/],
      [{ rank_pattern: { q_proj: 4 } }, /rank_pattern is not supported/],
      [{ target_modules: ['c_attn'] }, /names none of/],
      [{ target_modules: '(' }, /names none of/],
    ];
    expect(readAdapterConfig(good, 'a.json').rank).toBe(8);
    for (const [change, message] of refused)
      expect(() => readAdapterConfig({ ...good, ...change }, 'a.json')).toThrow(message);
  });
});

test('a model card tells the run', () => {
  const card = modelCard({
    name: 'my-model',
    baseModel: 'HumanOmni "tiny"',
    method: 'GRPO',
    steps: 120,
    seed: 7,
    rewards: [
      { name: 'format', weight: 0.5, kind: 'built in' },
      { name: 'mine', weight: 1, kind: 'a program, mine.js', source: 'export const mine = `|`;' },
    ],
    settings: { groupSize: 8, question: 'a | b\nc', left: undefined, off: null },
    dataset: { name: 'clips', kind: 'clips', examples: 96, labels: ['happy', 'sad'] },
    scores: { 'held-out accuracy': 0.94 },
    prompt: 'use ```code```',
    chatTemplate: '{{ messages }}',
    studioVersion: '0.1.0',
    isAdapter: true,
  });
  expect(card.startsWith('---\nbase_model: "HumanOmni \\"tiny\\""\nlibrary_name: peft\n')).toBe(true);
  expect(card).toContain('post-trained with GRPO for 120 steps (seed 7)');
  expect(card).toContain('| question | a \\| b c |');
  expect(card).toContain('| left | none |\n| off | null |');
  expect(card).toContain('| held-out accuracy | 0.94 |');
  expect(card).toContain(
    '## Rewards\n\n| reward | weight | what it is |\n|---|---|---|\n| format | 0.5 | built in |\n',
  );
  expect(card).toContain('The program of mine:\n\n```text\nexport const mine = `|`;\n```\n\n## Settings');
  expect(card).toContain('````text\nuse ```code```\n````');
});

test('labels, names and settings in a model card are text and nothing else', () => {
  const hostile = [
    '<img src=x onerror=alert(1)>',
    '</td></table><script>alert(1)</script>',
    '[click](https://evil.example)',
    '![p](https://evil.example/p.png)',
    'see https://evil.example or www.evil.example or a@evil.example',
    'happy | 1.0 |\n\n# Another heading\n\n| a | b |',
    '`code` ``code`` &lt;b&gt; \\<b>',
    'a\u2028b\u202ec\r\n---\r\nbase_model: other',
  ];
  for (const text of hostile) {
    const card = modelCard({
      name: text,
      baseModel: text,
      method: 'GRPO',
      steps: 1,
      seed: 1,
      rewards: [],
      settings: { question: text, [text]: [text] },
      dataset: { name: text, kind: 'clips', examples: 2, labels: [text, 'sad'] },
      scores: { [text]: 1 },
      prompt: 'Which?',
      chatTemplate: '{{ messages }}',
      studioVersion: '0.1.0',
      isAdapter: false,
    });
    const body = card.slice(card.indexOf('\n---\n', 4));
    expect(card).not.toMatch(/<(?:img|script|b|\/)/);
    expect(body).not.toMatch(/(?<!\\)\]\(|https?:\/\/|www\.|a@/);
    expect(card.split('\n').filter((line) => line.startsWith('#') || line.startsWith('---'))).toEqual([
      '---',
      '---',
      expect.stringMatching(/^# /),
      ...['## Data', '## Scores', '## Settings', '## Prompt'],
    ]);
    // A row of a table has two cells, whatever is in them.
    for (const row of body.split('\n').filter((line) => line.startsWith('|')))
      expect(row.match(/(?<!\\)\|/g)).toHaveLength(3);
    // Front matter is read as the text that it was.
    expect(JSON.parse(/^base_model: (.*)$/m.exec(card)![1]!)).toBe(text);
  }
});

test('text that is nested too deep, too long or has a key twice is told by its place, in linear time', () => {
  const inside = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  expect(parseJson(inside(256), 'f')).toHaveLength(1);
  for (const text of [inside(257), '['.repeat(6200), '{"a":'.repeat(1e6), inside(1e6)])
    expect(() => parseJson(text, 'f')).toThrow(
      /^f: found lists or objects nested more than 256 deep at line 1/,
    );
  const long = 'x'.repeat(9 << 20);
  expect(parseJson(`["${long}"]`, 'f')).toEqual([long]);
  expect(() => parseJson(`["${long}", nope]`, 'f')).toThrow(`not JSON at line 1, column ${long.length + 6}`);
  expect(() => parseJson(`["${'\\n'.repeat(1e6)}`, 'f')).toThrow('not JSON at line 1, column 2');
  expect(parseJson('{"a": 1, "a": 2}', 'f')).toEqual({ a: 2 });
  expect(() => parseJson('[{"a": 1,\n"\\u0061": 2}]', 'f', { uniqueKeys: true })).toThrow(
    'f: found the key "a" a second time at line 2, column 1.',
  );
  expect(parseJson('{"a": {"a": 1}, "b": {"a": 1}}', 'f', { uniqueKeys: true })).toBeTruthy();
});
