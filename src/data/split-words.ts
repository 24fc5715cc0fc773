/** The words by which data sets name their splits. */
import type { Split } from '../protocol/messages.ts';

const SPLIT_WORDS: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  trn: 'train',
  val: 'val',
  valid: 'val',
  validate: 'val',
  validation: 'val',
  dev: 'val',
  devel: 'val',
  development: 'val',
  eval: 'val',
  evaluation: 'val',
  publictest: 'val',
  test: 'test',
  testing: 'test',
  tst: 'test',
  heldout: 'test',
  holdout: 'test',
  privatetest: 'test',
};
/** In other languages: Chinese, Japanese, Korean, French, Spanish, Portuguese, Italian, German. */
const ABROAD: readonly (readonly [Split, string])[] = [
  [
    'train',
    '训练 訓練 学習 훈련 학습 entraînement entrainement apprentissage entrenamiento treino treinamento addestramento',
  ],
  ['val', '验证 驗證 検証 검증 validación validacion validação validacao validazione validierung'],
  ['test', '测试 測試 テスト 테스트 평가 prueba teste testmenge'],
];
const WORDS_ABROAD = new Map(
  ABROAD.flatMap(([split, words]) => words.split(' ').map((word) => [word, split] as const)),
);
/** What may stand behind one of these: a set, data. */
const FILLERS_ABROAD = /(?:集合|集|数据|データ|用|용|세트|셋)+$/;

/** What may stand around a word that names a split: train_set, test-data, val split, Test1. */
const FILLERS = new Set([
  'set',
  'sets',
  'data',
  'split',
  'splits',
  'clips',
  'videos',
  'video',
  'complete',
  'output',
  'repeated',
]);

/** The split that a word of a list stands for: 'dev', 'Test1', 'PublicTest', 'train_set'; null for none. */
export function splitOfWord(written: string): Split | null {
  const abroad = WORDS_ABROAD.get(written.normalize('NFC').trim().toLowerCase().replace(FILLERS_ABROAD, ''));
  if (abroad !== undefined) return abroad;
  const words = wordsOf(written);
  const named = words.filter((word) => Object.hasOwn(SPLIT_WORDS, word));
  const isAlone = words.every((word) => Object.hasOwn(SPLIT_WORDS, word) || FILLERS.has(word));
  return isAlone && named.length === 1 ? SPLIT_WORDS[named[0]!]! : null;
}

/** The split that a file or folder name stands for: 'data/train.json', 'test_set.csv'; null for none. */
export function splitOfName(path: string): Split | null {
  const word = wordsOf(path).findLast((part) => Object.hasOwn(SPLIT_WORDS, part));
  return word === undefined ? null : SPLIT_WORDS[word]!;
}

const wordsOf = (written: string): string[] =>
  written
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);

/** What a row says of its split: null = nothing; a wrapped value = given but not understood. */
export function readSplit(value: unknown): Split | null | { unknown: unknown } {
  if (value === undefined || value === null || value === '') return null;
  return (typeof value === 'string' ? splitOfWord(value) : null) ?? { unknown: value };
}
