/** Chat templates of strangers: each is used as it is, or refused by name, and none keeps the worker busy for ever. */
import { beforeAll, describe, expect, it } from 'vitest';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { readJson } from '../../src/io/files/files.ts';
import { InputError } from '../../src/math/errors.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { encodePrompt, turnEnd } from '../../src/text/encode-prompt.ts';
import { Tokenizer } from '../../src/text/tokenizer.ts';
import { processorTime } from '../setup/processor-time.ts';

let json: Record<string, unknown>;
beforeAll(async () => {
  json = await readJson(await treeFromDisk('public/demo/model'), 'tokenizer.json');
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
  ])('with %s is refused at once', async (_, source) => {
    const use = () => new ChatTemplate(source).render([{ role: 'user', content: 'a' }]);
    const { milliseconds } = await processorTime(5000, () => expect(use).toThrow(InputError));
    expect(milliseconds).toBeLessThan(5000);
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
    expect(encodePrompt(new Tokenizer(json, {}), template, { content: '\nWhy?' }).rendered).toBe(
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
    const ask = () =>
      encodePrompt(new Tokenizer(json, {}), new ChatTemplate(source), { content: '\nWhich emotion?' });
    expect(ask).toThrow(/The chat template leaves the question out: it writes "/);
    expect(ask).toThrow(InputError);
  });

  it('may trim the question', () => {
    const template = new ChatTemplate('{{ messages[0].content | trim }}');
    expect(encodePrompt(new Tokenizer(json, {}), template, { content: '\nWhy?' }).rendered).toBe('Why?');
  });

  it('may use what published ones use', () => {
    const source =
      "{%- set ns = namespace(n=0) -%}{%- for m in messages -%}{%- if loop.first and m.role != 'system' -%}{{- 'S\n' -}}{%- endif -%}" +
      "{%- if m['content'] is string -%}{{- m.content | trim -}}{%- else -%}{%- for c in m.content -%}{{- c.text -}}{%- endfor -%}{%- endif -%}" +
      '{%- set ns.n = ns.n + 1 -%}{%- endfor -%}{% if add_generation_prompt %}{{ ns.n }}{% endif %}{{ strftime_now("%Y") | length }}{{ range(3) | join(",") }}';
    expect(new ChatTemplate(source).render([{ role: 'user', content: ' a ' }])).toBe('S\na140,1,2');
  });
});
