import type { FileTree } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import type { MediumKind } from '../../media/types.ts';
import { type BertTokenizer, findGateTokenizer } from '../../text/bert-tokenizer.ts';
import { ChatTemplate } from '../../text/chat-template.ts';
import { type EncodedPrompt, encodePrompt, encodeTextPrompt } from '../../text/encode-prompt.ts';
import { putText } from '../../text/prompt.ts';
import { AUDIO_ID, IMAGE_ID, VIDEO_ID } from '../../text/sentinels.ts';
import { Tokenizer } from '../../text/tokenizer.ts';
import { wordsOf } from '../../text/words.ts';
import type { MediaCounts, MediaSlot, PromptTokens, RunPrompt, TextTools } from '../api.ts';
import { chatOf, withPlaces } from '../shared/chat.ts';
import type { ModelFiles } from '../shared/model-files.ts';
import { demandRows } from '../shared/text.ts';
import { isHeard } from './clips.ts';
import { frameTokens, type HumanOmniConfig, mediaTokenCounts } from './parts.ts';

/** Reads the tokenizers of decoder and gate. @throws InputError */
export async function openHumanOmniText(
  tree: FileTree,
  { main, towers }: ModelFiles,
  config: HumanOmniConfig,
): Promise<TextTools> {
  const tokenizer = await Tokenizer.load(main.tree);
  const template = await ChatTemplate.load(main.tree);
  demandRows(tokenizer.largest, config.decoder.vocabSize, 'the embedding');
  const gate = await findGateTokenizer(tree, towers.bert?.tree);
  demandRows(gate.largest, config.bert.vocabSize, "BERT's embedding");
  return humanOmniText(tokenizer, template, gate, config);
}

/** Prompts whose media are tagged blocks before the text, and the text that the gate reads. */
export function humanOmniText(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  gate: BertTokenizer,
  config: HumanOmniConfig,
): TextTools {
  return {
    tokenizer,
    template,
    promptOf(settings, media): RunPrompt {
      const ofText = media.length === 0;
      const { promptPreset, words = wordsOf(settings, ofText) } = settings;
      const counts = countsOf(config, media);
      const shown = ofText
        ? {}
        : { video: media.includes('video'), image: media.includes('image'), audio: counts.audio > 0 };
      const placed = withPlaces(words, media, (kind) => tagged(kind, media, counts.audio > 0));
      // A question of text alone begins with the newline that stands where media would.
      const chat = placed
        ? chatOf(placed, (text) => text)
        : chatOf(words, (text) => putText(promptPreset, shown, text).content);
      const encode = ofText ? encodeTextPrompt : encodePrompt;
      const { ids, ...encoded }: EncodedPrompt = encode(tokenizer, template, chat);
      const tokens = expandPrompt(ids, counts);
      const longest = tokens.ids.length;
      // The gate mixes what is seen.
      const read = placed ? withoutTags(words.text) : words.text;
      const gateIds = counts.video > 0 ? gate.encode(putText(promptPreset, shown, read).gateText) : [];
      const lengths = { longest, positions: longest, counts };
      return { ...chat, ...encoded, ...lengths, asked: words.text, tokensOf: () => tokens, gateIds };
    },
  };
}

const TAGGED = {
  video: '<vi_start><video><vi_end>',
  image: '<im_start><image><im_end>',
  audio: '<au_start><audio><au_end>',
};

/** A medium inside a text. What a video sounds like follows it, where no sound has a place of its own. */
function tagged(kind: MediumKind, media: readonly MediumKind[], isHeardToo: boolean): string {
  const own = kind === 'video' && isHeardToo && !media.includes('audio');
  return TAGGED[kind] + (own ? `\n${TAGGED.audio}` : '');
}

/** The gate reads a text without the tags of media, each with the newline behind it. */
const withoutTags = (text: string): string => text.replaceAll(/<(?:image|video|audio)>\n?/g, '');

/** A picture is one frame of a video; a video is heard, too. */
function countsOf(config: HumanOmniConfig, media: readonly MediumKind[]): MediaCounts {
  const whole = mediaTokenCounts(config);
  const image = media.includes('image') ? frameTokens(config) : 0;
  return {
    video: media.includes('video') ? whole.video : image,
    audio: isHeard(media) ? whole.audio : 0,
  };
}

/**
 * Replaces each sentinel by as many places as its medium has tokens (prompt length = ids - 2 + media tokens).
 * Throws if a medium appears twice.
 */
export function expandPrompt(ids: readonly number[], counts: MediaCounts): PromptTokens {
  const tokens: number[] = [];
  let video: MediaSlot | undefined;
  let audio: MediaSlot | undefined;
  const place = (taken: MediaSlot | undefined, count: number, what: string): MediaSlot => {
    if (taken) throw new InputError(`The prompt has two places for ${what}; expected one.`);
    if (count === 0) throw new InputError(`The prompt has a place for ${what}, of which the row has none.`);
    const slot = { start: tokens.length, count };
    for (let i = 0; i < count; i++) tokens.push(0);
    return slot;
  };
  for (const id of ids) {
    if (id === VIDEO_ID || id === IMAGE_ID) video = place(video, counts.video, 'video');
    else if (id === AUDIO_ID) audio = place(audio, counts.audio, 'audio');
    else tokens.push(id);
  }
  return {
    ids: Uint32Array.from(tokens),
    ...(video ? { video: [video] } : {}),
    ...(audio ? { audio: [audio] } : {}),
  };
}
