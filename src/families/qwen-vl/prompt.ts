import { mergedTokens, mropePositions, type ShownClip, type VisionPlaces } from '../../decoder/mrope.ts';
import { InputError } from '../../math/errors.ts';
import type { MediumKind } from '../../media/types.ts';
import { ChatTemplate } from '../../text/chat-template.ts';
import { encodeTextPrompt } from '../../text/encode-prompt.ts';
import { IMAGE_BLOCK, VIDEO_BLOCK } from '../../text/prompt.ts';
import { Tokenizer } from '../../text/tokenizer.ts';
import { wordsOf } from '../../text/words.ts';
import type { MediaSlot, PromptTokens, RunPrompt, TextTools } from '../api.ts';
import { chatOf, withPlaces } from '../shared/chat.ts';
import type { ModelFiles } from '../shared/model-files.ts';
import { isSeen } from '../shared/pictures.ts';
import { demandPlaceholder, demandRows } from '../shared/text.ts';
import { MOST_CLIP_SECONDS, mostTokens } from './clips.ts';
import type { Qwen2VlConfig } from './parts.ts';

/** Reads the tokenizer, which must know the placeholders of pictures and videos by the ids that the config says. @throws InputError */
export async function openQwenVlText({ main }: ModelFiles, config: Qwen2VlConfig): Promise<TextTools> {
  const tokenizer = await Tokenizer.load(main.tree);
  const template = await ChatTemplate.load(main.tree);
  demandRows(tokenizer.largest, config.decoder.vocabSize, 'the embedding');
  demandPlaceholder(tokenizer, '<|video_pad|>', config.videoId, 'video_token_id');
  demandPlaceholder(tokenizer, '<|image_pad|>', config.imageId, 'image_token_id');
  return qwenVlText(tokenizer, template, config);
}

/** Pictures and videos, then the text. The published template writes a list of them as it does this string. */
function qwenVlText(tokenizer: Tokenizer, template: ChatTemplate, config: Qwen2VlConfig): TextTools {
  return {
    tokenizer,
    template,
    promptOf(settings, media): RunPrompt {
      const seen = media.filter(isSeen);
      const { words = wordsOf(settings, seen.length === 0) } = settings;
      const blocks = seen.map((kind) => BLOCKS[kind]).join('');
      const placed = withPlaces(words, media, (kind) => BLOCKS[kind]);
      const chat = placed ? chatOf(placed, (text) => text) : chatOf(words, (text) => blocks + text);
      const { ids, ...encoded } = encodeTextPrompt(tokenizer, template, chat);
      const most = seen.map((kind) => mostTokens(config, kind, settings));
      const reach = seen.map((kind, index) =>
        Math.max(most[index]!, kind === 'video' ? MOST_CLIP_SECONDS * (config.tokensPerSecond ?? 0) : 0),
      );
      const text = ids.length - seen.length;
      const lengths = { longest: text + sum(most), positions: text + sum(reach) };
      const textTokens = { ids: Uint32Array.from(ids) };
      return {
        ...{ ...chat, ...encoded, ...lengths, asked: words.text, gateIds: [] },
        counts: { video: sum(most), audio: 0 },
        tokensOf: (shown = []) => (seen.length === 0 ? textTokens : tokensOf(ids, shown, { seen, config })),
      };
    },
  };
}

const BLOCKS = { image: IMAGE_BLOCK, video: VIDEO_BLOCK, audio: '' };

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The prompt with the grids of what is seen, in its order: a place in the text belongs to the next of its kind. */
function tokensOf(
  ids: readonly number[],
  shown: readonly ShownClip[],
  {
    seen,
    config: { imageId, videoId, vision, tokensPerSecond },
  }: { readonly seen: readonly MediumKind[]; readonly config: Qwen2VlConfig },
): PromptTokens {
  if (shown.length !== seen.length)
    throw new Error(`The prompt of ${seen.length} pictures and videos, of which ${shown.length} are known.`);
  const places = ids.filter((id) => id === imageId || id === videoId);
  const order = places.map((id, at) => {
    const before = places.slice(0, at).filter((other) => other === id).length;
    const same = [...seen.keys()].filter((index) => (seen[index] === 'image' ? imageId : videoId) === id);
    return same[before] ?? -1;
  });
  const inOrder = order.map((index) => shown[index]);
  if (inOrder.length !== seen.length || inOrder.includes(undefined)) throw misplaced(seen, places.length);
  const grids = (inOrder as readonly ShownClip[]).map(({ grid }) => grid);
  const counts = grids.map((grid) => mergedTokens(grid, vision.merge));
  // As described and first published; later releases of transformers cut the seconds to a whole number first.
  const timeSteps = tokensPerSecond
    ? {
        timeSteps: (inOrder as readonly ShownClip[]).map(
          ({ sliceSeconds }) => sliceSeconds * tokensPerSecond,
        ),
      }
    : {};
  const placeholders = [imageId, videoId];
  const prompt = visionPrompt(repeatPlaceholders(ids, placeholders, counts), {
    ...{ placeholders, grids, merge: vision.merge },
    ...timeSteps,
  });
  return { ...prompt, video: shown.map((_, index) => prompt.video![order.indexOf(index)]!) };
}

function misplaced(seen: readonly MediumKind[], places: number): InputError {
  return new InputError(
    `The prompt has ${places} places for pictures and videos; expected one for each of ${seen.join(', ')}.`,
    {
      hint: 'Leave words of the model itself, such as <|video_pad|>, out of the question; the studio puts them where they belong.',
    },
  );
}

/** Repeats each placeholder, so that each of the tokens of its picture or video has one: `counts`, in the prompt's order. */
export function repeatPlaceholders(
  ids: readonly number[],
  placeholders: readonly number[],
  counts: readonly number[],
): number[] {
  let met = 0;
  return ids.flatMap((id) => (placeholders.includes(id) ? Array<number>(counts[met++] ?? 1).fill(id) : [id]));
}

/**
 * A prompt in which placeholders, one a token, hold the places of pictures and videos; positions are those of M-RoPE. Throws an
 * InputError where placeholders and grids do not match.
 */
export function visionPrompt(ids: readonly number[], places: VisionPlaces): PromptTokens {
  const positions = mropePositions(ids, places);
  const isPlace = (id: number): boolean => places.placeholders.includes(id);
  const video: MediaSlot[] = [];
  for (const grid of places.grids) {
    const { start, count } = video.at(-1) ?? { start: 0, count: 0 };
    const next = ids.findIndex((id, at) => at >= start + count && isPlace(id));
    video.push({ start: next, count: mergedTokens(grid, places.merge) });
  }
  const tokens = Uint32Array.from(ids, (id) => (isPlace(id) ? 0 : id));
  return { ids: tokens, ...(video.length > 0 ? { video } : {}), positions };
}
