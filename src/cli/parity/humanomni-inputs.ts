/** What lies before a HumanOmni's layers: tokenizers, frame choice, pixels, log-mel. */
import type { Gpu } from '../../gpu/index.ts';
import { readJsonIfThere } from '../../io/files/files.ts';
import { sampleFrameIndices } from '../../media/frame-sampling.ts';
import { logMel } from '../../media/log-mel.ts';
import { WHISPER_STFT } from '../../media/mel.ts';
import { pixelsFromFrames } from '../../media/pixels.ts';
import { releaseTf, startTfOnDevice } from '../../media/tf-device.ts';
import { findGateTokenizer } from '../../text/bert-tokenizer.ts';
import { type ChatMessage, ChatTemplate } from '../../text/chat-template.ts';
import { encodeWithSentinels } from '../../text/sentinels.ts';
import { Tokenizer } from '../../text/tokenizer.ts';
import { LOG_MEL } from './bounds.ts';
import { readFrames } from './frames.ts';
import type { HumanOmniCase } from './humanomni-case.ts';
import { differing, largestDifference, pixelDifferences, type Quantity } from './quantity.ts';

interface TokenizerCase {
  readonly bpe?: readonly { readonly text: string; readonly ids: number[]; readonly decoded: string }[];
  readonly wordpiece?: readonly { readonly text: string; readonly ids: number[] }[];
  readonly chat?: {
    readonly messages: ChatMessage[];
    readonly rendered: string;
    readonly ids_with_placeholders: number[];
  };
}

/** Both tokenizers and the chat template on the case's texts. */
export async function tokenizerQuantities({ tree, files }: HumanOmniCase): Promise<Quantity[]> {
  const expected = (await readJsonIfThere(tree, 'tokenizer_case.json')) as TokenizerCase | undefined;
  if (!expected) return [];
  const folder = files.main.tree;
  const tokenizer = await Tokenizer.load(folder);
  const bert = await findGateTokenizer(tree, files.towers.bert?.tree);
  const quantities = (expected.bpe ?? []).flatMap(({ text, ids, decoded }, i) => [
    differing(`bpe ids ${i}`, tokenizer.encode(text), ids),
    differing(`bpe text ${i}`, [tokenizer.decode(ids, { skipSpecialTokens: false })], [decoded]),
  ]);
  (expected.wordpiece ?? []).forEach(({ text, ids }, i) => {
    quantities.push(differing(`wordpiece ids ${i}`, bert.encode(text), ids));
  });
  if (expected.chat) {
    const rendered = (await ChatTemplate.load(folder)).render(expected.chat.messages);
    const ids = encodeWithSentinels(rendered, (chunk) => tokenizer.encode(chunk));
    quantities.push(differing('chat text', [rendered], [expected.chat.rendered]));
    quantities.push(differing('chat ids', ids, expected.chat.ids_with_placeholders));
  }
  return quantities;
}

/** Which frames of clips of various lengths are taken. */
export function frameQuantities({ settings, arrays }: HumanOmniCase): Quantity[] {
  const sample = (settings.frame_sample ?? {}) as Record<string, number[]>;
  const frames = arrays.info('pixel_values').shape[0]!;
  return Object.entries(sample).map(([count, indices]) =>
    differing(`frames of ${count}`, sampleFrameIndices(Number(count), frames), indices),
  );
}

/** Pixels from the case's frames and log-mel from its waveform. */
export async function mediaQuantities(gpu: Gpu, { arrays }: HumanOmniCase): Promise<Quantity[]> {
  const quantities: Quantity[] = [];
  await startTfOnDevice(gpu.device, gpu.info);
  try {
    if (arrays.has('frames_u8')) {
      const frames = await readFrames(arrays);
      const pixels = await pixelsFromFrames(frames, arrays.info('pixel_values').shape.at(-1)!);
      quantities.push(...pixelDifferences('pixel_values', pixels, await arrays.float32('pixel_values')));
    }
    if (arrays.has('waveform')) {
      const [mels, columns] = arrays.info('input_features').shape as [number, number];
      const found = await logMel(await arrays.float32('waveform'), mels, {
        samples: columns * WHISPER_STFT.hop,
      });
      const error = largestDifference(found, await arrays.float32('input_features'));
      quantities.push({ name: 'input_features', error, bound: LOG_MEL });
    }
    return quantities;
  } finally {
    releaseTf();
  }
}
