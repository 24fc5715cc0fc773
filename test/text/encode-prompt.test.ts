/** What chat templates do around thinking. The parts of Qwen3's published chat_template that concern it are here. */
import { beforeAll, describe, expect, it } from 'vitest';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { encodeAnswer, encodePrompt, renderChat } from '../../src/text/encode-prompt.ts';
import { Tokenizer } from '../../src/text/tokenizer.ts';

const QWEN3 = `
{%- set ns = namespace(last_query_index=messages|length - 1) %}
{%- for message in messages %}
  {%- if message.role == "user" or message.role == "system" %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
  {%- else %}
    {%- set content = message.content %}
    {%- set reasoning_content = '' %}
    {%- if '</think>' in content %}
      {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
      {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {%- if loop.last %}
      {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
    {%- else %}
      {{- '<|im_start|>' + message.role + '\\n' + content }}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|im_start|>assistant\\n' }}
  {%- if enable_thinking is defined and enable_thinking is false %}
    {{- '<think>\\n\\n</think>\\n\\n' }}
  {%- endif %}
{%- endif %}`;
/** As Qwen3's thinking models open every answer. */
const OPENED = `{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}`;

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await Tokenizer.load(await treeFromDisk('test/golden/qwen-text/qwen3-tiny/model'));
});

describe('what the template begins the answer with', () => {
  it.each([
    ['nothing', QWEN3, {}, ''],
    ['nothing, where thinking is on', QWEN3, { enable_thinking: true }, ''],
    ['closed thinking', QWEN3, { enable_thinking: false }, '<think>\n\n</think>\n\n'],
    ['opened thinking', OPENED, {}, '<think>\n'],
    [
      'opened thinking, without ChatML',
      '{{ messages[0].content }}{% if add_generation_prompt %}<Assistant><think>\n{% endif %}',
      {},
      '<think>\n',
    ],
    [
      'nothing, without ChatML',
      '{{ messages[0].content }}{% if add_generation_prompt %}<Assistant>{% endif %}',
      {},
      '',
    ],
  ])('%s', (_, source, variables, prefill) => {
    const prompt = encodePrompt(tokenizer, new ChatTemplate(source), { content: 'Why?', variables });
    expect(prompt.prefill).toBe(prefill);
    expect(prompt.rendered.endsWith(prefill)).toBe(true);
    expect(prompt.notes.join()).toContain(prefill === '' ? '' : 'begins the answer with "<think>');
  });
});

describe('an answer to learn', () => {
  const learnt = (source: string, answer: string, variables = {}): string =>
    tokenizer.decode(
      encodeAnswer(tokenizer, new ChatTemplate(source), { content: 'Why?', variables }, answer),
      { skipSpecialTokens: false },
    );

  it.each([
    [
      'is not begun twice',
      OPENED,
      '<think>\nso</think>\n<answer>a</answer>',
      'so</think>\n<answer>a</answer>',
    ],
    [
      'is not begun twice, in other blanks',
      OPENED,
      '<think>so</think><answer>a</answer>',
      'so</think><answer>a</answer>',
    ],
    ['that does not think closes the thinking', OPENED, 'a', '\n</think>\n\na'],
    [
      'stands in the form of the template',
      QWEN3,
      '<think>so</think><answer>a</answer>',
      '<think>\nso\n</think>\n\n<answer>a</answer>',
    ],
  ])('%s', (_, source, answer, target) => {
    expect(learnt(source, answer)).toBe(`${target}<|im_end|>\n`);
  });

  it('stands behind closed thinking, and is refused there where it thinks', () => {
    const off = { enable_thinking: false };
    expect(learnt(QWEN3, 'a', off)).toBe('a<|im_end|>\n');
    expect(() => learnt(QWEN3, '<think>so</think>a', off)).toThrow(
      /closes the thinking .* but the answer to learn/,
    );
  });
});

describe('earlier turns', () => {
  const turns = [
    { role: 'user', content: 'One?' },
    { role: 'assistant', content: '<think>\nhm\n</think>\n\nTwo.' },
  ] as const;

  it('lose what they think, which is said', () => {
    const { rendered, notes } = renderChat(new ChatTemplate(QWEN3), { content: 'Why?', turns });
    expect(rendered).toContain('assistant\nTwo.<|im_end|>');
    expect(rendered).not.toContain('hm');
    expect(notes).toEqual(['The chat template leaves out what earlier answers think.']);
    expect(renderChat(new ChatTemplate(), { content: 'Why?', turns }).notes).toEqual([]);
  });

  it('are not left out in silence', () => {
    const last = new ChatTemplate('{{ messages[-1].content }}');
    expect(() => renderChat(last, { content: 'Why?', turns })).toThrow(/leaves an earlier turn out/);
    const users = new ChatTemplate(
      '{% for m in messages %}{% if m.role == "system" %}{{ raise_exception("no") }}{% endif %}{{ m.content }}{% endfor %}',
    );
    expect(renderChat(users, { content: 'Why?', system: 'Brief.' }).notes).toEqual([
      'The chat template takes no system message: it is left out.',
    ]);
  });
});
