/** Tokenizers and chat templates of strangers: each is used as it is, or refused by name, and none keeps the worker busy for ever. */
import { beforeAll, describe, expect, it } from 'vitest';
import { treeFromDisk } from '../../src/io/disk.ts';
import { type FileTree, readJson } from '../../src/io/files.ts';
import { InputError } from '../../src/math/errors.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { encodePrompt, turnEnd } from '../../src/text/prompt.ts';
import { demandSafePattern } from '../../src/text/safe-pattern.ts';
import { endTokenIds, Tokenizer } from '../../src/text/tokenizer.ts';
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

/** A text of 2^18 characters, as `s`. */
const LONG = `{% set s = "a" %}${'{% set s = s ~ s %}'.repeat(18)}`;

describe('a chat template', () => {
  it.each([
    ['a wide join', `{{ range(9999) | join("${'x'.repeat(50_000)}") }}`],
    ['a wide join by name', `${LONG}{{ range(9999) | join(separator=s) }}`],
    ['a wide join of letters', `${LONG}{{ s | join(s) }}`],
    ['a wide join of a block', `${LONG}{% filter join(s) %}{{ s }}{% endfilter %}`],
    ['replaced letters', `${LONG}{{ s | replace("a", s) }}`],
    ['letters replaced by a method', `${LONG}{{ s.replace("a", s) }}`],
    ['letters replaced by a method that was kept', `${LONG}{% set f = s["replace"] %}{{ f("a", s) }}`],
    ['letters put between letters', `${LONG}{{ s | replace("", s) }}`],
    ['many lines indented', `${LONG}{{ s | replace("a", "\n") | indent(1000, true, true) }}`],
    ['a wide object', '{{ [[[[1]]]] | tojson(indent=200000) }}'],
    ['wide separators', `${LONG}{{ [1, 2, 3] | tojson(separators=[s, s]) }}`],
    ['lists in lists', `{% set x = [1] %}${'{% set x = [x, x] %}'.repeat(40)}{{ x }}`],
    ['objects in objects', `{% set x = {} %}${'{% set x = {"a": x, "b": x} %}'.repeat(40)}{{ x == "a" }}`],
    ['a namespace in itself', '{% set n = namespace(a=1) %}{% set n.a = n %}{{ n }}'],
    ['a long list of long texts, sorted', `${LONG}{% set x = [s, s, s] %}{{ x | sort | length }}`],
    ['a long path to sort by', `${LONG}{{ range(9999) | sort(attribute=s) | length }}`],
    ['long texts compared', `${LONG}{% for i in range(9999) %}{{ [s] == "a" }}{% endfor %}`],
    ['dates without an end', `${LONG}{{ strftime_now(s | replace("aa", "%B")) }}`],
    [
      'a large macro, again and again',
      `{% for i in range(9999) %}{% macro m() %}${'{{ x }}'.repeat(12_000)}{% endmacro %}{% endfor %}`,
    ],
    [
      'loops in loops',
      '{% for a in range(9000) %}{% for b in range(9000) %}{% for c in range(9000) %}{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['a range without an end', '{% for a in range(10 ** 18) %}{% endfor %}'],
    ['a range that never moves', '{% for a in range(1e16, 1e16 + 4) %}{% endfor %}'],
    ['texts that double', `{% set x = "aaaaaaaaaaaaaaaa" %}${'{% set x = x ~ x %}'.repeat(40)}{{ x }}`],
    ['a macro that calls itself', '{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}'],
    [
      'a macro that calls itself twice',
      '{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}',
    ],
    ['a list that doubles', `{% set x = [1, 2] %}${'{% set x = x + x %}'.repeat(30)}`],
    ['a wide indent', '{{ "a\nb" | indent(1000000000) }}'],
    ['deep brackets', `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`],
    ['many blanks', `{{ 1 }}${' '.repeat(100_000)}`],
    ['a long source', 'a'.repeat(2_000_000)],
  ])('with %s is refused at once', (_, source) => {
    const use = () => new ChatTemplate(source).render([{ role: 'user', content: 'a' }]);
    const before = performance.now();
    expect(use).toThrow(InputError);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it('may join, replace and indent what stays within the bound', () => {
    const template = new ChatTemplate(
      '{{ [1, 2] | join(separator=", ") }} {{ "a b".replace(" ", "-") | replace("a", "c", count=1) }} {{ [{"a": 1}] | tojson(indent=2) | indent(1) }}' +
        '{{ [{"a": 2}, {"a": 1}] | sort(attribute="a") | map(attribute="a") | join }}{% filter upper %}x{{ "y" }}{% endfilter %}',
    );
    expect(template.render([])).toBe('1, 2 c-b [\n   {\n     "a": 1\n   }\n ]12XY');
  });

  it('that takes only parts of content is given them', () => {
    // SmolVLM's
    const source =
      "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}" +
      "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n" +
      "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";
    const template = new ChatTemplate(source);
    expect(encodePrompt(new Tokenizer(json, {}), template, '\nWhy?').rendered).toBe(
      '<|im_start|>User: \nWhy?<end_of_utterance>\nAssistant:',
    );
    expect(turnEnd(template)).toBe('<end_of_utterance>\n');
  });

  it.each([
    [
      'renders nothing of a text',
      "{% for m in messages %}{% for c in m.content if c.type == 'text' %}{{ c.text }}{% endfor %}{% endfor %}",
    ],
    [
      'renders nothing of a text without failing',
      '{% for m in messages %}{% if m.content is not string %}{{ m.content[0].text }}{% endif %}{% endfor %}',
    ],
    [
      'takes the answer as a text',
      '{% for m in messages %}{{ m.content | trim if m.role == "assistant" else m.content[0].text }}{% endfor %}',
    ],
  ])('that %s is given parts', (_, source) => {
    const turns = [
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'So.' },
    ] as const;
    expect(new ChatTemplate(source).render(turns)).toBe('Why?So.');
  });

  it('passes on no more than a few of its own words', () => {
    const template = new ChatTemplate(`${LONG}{{ raise_exception(s) }}`);
    expect(() => template.render([])).toThrow(/^The chat template failed on 0 message\(s\): a{299}…$/);
  });

  it('may raise, and its words are passed on', () => {
    const template = new ChatTemplate('{{ raise_exception("only one system turn") }}');
    expect(() => template.render([])).toThrow(/chat template failed .*only one system turn/);
  });

  it.each([
    ['is empty', ''],
    [
      'writes no user turn',
      "{% for m in messages %}{% if m.role == 'assistant' %}{{ m.content }}{% endif %}{% endfor %}<|im_start|>",
    ],
    // Its reader drops what a loop wrote before it is left.
    ['leaves its loop late', '{% for m in messages %}{{ m.content }}{% break %}{% endfor %}<|im_start|>'],
  ])('that %s is refused where it would ask nothing', (_, source) => {
    const ask = () => encodePrompt(new Tokenizer(json, {}), new ChatTemplate(source), '\nWhich emotion?');
    expect(ask).toThrow(/The chat template leaves the question out: it writes "/);
    expect(ask).toThrow(InputError);
  });

  it('may trim the question', () => {
    const template = new ChatTemplate('{{ messages[0].content | trim }}');
    expect(encodePrompt(new Tokenizer(json, {}), template, '\nWhy?').rendered).toBe('Why?');
  });

  it('may use what published ones use', () => {
    const source =
      "{%- set ns = namespace(n=0) -%}{%- for m in messages -%}{%- if loop.first and m.role != 'system' -%}{{- 'S\n' -}}{%- endif -%}" +
      "{%- if m['content'] is string -%}{{- m.content | trim -}}{%- else -%}{%- for c in m.content -%}{{- c.text -}}{%- endfor -%}{%- endif -%}" +
      '{%- set ns.n = ns.n + 1 -%}{%- endfor -%}{% if add_generation_prompt %}{{ ns.n }}{% endif %}{{ strftime_now("%Y") | length }}{{ range(3) | join(",") }}';
    expect(new ChatTemplate(source).render([{ role: 'user', content: ' a ' }])).toBe('S\na140,1,2');
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
  ])('that may take for ever is refused: %s', (pattern) => {
    expect(() => demandSafePattern(pattern, 'tokenizer.json')).toThrow(InputError);
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
    ['model', { type: 'BPE', vocab: { a: 1 }, merges: [], dropout: 0.1 }, /"dropout" of "model" is 0\.1/],
  ])('with a strange %s is refused: %j', (key, value, message) => {
    expect(() => new Tokenizer({ ...json, [key]: value }, {})).toThrow(message);
  });

  it('takes no text that its patterns would be too long at', () => {
    expect(() => new Tokenizer(json, {}).encode('a'.repeat(100_000))).toThrow(/A text of 100000 characters/);
  });
});
