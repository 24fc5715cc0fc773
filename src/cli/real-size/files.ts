/** The small files of a real-size checkpoint: configs, and tokenizers of the real sizes that know the published prompts. */

import { DEFAULT_QUESTION } from '../../protocol/config-table.ts';
import { buildPrompt } from '../../text/prompt.ts';
import { SPECIAL_TOKENS, trainBpe, wordPieceVocab } from '../demo/bpe.ts';
import { ADDED_TOKENS, BASE_TOKENS, GENERATION_CONFIG, MAIN_CONFIG, TOKENIZER_CONFIG } from './config.ts';

const BERT_TOKENS = 30_522;
const LABELS = ['happy', 'sad', 'neutral', 'angry', 'surprise', 'disgust', 'fear'];

interface TokenizerJson {
  added_tokens: Record<string, unknown>[];
  model: { vocab: Record<string, number> };
}

/** tokenizer.json with the published number of pieces: those of `corpus`, then stand-ins that no text becomes. */
function tokenizerJson(corpus: readonly string[]): TokenizerJson {
  const trained = trainBpe(corpus) as unknown as TokenizerJson;
  const special: readonly string[] = SPECIAL_TOKENS;
  const pieces = Object.keys(trained.model.vocab).filter((piece) => !special.includes(piece));
  const standIns = Array.from({ length: BASE_TOKENS - pieces.length }, (_, index) => `w${index}`);
  const vocab = Object.fromEntries([...pieces, ...standIns].map((piece, id) => [piece, id]));
  const [template] = trained.added_tokens;
  const added = ADDED_TOKENS.map((content, index) => ({ ...template, id: BASE_TOKENS + index, content }));
  return { ...trained, added_tokens: added, model: { ...trained.model, vocab } };
}

/** vocab.txt of the published length. */
function bertVocab(corpus: readonly string[]): string {
  const words = wordPieceVocab(corpus).trim().split('\n');
  const standIns = Array.from({ length: BERT_TOKENS - words.length }, (_, index) => `[unused${index}]`);
  return `${[...words, ...standIns].join('\n')}\n`;
}

/** By name. */
export function smallFiles(): Record<string, string> {
  const media = { video: true, audio: true };
  const { content, gateText } = buildPrompt('canonical', { media, question: DEFAULT_QUESTION });
  const corpus = [
    'system\nYou are a helpful assistant.',
    'user\n',
    'assistant\n',
    ...content.split(/<video>|<audio>/),
    ...LABELS.map((label) => `<think>${label}</think>\n<answer>${label}</answer>`),
  ];
  const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
  return {
    'config.json': json(MAIN_CONFIG),
    'generation_config.json': json(GENERATION_CONFIG),
    'tokenizer.json': `${JSON.stringify(tokenizerJson(corpus))}\n`,
    'tokenizer_config.json': json(TOKENIZER_CONFIG),
    'vocab.txt': bertVocab([gateText]),
  };
}
