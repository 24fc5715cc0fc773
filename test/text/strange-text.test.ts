/** Tokenizers of strangers: each is used as it is, or refused by name, and none keeps the worker busy for ever. */
import { beforeAll, describe, expect, it } from 'vitest';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, readJson } from '../../src/io/files/files.ts';
import { InputError } from '../../src/math/errors.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { turnEnd } from '../../src/text/encode-prompt.ts';
import { demandSafePattern } from '../../src/text/safe-pattern.ts';
import { endTokenIds, Tokenizer } from '../../src/text/tokenizer.ts';
import { processorTime } from '../setup/processor-time.ts';
import { type Json, mutated, STRANGE } from '../setup/strange-json.ts';

let folder: FileTree;
let json: Json;
beforeAll(async () => {
  folder = await treeFromDisk('public/demo/model');
  json = await readJson(folder, 'tokenizer.json');
});

/** The demo's tokenizer with more added tokens. */
function withTokens(...contents: readonly string[]): Tokenizer {
  const added = json.added_tokens as Json[];
  const first = 1 + new Tokenizer(json, {}).largest.id;
  const more = contents.map((content, index) => ({ ...added[0], content, id: first + index }));
  return new Tokenizer({ ...json, added_tokens: [...added, ...more] }, { eos_token: '<|im_end|>' });
}

describe('tags that are special tokens', () => {
  it('are part of the text that rewards see, while control tokens are not', () => {
    const tags = ['<think>', '</think>', '<answer>', '</answer>', '<my-tag>'];
    const tokenizer = withTokens(...tags, '<s>', '<pad>', '<image>', '<|other|>');
    const text = '<think>a</think><answer>b</answer><my-tag>';
    expect(tokenizer.decode(tokenizer.encode(`${text}<|im_end|><|other|><s><pad><image><|endoftext|>`))).toBe(
      text,
    );
    expect(tokenizer.encode('<think>')).toHaveLength(1);
  });

  it('stay hidden where tokenizer_config names them as the end or the padding', () => {
    const tokenizer = withTokens('<stop>');
    const ending = new Tokenizer(
      { ...json, added_tokens: [{ ...(json.added_tokens as Json[])[0], id: 500, content: '<stop>' }] },
      { eos_token: '<stop>' },
    );
    expect(tokenizer.decode(tokenizer.encode('a<stop>'))).toBe('a<stop>');
    expect(ending.decode(ending.encode('a<stop>'))).toBe('a');
  });
});

describe('what ends an answer', () => {
  const CHATML =
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}";

  it('is what the template ends a turn with, whatever the configs name', () => {
    const tokenizer = new Tokenizer(json, { eos_token: '<|endoftext|>' });
    const end = turnEnd(new ChatTemplate(CHATML));
    expect(end).toBe('<|im_end|>\n');
    const id = tokenizer.idOf('<|im_end|>')!;
    expect(endTokenIds(tokenizer, { eos_token_id: 0 })).not.toContain(id);
    expect(endTokenIds(tokenizer, { eos_token_id: 0 }, {}, end)).toEqual([0, id]);
    expect(
      endTokenIds(tokenizer, {}, {}, turnEnd(new ChatTemplate('{{ messages[-1].content }} and so on'))),
    ).toEqual([0]);
  });

  it.each([[0.5], ['2'], [[2, -1]], [1e9], [{ id: 2 }]])('is not %j', (id) => {
    const tokenizer = new Tokenizer(json, {});
    expect(() => endTokenIds(tokenizer, { eos_token_id: id })).toThrow(
      /config\.json: "eos_token_id" is .*expected ids of the tokenizer/,
    );
  });
});

describe('a pattern', () => {
  it.each([
    // GPT-2, Qwen2, Llama 3, GPT-4o, DeepSeek, CLIP, as published
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
    "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
  ])('as published is taken: %s', (pattern) => {
    expect(() => demandSafePattern(pattern, 'x')).not.toThrow();
  });

  it.each([
    '(a+)+$',
    '(a*)*b',
    '(?:a|a)*b',
    '(a|ab)+c',
    '((a?){30})b',
    '(.*a){12}',
    `${'a?'.repeat(30)}${'a'.repeat(30)}`,
    'a*a*a*b',
    '\\s*[\\r\\n]+x',
    '(a)\\1+',
    '(?:(?:a|b|c)(?:a|b|c)(?:a|b|c)(?:a|b|c))x',
    '[^](a+)+]',
    '[[](a+)+]]',
    '[]a](a+)+',
    '(a+){2,}',
    '(?=(a+)+)b',
    '(?<=(a|b)+)c',
    '(a',
    'a)',
    '[a',
    '[a&&b]',
    '(?<n>a)\\k<n>',
    '(?#x)',
    '(a{0,30}){0,30}',
    'a'.repeat(5000),
    'a{1000000}',
    'a{1000,}',
    '((a{64}){64}){64}b',
    'a+(a*b)',
    'a+(?=a*b)',
    '(?=a*)(?=a*)b',
    'a*(?:a+b|c)',
    `a+${'b'.repeat(20)}`,
    'a{4,60}a{4,60}b',
    `(?:${'a|'.repeat(600)}b)(?:${'a|'.repeat(600)}b)c`,
    `(?:${'a+|'.repeat(20)}b)c`,
  ])('that may take for ever is refused: %s', (pattern) => {
    expect(() => demandSafePattern(pattern, 'tokenizer.json')).toThrow(InputError);
  });
});

/** Pieces of every length up to one. */
const pieces = (longest: number): [string, number][] =>
  Array.from({ length: longest }, (_, index) => ['a'.repeat(index + 1), -index]);

const catching = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('a pattern that is taken', () => {
  it.each([
    ['(\\s+|\\s+y)z', ' '],
    ['(?:\\s+|\\s+y|\\s+z)w', ' '],
    ['\\s+\\b', ' '],
    ['a?a?a?a?a+b', 'a'],
    ['(?:a+|a+|a+|a+|a+|a+|a+|a+)b', 'a'],
    ['(?=a+)b|a', 'a'],
    ['\\s*[\\r\\n]+', ' '],
    ['a{64}b', 'a'],
  ])('takes about half a second of the longest text that it is given: %s', async (Regex, character) => {
    const split = { type: 'Split', pattern: { Regex }, behavior: 'Isolated' };
    const tokenizer = new Tokenizer({ ...json, pre_tokenizer: split }, {});
    const refused = () => tokenizer.encode(character.repeat(60_001));
    expect(refused).toThrow(/A text of 60001 characters; expected at most \d+/);
    const most = Number(/at most (\d+)/.exec(String(catching(refused)))![1]);
    const text = character.repeat(most);
    const { milliseconds } = await processorTime(3000, () => [...text.matchAll(new RegExp(Regex, 'gu'))]);
    expect(milliseconds).toBeLessThan(3000);
  });

  it.each([
    [
      'WordPiece',
      { type: 'WordPiece', unk_token: 'a', vocab: { a: 1, '##a': 2 }, max_input_chars_per_word: 200 },
      `${'a'.repeat(199)} `,
    ],
    ['Unigram', { type: 'Unigram', unk_id: 0, vocab: pieces(64) }, 'a'],
  ])('takes about a second of the longest text by %s', async (_, model, unit) => {
    const pre_tokenizer = { type: 'WhitespaceSplit' };
    const changes = { normalizer: null, pre_tokenizer, added_tokens: [], decoder: null };
    const tokenizer = new Tokenizer({ ...json, ...changes, model }, {});
    const refused = catching(() => tokenizer.encode(unit.repeat(60_001)));
    const most = Number(/expected at most (\d+)/.exec(String(refused))![1]);
    const encode = () => tokenizer.encode(unit.repeat(most).slice(0, most));
    const { value, milliseconds } = await processorTime(3000, encode);
    expect(value).not.toEqual([]);
    expect(milliseconds).toBeLessThan(3000);
  });

  it('costs together with all others no more than published ones', () => {
    const part = { type: 'Split', pattern: { Regex: '(?:a+|a+|a+|a+)b' }, behavior: 'Isolated' };
    const of = (count: number) => ({ type: 'Sequence', pretokenizers: Array(count).fill(part) });
    const tokenizer = (count: number) => new Tokenizer({ ...json, pre_tokenizer: of(count) }, {});
    expect(() => tokenizer(4)).not.toThrow();
    expect(() => tokenizer(5)).toThrow(/the cost of all patterns is 20, expected at most 16/);
  });

  it('meets no text that a normalizer made longer than it may be', () => {
    const normalizer = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(200) };
    const tokenizer = new Tokenizer({ ...json, normalizer }, {});
    expect(tokenizer.encode('a')).not.toEqual([]);
    expect(() => tokenizer.encode('a'.repeat(1000))).toThrow(/A text of 200000 characters/);
  });
});

const VALUES = [...STRANGE, '(a+)+$', 'Sequence', 'FixedLength', { Regex: '(a|a)*b' }];

describe('a tokenizer', () => {
  const TEXT = "<|im_start|>user\nAs a voice it's 123 <think> </think>\n\n   ünï 😀<|im_end|>";

  it('that is damaged gives whole ids and a text, or is refused by name, whatever the damage', () => {
    for (let seed = 0; seed < 300; seed++) {
      const changed = mutated(json, seed, VALUES);
      try {
        const tokenizer = new Tokenizer(changed, {});
        const ids = tokenizer.encode(TEXT);
        expect(
          ids.every((id) => Number.isInteger(id) && id >= 0 && id <= tokenizer.largest.id),
          `seed ${seed}`,
        ).toBe(true);
        expect(typeof tokenizer.decode(ids)).toBe('string');
      } catch (error) {
        if (error instanceof InputError) continue;
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  it.each([
    [
      'pre_tokenizer',
      { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' },
      /the pattern "\(a\+\)\+\$" may take for ever/,
    ],
    ['pre_tokenizer', { type: 'FixedLength', length: 0 }, /a "type" of "pre_tokenizer" is "FixedLength"/],
    [
      'normalizer',
      {
        type: 'Sequence',
        normalizers: Array(9).fill({ type: 'Replace', pattern: { String: 'a' }, content: 'aaaa' }),
      },
      /leave a text about as long/,
    ],
    ['added_tokens', [{ id: 0.5, content: '<x>', special: true }], /the id of "<x>" is 0\.5/],
    [
      'added_tokens',
      [{ id: 4, content: '<x>', special: 1e9 }],
      /"special" of "<x>" is 1000000000, expected true or false/,
    ],
    [
      'added_tokens',
      [
        { id: 500, content: '<x>', special: true },
        { id: 500, content: '<y>', special: true },
      ],
      /the id 500 is \["<x>","<y>"\], expected the id of one token/,
    ],
    ['added_tokens', [{ id: 100, content: '<x>', special: true }], /the id 100 is \[".*","<x>"\]/],
    ['model', { type: 'BPE', vocab: { a: 1, b: 1 }, merges: [] }, /the id 1 is \["a","b"\]/],
    ['model', { type: 'BPE', vocab: { a: null }, merges: [] }, /the id of "a" is null/],
    [
      'model',
      { type: 'WordPiece', vocab: { a: 1 }, unk_token: 'a', max_input_chars_per_word: 4096 },
      /"max_input_chars_per_word" is 4096, expected a whole number up to 200/,
    ],
    [
      'model',
      { type: 'Unigram', unk_id: 0, vocab: [['a'.repeat(65), 0]] },
      /expected a token of at most 64 characters/,
    ],
    ['model', { type: 'BPE', vocab: { ['a'.repeat(1025)]: 1 }, merges: [] }, /token 1 is .* at most 1024/],
    [
      'model',
      { type: 'BPE', vocab: { a: 1 }, merges: [], end_of_word_suffix: 'x'.repeat(65) },
      /"end_of_word_suffix" is .*, expected at most 64 characters/,
    ],
    ['pre_tokenizer', { type: 'Metaspace', replacement: 'x'.repeat(65) }, /"replacement" is .* at most 64/],
    ['added_tokens', [{ id: 4, content: 'x'.repeat(257) }], /"content" of added token 0 is .* at most 256/],
    [
      'decoder',
      { type: 'Replace', pattern: { Regex: 'a+b' }, content: '' },
      /a pattern of "decoder" is .*, expected one that takes no second look/,
    ],
    [
      'decoder',
      { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(9) },
      /leave a text about as long/,
    ],
    ['model', { type: 'BPE', vocab: { a: 1 }, merges: [], dropout: 0.1 }, /"dropout" of "model" is 0\.1/],
  ])('with a strange %s is refused: %j', (key, value, message) => {
    expect(() => new Tokenizer({ ...json, [key]: value }, {})).toThrow(message);
  });

  it.each([undefined, { a: 1 }, [], [1], null, '1', -1])('with a token of the id %j is refused', (id) => {
    const added_tokens = [{ id, content: '<x>', special: true }];
    expect(() => new Tokenizer({ ...json, added_tokens }, {})).toThrow(
      /the id of "<x>" is .*, expected a whole/,
    );
    const vocab = { ...((json.model as Json).vocab as Json), '<x>': id };
    expect(() => new Tokenizer({ ...json, model: { ...(json.model as Json), vocab } }, {})).toThrow(
      /the id of "<x>" is .*, expected a whole/,
    );
  });

  it('takes no text that its patterns would be too long at', () => {
    expect(() => new Tokenizer(json, {}).encode('a'.repeat(100_000))).toThrow(/A text of 100000 characters/);
  });
});
