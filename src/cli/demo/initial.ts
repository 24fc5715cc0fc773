/** A HumanOmni checkpoint with random weights, in memory: what the demo's training starts from. */

import type { NamedArray } from '../../decoder/lora.ts';
import { openQwen2 } from '../../decoder/qwen2.ts';
import type { Weights } from '../../decoder/weights.ts';
import {
  openGateEncoder,
  openProjectors,
  openTowers,
  readHumanOmniConfig,
} from '../../families/humanomni/parts.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import type { Gpu, Tensor } from '../../gpu/index.ts';
import { type FileTree, treeFromMemory } from '../../io/files/files.ts';
import { writeSafetensors } from '../../io/tensors/safetensors-write.ts';
import { deriveSeed, normal } from '../../math/random.ts';
import { buildPrompt } from '../../text/prompt.ts';
import { ANSWERS, CHAT_TEMPLATE, mainConfig, QUESTION } from './architecture.ts';
import { type SPECIAL_TOKENS, trainBpe, wordPieceVocab } from './bpe.ts';

/** Small files of the model folder, by name. */
export type SmallFiles = Record<string, string>;

/** Tokenizers and configs. */
export function makeSmallFiles(): SmallFiles {
  const { content, gateText } = buildPrompt('canonical', {
    media: { video: true, audio: true },
    question: QUESTION,
  });
  const chunks = content.split(/<video>|<audio>/);
  const corpus = [
    'user\n',
    'assistant\n',
    ...chunks,
    ...Object.values(ANSWERS).flatMap((answer) => [answer, `${answer}\n`]),
  ];
  const tokenizer = trainBpe(corpus);
  const { vocab } = tokenizer.model as { vocab: Record<string, number> };
  const idOf = (token: (typeof SPECIAL_TOKENS)[number]): number => vocab[token]!;
  const bertVocab = wordPieceVocab([gateText]);
  const vocabSize = Math.ceil(Object.keys(vocab).length / 32) * 32;
  const bertVocabSize = bertVocab.trim().split('\n').length;
  const config = mainConfig(vocabSize, bertVocabSize, idOf('<|im_end|>'), idOf('<|endoftext|>'));
  const generation = {
    eos_token_id: [idOf('<|im_end|>'), idOf('<|endoftext|>')],
    pad_token_id: idOf('<|endoftext|>'),
  };
  const tokenizerConfig = {
    tokenizer_class: 'Qwen2Tokenizer',
    eos_token: '<|im_end|>',
    pad_token: '<|endoftext|>',
    chat_template: CHAT_TEMPLATE,
  };
  const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
  return {
    'config.json': json(config),
    'generation_config.json': json(generation),
    'tokenizer.json': `${JSON.stringify(tokenizer)}\n`,
    'tokenizer_config.json': json(tokenizerConfig),
    'vocab.txt': bertVocab,
  };
}

const isVector = (name: string, shape: readonly number[]): boolean =>
  shape.length === 1 || name.endsWith('.bias');

/** Norm weights 1, biases 0, tables small, everything else normal with variance 1 / fan-in. */
function initialise(name: string, shape: readonly number[], seed: number): Float32Array<ArrayBuffer> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (isVector(name, shape)) return new Float32Array(size).fill(name.endsWith('.bias') ? 0 : 1);
  const fanIn = size / shape[0]!;
  const isTable = /embed_tokens|embeddings|position/.test(name) && !name.includes('patch_embedding');
  const std = isTable ? 0.1 : 1 / Math.sqrt(fanIn);
  const stream = deriveSeed(seed, name);
  return Float32Array.from({ length: size }, (_, i) => std * normal(stream, i));
}

/** Every tensor the model asks for, with first values. */
export function initialTensors(gpu: Gpu, config: Record<string, unknown>, seed: number): NamedArray[] {
  const arrays: NamedArray[] = [];
  const open: Weights = (name, shape): Tensor => {
    arrays.push({ name, shape, data: initialise(name, shape, seed) });
    return { label: name, shape, dtype: 'f32', storage: { kind: 'planned', id: -1 } };
  };
  const none = { has: () => false, shapeOf: () => [] };
  const files = { main: { config }, towers: {} } as unknown as ModelFiles;
  const parsed = readHumanOmniConfig(files, none);
  openQwen2(gpu, parsed.decoder, { open, openRows: (name, shape) => [open(name, shape)], maxPositions: 1 });
  openTowers(open, parsed);
  openProjectors(open, parsed, config);
  openGateEncoder(open, parsed);
  return arrays;
}

/** The folder as the loader takes it. */
export async function modelTree(small: SmallFiles, tensors: readonly NamedArray[]): Promise<FileTree> {
  const weights = await writeSafetensors(
    tensors.map(({ name, shape, data }) => ({
      name,
      shape,
      dtype: 'F32' as const,
      bytes: () => new Uint8Array(data.slice().buffer as ArrayBuffer),
    })),
  );
  return treeFromMemory('demo', { ...small, 'model.safetensors': weights });
}
