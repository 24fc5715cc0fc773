/** Classifiers on a causal decoder, Qwen2 (and Qwen2.5) and Qwen3: the last token that is no padding is scored. */
import { Fields, type Json } from '../decoder/fields.ts';
import { decode, openQwen2, type Qwen2Config } from '../decoder/qwen2.ts';
import type { WeightLoader } from '../decoder/weights.ts';
import { parseQwenTextConfig } from '../families/qwen-text/index.ts';
import { applyLinear, type Linear, openLinear } from '../families/shared/encoder-layer.ts';
import type { Gpu } from '../gpu/index.ts';
import { gatherRows } from '../ops/tokens/gather-rows.ts';
import type { Body } from './body.ts';
import type { ClassifierType } from './files.ts';

export type DecoderType = Extract<ClassifierType, 'qwen2' | 'qwen3'>;

const HEAD = 'score';

interface DecoderConfig {
  readonly decoder: Qwen2Config;
  readonly padId?: number;
}

/** Reads config.json. @throws InputError naming the field that is off, or that asks for what is not built here */
export function parseDecoderConfig(type: DecoderType, json: Json): DecoderConfig {
  const decoder = parseQwenTextConfig(type === 'qwen2' ? 'Qwen2' : 'Qwen3', json);
  const padId = new Fields(json, 'config.json').tokenId('pad_token_id');
  // The head over the vocabulary is not opened: as if it were the embedding.
  return { decoder: { ...decoder, tieWordEmbeddings: true }, ...(padId === undefined ? {} : { padId }) };
}

/** The last token that is not padding, wherever the padding is; the first where all are. */
function lastToken(ids: readonly number[], padId?: number): number {
  if (padId === undefined) return ids.length - 1;
  return Math.max(
    0,
    ids.findLastIndex((id) => id !== padId),
  );
}

/** Opens every tensor of a classifier; `mostTokens`: of the longest text, for the table of rotary angles. @throws InputError naming the tensor */
export function openDecoderBody(
  gpu: Gpu,
  loader: WeightLoader,
  { decoder: config, padId }: DecoderConfig,
  mostTokens: number,
): Body {
  const { open, openRows } = loader;
  const longest = Math.min(config.maxPositions, mostTokens);
  const model = openQwen2(gpu, config, { open, openRows, maxPositions: longest });
  const outputs = loader.shapeOf(`${HEAD}.weight`)[0]!;
  const head: Linear = openLinear(open, HEAD, [outputs, config.hiddenSize], loader.has(`${HEAD}.bias`));
  return {
    outputs,
    vocabSize: config.vocabSize,
    rope: model.rope,
    mostTokens: longest,
    isCausal: true,
    positions: (ids) => ids.map((_, at) => at),
    readAt: (ids) => lastToken(ids, padId),
    logits(tape, texts) {
      const embedded = gatherRows(tape, model.embedTokens, texts.ids);
      const hidden = decode(tape, model, embedded, texts, { adapters: false });
      return applyLinear(tape, gatherRows(tape, hidden, texts.rows), head);
    },
  };
}
