import { describe, expect, it } from 'vitest';
import { expandPrompt } from '../../src/families/humanomni/prompt.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { encodeAnswer, encodePrompt } from '../../src/text/encode-prompt.ts';
import { buildPrompt } from '../../src/text/prompt.ts';
import { endTokenIds, StreamDecoder, Tokenizer } from '../../src/text/tokenizer.ts';
import { referenceBpe } from '../reference/bpe.ts';
import { RandomStream } from '../reference/random-stream.ts';
import { qwen2VlFolder, qwen2VlOldFolder, qwen25, qwen25Folder } from './published.ts';

const tokenizer = await Tokenizer.load(qwen2VlFolder);
const template = await ChatTemplate.load(qwen2VlFolder);
const newer = {
  tokenizer: await Tokenizer.load(qwen25Folder),
  template: await ChatTemplate.load(qwen25Folder),
};

const BOTH = { video: true, audio: true };
/** `<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n` */
const SYSTEM = [151644, 8948, 198, 2610, 525, 264, 10950, 17847, 13, 151645, 198, 151644, 872, 198];
/** The same with `You are Qwen, created by Alibaba Cloud. You are a helpful assistant.` */
const QWEN25_SYSTEM = [
  ...[151644, 8948, 198, 2610, 525, 1207, 16948, 11, 3465, 553, 54364, 14817, 13],
  ...[1446, 525, 264, 10950, 17847, 13, 151645, 198, 151644, 872, 198],
];
/** `<|vision_start|><|video_pad|><|vision_end|>` */
const VIDEO_PAD = [151652, 151656, 151653];
/** `<vi_start><video><vi_end>\n<au_start><audio><au_end>\n` and R1-Omni's question, up to its question mark. */
const QUESTION = [
  ...[27, 9971, 4906, 29, -201, 27, 9971, 6213, 397, 27, 2863, 4906, 29, -202, 27, 2863, 6213, 397],
  ...[2121, 458, 14269, 17843, 6203, 26, 6814, 279, 2766, 11, 892, 19772, 72797, 553, 279, 5766],
  ...[374, 279, 1429, 8036, 311, 498],
];
/** ` the thinking process in <think> … tags.<|im_end|>\n<|im_start|>assistant\n`, after `Output`. */
const INSTRUCTION = [
  ...[279, 7274, 1882, 304, 366, 26865, 29, 690, 26865, 29, 323, 1590, 19772, 304, 366, 9217, 29],
  ...[690, 9217, 29, 9492, 13, 151645, 198, 151644, 77091, 198],
];
const GRPO_IDS = [...SYSTEM, ...VIDEO_PAD, ...QUESTION, 5267, 5097, ...INSTRUCTION];
const INFERENCE_IDS = [...SYSTEM, ...QUESTION, 30, 220, 9258, ...INSTRUCTION];

const VARIED = [
  'Because her voice trembles, she is afraid.',
  "I'll say it's DON'T, we've HE'LL",
  'caf\u00e9 = cafe\u0301, A\u030angstro\u0308m, \u212b, \u1100\u1161\u11a8, q\u0307\u0323',
  '👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽 😀😃😄',
  '她很高兴。他是不是生气了？「日本語テスト」한국어',
  'مرحبا بالعالم שלום नमस्ते ภาษาไทย',
  'def f(x):\n\tif x > 10_000:\r\n        return {"a": [1, 2.5e-3]}  # done\n\n\n',
  'x\u00a0y\u3000z\u2028w \u200b\ufeff end   \n  \n',
  '1234567890 ٣٤٥ Ⅷ ½ ²',
  '<think>\nThe man frowns.</think>\n<answer>angry</answer>',
  '<|im_start|>user\n<vi_start><vi_end><|im_end|>\n',
  '',
  ' ',
];

describe('the published prompts, id by id', () => {
  const encode = (preset: 'r1-omni' | 'inference' | 'canonical') =>
    encodePrompt(tokenizer, template, buildPrompt(preset, { media: BOTH })).ids;

  it('GRPO: 86 entries, 976 with the media tokens of the 0.5B model', () => {
    expect(encode('r1-omni')).toEqual(GRPO_IDS);
    expect(GRPO_IDS.length).toBe(86);
    const { ids, video, audio } = expandPrompt(GRPO_IDS, { video: 392, audio: 500 });
    expect([ids.length, video, audio]).toEqual([
      976,
      [{ start: 21, count: 392 }],
      [{ start: 421, count: 500 }],
    ]);
  });

  it('inference: 84 entries, 974 with the media tokens', () => {
    expect(encode('inference')).toEqual(INFERENCE_IDS);
    expect(INFERENCE_IDS.length).toBe(84);
    expect(expandPrompt(INFERENCE_IDS, { video: 392, audio: 500 }).ids.length).toBe(974);
  });

  it('canonical: the GRPO prompt without its three video tokens', () => {
    expect(encode('canonical')).toEqual(GRPO_IDS.filter((id) => !VIDEO_PAD.includes(id)));
  });

  it('a folder with vocab.json and merges.txt gives the same', async () => {
    const older = await Tokenizer.load(qwen2VlOldFolder);
    const { content } = buildPrompt('r1-omni', { media: BOTH });
    expect(encodePrompt(older, await ChatTemplate.load(qwen2VlOldFolder), { content }).ids).toEqual(GRPO_IDS);
    expect([...older.specialIds].sort()).toEqual([...tokenizer.specialIds].sort());
  });

  it("Qwen2.5's files bring their own system text and 22 added tokens", () => {
    const { content } = buildPrompt('r1-omni', { media: BOTH });
    const { ids } = encodePrompt(newer.tokenizer, newer.template, { content });
    expect(ids).toEqual([...QWEN25_SYSTEM, ...GRPO_IDS.slice(SYSTEM.length)]);
    expect(newer.tokenizer.encode('<tool_call>')).toEqual([151657]);
    expect(tokenizer.encode('<tool_call>').length).toBeGreaterThan(1);
    // The eight that are new are not special: decoding shows them.
    expect(newer.tokenizer.decode([151645, 151657, 151664])).toBe('<tool_call><|file_sep|>');
    expect([...newer.tokenizer.specialIds].sort()).toEqual([...tokenizer.specialIds].sort());
    expect(tokenizer.specialIds.size).toBe(14);
  });

  it('an answer of SFT ends with the end of its turn and a newline, under either template', () => {
    const answer = '<think> a</think>\n<answer>happy</answer>';
    const ids = [13708, 766, 29, 264, 522, 26865, 397, 27, 9217, 29, 56521, 522, 9217, 29, 151645, 198];
    expect(encodeAnswer(tokenizer, template, { content: 'Q' }, answer)).toEqual(ids);
    expect(encodeAnswer(newer.tokenizer, newer.template, { content: 'Q' }, answer)).toEqual(ids);
  });

  it('both end tokens are known', () => {
    expect(endTokenIds(tokenizer, { eos_token_id: 151645 })).toEqual([151645, 151643]);
    expect(endTokenIds(newer.tokenizer, {}, { eos_token_id: [151645, 151643] })).toEqual([151645, 151643]);
  });
});

describe('where tokens join and where they do not', () => {
  it.each([
    ['<vi_start>', [27, 9971, 4906, 29]],
    ['</think>\n<answer>', [522, 26865, 397, 27, 9217, 29]],
    ['.</think>', [3918, 26865, 29]],
    ['>happy', [29, 56521]],
    ['>surprise', [29, 19784, 9671]],
    ['>neutral', [29, 59568]],
    ['>angry', [29, 524, 884]],
    ['>disgust', [29, 4243, 70, 590]],
    ['>sad', [41329, 329]],
    ['>fear', [84394, 682]],
  ])('%j', (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(newer.tokenizer.encode(text)).toEqual(ids);
  });

  it('none of the media tags is a token of its own', () => {
    for (const tag of [
      '<vi_start>',
      '<vi_end>',
      '<au_start>',
      '<au_end>',
      '<im_start>',
      '<think>',
      '<answer>',
    ])
      expect(tokenizer.encode(tag).length, tag).toBeGreaterThan(2);
  });
});

describe('text comes back', () => {
  it.each(VARIED)('%j', (text) => {
    const ids = tokenizer.encode(text);
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(text.normalize('NFC'));
    const stream = new StreamDecoder(tokenizer);
    const pieces = ids.map((id) => stream.push(id));
    expect(pieces.filter((piece) => piece.includes('\uFFFD'))).toEqual([]);
    expect(pieces.join('') + stream.flush()).toBe(tokenizer.decode(ids));
  });

  it('padding rows of the embedding have no text', () => {
    expect(tokenizer.decode([151657, 151935, 56521])).toBe('happy');
  });
});

describe('byte pairs by their definition', () => {
  const reference = referenceBpe(qwen25.model.vocab, qwen25.model.merges);

  it('merge as in the slow reference, on varied text', () => {
    expect(Object.keys(qwen25.model.vocab).length).toBe(151_643);
    expect(qwen25.model.merges.length).toBe(151_387);
    for (const text of VARIED.filter((one) => !one.includes('<|')))
      expect(tokenizer.encode(text)).toEqual(reference(text));
  });

  it('merge as in the slow reference, on random text', () => {
    const random = new RandomStream(4);
    const alphabet = [...VARIED.join(''), "'s", "'RE", '\n\n', '  ', '</', '>\n'].filter(
      (one) => one !== '|',
    );
    for (let row = 0; row < 200; row++) {
      const text = Array.from(
        { length: 1 + random.below(40) },
        () => alphabet[random.below(alphabet.length)]!,
      );
      expect(tokenizer.encode(text.join('')), text.join('')).toEqual(reference(text.join('')));
    }
  });
});
