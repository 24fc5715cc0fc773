import { fileURLToPath } from 'node:url';
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { readJson, readTextIfThere, treeFromMemory } from '../../src/io/files/files.ts';
import { PROMPT_PRESETS as CHOICES, FIXED_QUESTIONS } from '../../src/protocol/config.ts';
import { bertTokenizerFromVocab, loadBertTokenizer } from '../../src/text/bert-tokenizer.ts';
import { ChatTemplate, DEFAULT_TEMPLATE } from '../../src/text/chat-template.ts';
import { encodeAnswer, encodePrompt } from '../../src/text/encode-prompt.ts';
import { buildPrompt, PROMPT_PRESETS, presetText } from '../../src/text/prompt.ts';
import { encodeWithSentinels } from '../../src/text/sentinels.ts';
import { endTokenIds, StreamDecoder, Tokenizer } from '../../src/text/tokenizer.ts';

interface TokenizerCase {
  bpe: { text: string; ids: number[]; decoded: string }[];
  wordpiece: { text: string; ids: number[] }[];
  chat: { messages: { role: 'user'; content: string }[]; rendered: string; ids_with_placeholders: number[] };
}

const root = await treeFromDisk(fileURLToPath(new URL('../golden/omni-tiny', import.meta.url)));
const golden = (await readJson(root, 'tokenizer_case.json')) as unknown as TokenizerCase;
const modelTree = await treeFromDisk(fileURLToPath(new URL('../golden/omni-tiny/model', import.meta.url)));
const bertTree = await treeFromDisk(fileURLToPath(new URL('../golden/omni-tiny/bert', import.meta.url)));
const tokenizer = await Tokenizer.load(modelTree);
const template = await ChatTemplate.load(modelTree);

describe('byte-level BPE equals the published tokenizer', () => {
  test.each(golden.bpe)('$text', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(decoded);
  });
});

test('words that were taken apart before have the tokens that they had, in any company', async () => {
  const again = await Tokenizer.load(modelTree);
  const texts = golden.bpe.map(({ text }) => text);
  const all = [...texts, texts.join(' '), [...texts].reverse().join('\n'), 'x'.repeat(200)];
  const first = all.map((text) => again.encode(text));
  expect(all.map((text) => again.encode(text))).toEqual(first);
  const config = (await readJson(modelTree, 'tokenizer_config.json')) as object;
  const plain = new HubTokenizer((await readJson(modelTree, 'tokenizer.json')) as object, config);
  expect(first).toEqual(all.map((text) => plain.encode(text, { add_special_tokens: false }).ids));
});

describe('vocab.json and merges.txt give the same tokenizer', async () => {
  const json = (await readJson(modelTree, 'tokenizer.json')) as {
    model: { vocab: Record<string, number>; merges: (string | string[])[] };
    added_tokens: { id: number; content: string }[];
  };
  const merges = json.model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  const added = Object.fromEntries(json.added_tokens.map(({ id, content }) => [content, id]));
  const described = Object.fromEntries(
    json.added_tokens.map(({ id, content }) => [id, { content, special: true }]),
  );
  const files = {
    'vocab.json': JSON.stringify(json.model.vocab),
    'merges.txt': `#version: 0.2\n${merges.join('\n')}\n`,
  };
  const listed = await Tokenizer.load(
    treeFromMemory('m', { ...files, 'added_tokens.json': JSON.stringify(added) }),
  );
  const config = JSON.stringify({ added_tokens_decoder: described });
  const inConfig = await Tokenizer.load(treeFromMemory('m', { ...files, 'tokenizer_config.json': config }));

  test.each(golden.bpe)('$text', ({ text, ids, decoded }) => {
    for (const other of [listed, inConfig]) {
      expect(other.encode(text)).toEqual(ids);
      expect(other.decode(ids, { skipSpecialTokens: false })).toBe(decoded);
      expect([...other.specialIds]).toEqual([0, 1, 2]);
    }
  });

  test('a folder with neither says what is missing', async () => {
    await expect(Tokenizer.load(treeFromMemory('m', { 'vocab.json': '{}' }))).rejects.toThrow(
      /tokenizer\.json is missing/,
    );
    await expect(Tokenizer.load(treeFromMemory('m', { 'tokenizer.json': '{}' }))).rejects.toThrow(
      /tokenizer\.json: "model" is missing/,
    );
  });
});

describe('WordPiece equals the published tokenizer', async () => {
  const fromJson = await loadBertTokenizer(bertTree);
  const fromVocab = bertTokenizerFromVocab((await readTextIfThere(bertTree, 'vocab.txt'))!);
  test.each(golden.wordpiece)('$text', ({ text, ids }) => {
    expect(fromJson.encode(text)).toEqual(ids);
    expect(fromVocab.encode(text)).toEqual(ids);
  });

  test('is cut at 512 ids, with the closing [SEP]', () => {
    const ids = fromVocab.encode('x '.repeat(600));
    expect(ids.length).toBe(512);
    expect([ids[0], ids.at(-1)]).toEqual([2, 3]);
  });

  test('a vocabulary without [SEP], and a folder without either file, say so', async () => {
    expect(() => bertTokenizerFromVocab('[PAD]\n[UNK]\n[CLS]\nx\n')).toThrow(/no \[SEP\] among its 4 lines/);
    await expect(loadBertTokenizer(treeFromMemory('bert', {}))).rejects.toThrow(
      /neither tokenizer\.json nor vocab\.txt/,
    );
  });
});

describe('decoding', () => {
  test('skips special tokens, ids beyond the vocabulary and sentinels', () => {
    const ids = [2, ...tokenizer.encode('happy'), -201, 511, 1];
    expect(tokenizer.decode(ids)).toBe('happy');
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe('<|im_start|>happy<|im_end|>');
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([1])).toBe('');
  });

  test('a stream gives whole characters and, in the end, the same text', () => {
    for (const { ids, decoded } of golden.bpe.filter((row) => !row.text.includes('<|'))) {
      const stream = new StreamDecoder(tokenizer);
      const pieces = ids.map((id) => stream.push(id));
      expect(pieces.some((piece) => piece.includes('\uFFFD'))).toBe(false);
      expect(pieces.join('') + stream.flush()).toBe(decoded);
    }
  });

  test('a stream that breaks off inside a character shows that at the end', () => {
    const stream = new StreamDecoder(tokenizer);
    const ids = tokenizer.encode('日').slice(0, 2);
    expect(ids.map((id) => stream.push(id)).join('')).toBe('');
    expect(stream.flush()).toContain('\uFFFD');
  });
});

test('both end tokens are known', () => {
  expect(endTokenIds(tokenizer, { eos_token_id: 1 }, { eos_token_id: [1, 7] }).sort()).toEqual([0, 1, 7]);
  expect(tokenizer.configuredId('eos_token')).toBe(1);
  expect([...tokenizer.specialIds]).toEqual([0, 1, 2]);
});

describe('chat', () => {
  const { messages, rendered, ids_with_placeholders: ids } = golden.chat;

  test('the published prompt, text and ids', () => {
    expect(template.render(messages)).toBe(rendered);
    expect(encodePrompt(tokenizer, template, messages[0]!)).toMatchObject({ rendered, ids });
  });

  test('the default template writes the same', () => {
    expect(new ChatTemplate(DEFAULT_TEMPLATE).render(messages)).toBe(rendered);
    expect(new ChatTemplate(undefined).render([{ role: 'system', content: 'S' }, ...messages])).not.toContain(
      'helpful',
    );
  });

  test('the canonical prompt is the golden one', () => {
    const { content, gateText } = buildPrompt('canonical', { media: { video: true, audio: true } });
    expect(content).toBe(messages[0]!.content);
    expect(gateText).toBe(content.slice(content.indexOf('As an')));
  });

  test('where a template comes from', async () => {
    const say = (text: string) => JSON.stringify({ chat_template: text });
    const load = async (files: Record<string, string>) =>
      (await ChatTemplate.load(treeFromMemory('m', files))).render(messages);
    expect(
      await load({
        'chat_template.jinja': 'J',
        'tokenizer_config.json': say('C'),
        'chat_template.json': say('F'),
      }),
    ).toBe('J');
    expect(await load({ 'tokenizer_config.json': say('C'), 'chat_template.json': say('F') })).toBe('C');
    expect(await load({ 'tokenizer_config.json': '{}', 'chat_template.json': say('F') })).toBe('F');
    expect(await load({})).toBe(rendered);
    const named = {
      chat_template: [
        { name: 'tool', template: 'T' },
        { name: 'default', template: 'D{{ eos_token }}' },
      ],
      eos_token: { content: 'E' },
    };
    expect(await load({ 'tokenizer_config.json': JSON.stringify(named) })).toBe('DE');
    expect(() => new ChatTemplate('{% if %}')).toThrow(/chat template cannot be read/);
  });

  test('an SFT answer ends with its end token and newline', () => {
    const answer = encodeAnswer(tokenizer, template, messages[0]!, 'happy');
    expect(answer).toEqual([...tokenizer.encode('happy'), 1, 201]);
  });
});

describe('prompts', () => {
  const Q =
    'As an emotional recognition expert; throughout the video, which emotion conveyed by the characters is the most obvious to you?';
  const S = 'Output the thinking process in <think> </think> and final emotion in <answer> </answer> tags.';
  const both = { video: true, audio: true };
  const tags = '<vi_start><video><vi_end>\n<au_start><audio><au_end>\n';

  test('the published ones, byte by byte', () => {
    expect(buildPrompt('r1-omni', { media: both, question: 'ignored' })).toEqual({
      content: `<|vision_start|><|video_pad|><|vision_end|>${tags}${Q}\n${S}`,
      gateText: `${Q}\n${S}`,
    });
    expect(buildPrompt('sft', { media: both })).toEqual({
      content: `${tags}\n\n${Q} ${S}`,
      gateText: `<vi_start><vi_end><au_start><audio><au_end>${Q} ${S}`,
    });
    expect(buildPrompt('inference', { media: both }).content).toBe(`${tags}${Q}  ${S}`);
    expect(buildPrompt('sft-label', { media: both }).content).toBe(`${tags}\n\n${Q}`);
    const QE =
      'As an emotional recognition expert, in the video, when the characters display their emotions, which predominant feeling is most clearly expressed?';
    expect(buildPrompt('eval', { media: both })).toEqual({ content: `${tags}${QE}\n`, gateText: `${QE}\n` });
  });

  test('are all to be chosen, and those that ask a question of their own are known', () => {
    expect(CHOICES).toEqual(Object.keys(PROMPT_PRESETS));
    for (const preset of CHOICES) {
      const asked = (question: string) => presetText(preset, { question, instruction: '' }).trim();
      expect(asked('Q'), preset).toBe(FIXED_QUESTIONS[preset] ?? 'Q');
    }
  });

  test('without sound, without picture, with a still, with neither', () => {
    const content = (media: { video?: boolean; image?: boolean; audio?: boolean }) =>
      buildPrompt('canonical', { media, question: 'Q', instruction: '' }).content;
    expect(content({ video: true })).toBe('<vi_start><video><vi_end>\nQ');
    expect(content({ audio: true })).toBe('<au_start><audio><au_end>\nQ');
    expect(content({ image: true })).toBe('<im_start><image><im_end>\nQ');
    expect(content({})).toBe('\nQ');
  });

  test('sentinels cut the text into chunks that are tokenised apart', () => {
    const chunks: string[] = [];
    const ids = encodeWithSentinels('a<video>b<audio><audio><image>', (chunk) => {
      chunks.push(chunk);
      return [chunk.length];
    });
    expect(ids).toEqual([1, -201, 1, -202, -202, -200]);
    expect(chunks).toEqual(['a', 'b']);
  });
});
