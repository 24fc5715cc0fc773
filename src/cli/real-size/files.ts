/** The small files of a real-size checkpoint: configs, and tokenizers of the real sizes that know the published prompts. */

import { DEFAULT_QUESTION } from '../../protocol/config-table.ts';
import { buildPrompt } from '../../text/prompt.ts';
import { publishedBpe, wordPieceVocab } from '../demo/bpe.ts';
import { ADDED_TOKENS, BASE_TOKENS, GENERATION_CONFIG, MAIN_CONFIG, TOKENIZER_CONFIG } from './config.ts';

const BERT_TOKENS = 30_522;
const LABELS = ['happy', 'sad', 'neutral', 'angry', 'surprise', 'disgust', 'fear'];

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
  const added = ADDED_TOKENS.map((content) => ({ content, special: true }));
  const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
  return {
    'config.json': json(MAIN_CONFIG),
    'generation_config.json': json(GENERATION_CONFIG),
    'tokenizer.json': `${JSON.stringify(publishedBpe(corpus, added, BASE_TOKENS))}\n`,
    'tokenizer_config.json': json(TOKENIZER_CONFIG),
    'vocab.txt': bertVocab([gateText]),
  };
}
