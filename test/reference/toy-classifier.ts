/**
 * A published BERT classifier of one layer whose weights are set by hand: it has a label for each word that it likes, whose logit is near 1
 * where a text holds that word alone of them, and 0 where it does not hold it.
 */
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';

const WIDTH = 8;
const LAYER = 'bert.encoder.layer.0';
/** Directions at right angles with mean 0 and variance 1, so that a LayerNorm leaves them as they are: Walsh functions. */
const CLS = [1, -1, 1, -1, 1, -1, 1, -1];
const OTHER = [1, -1, -1, 1, 1, -1, -1, 1];
const LIKED = [
  [1, 1, -1, -1, 1, 1, -1, -1],
  [1, 1, 1, 1, -1, -1, -1, -1],
  [1, -1, 1, -1, -1, 1, -1, 1],
  [1, 1, -1, -1, -1, -1, 1, 1],
] as const;
/** What attention's mean of the liked direction is multiplied by: a word among fifty still outweighs the row it is added to. */
const LOUD = 200;

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

const zeros = (rows: number, cols = 1): number[] => Array<number>(rows * cols).fill(0);
/** The sum of factor · direction · directionᵀ / width: the part of a row that lies in the first `count` liked directions. */
const along = (count: number, factor: number): number[] =>
  Array.from({ length: WIDTH * WIDTH }, (_, at) => {
    const [out, into] = [Math.floor(at / WIDTH), at % WIDTH];
    return LIKED.slice(0, count).reduce(
      (sum, liked) => sum + (factor * liked[out]! * liked[into]!) / WIDTH,
      0,
    );
  });

/** The folder of a classifier that likes up to four words of small letters; `others`: further words that it knows. */
export async function toyClassifier(
  liked: string | readonly string[],
  others: readonly string[] = [],
): Promise<FileTree> {
  const words = [liked].flat();
  const vocabulary = [...SPECIAL, ...words, ...others];
  const rows = vocabulary.flatMap((word) => (word === '[CLS]' ? CLS : (LIKED[words.indexOf(word)] ?? OTHER)));
  const tensors: Record<string, readonly [shape: number[], values: number[]]> = {
    'bert.embeddings.word_embeddings.weight': [[vocabulary.length, WIDTH], rows],
    'bert.embeddings.position_embeddings.weight': [[512, WIDTH], zeros(512, WIDTH)],
    'bert.embeddings.token_type_embeddings.weight': [[2, WIDTH], zeros(2, WIDTH)],
    ...norm('bert.embeddings.LayerNorm'),
    // Without queries and keys every token is seen alike: attention is a mean.
    ...linear(`${LAYER}.attention.self.query`, zeros(WIDTH, WIDTH)),
    ...linear(`${LAYER}.attention.self.key`, zeros(WIDTH, WIDTH)),
    ...linear(`${LAYER}.attention.self.value`, along(words.length, LOUD)),
    ...linear(`${LAYER}.attention.output.dense`, along(words.length, 1)),
    ...norm(`${LAYER}.attention.output.LayerNorm`),
    ...linear(`${LAYER}.intermediate.dense`, zeros(WIDTH, WIDTH)),
    ...linear(`${LAYER}.output.dense`, zeros(WIDTH, WIDTH)),
    ...norm(`${LAYER}.output.LayerNorm`),
    // Of the first row, its part in the liked directions, 0 to 1, made steeper: tanh of 3 is near 1.
    ...linear('bert.pooler.dense', along(words.length, 3)),
    'classifier.weight': [
      [words.length, WIDTH],
      words.flatMap((_, label) => LIKED[label]!.map((value) => value / WIDTH)),
    ],
    'classifier.bias': [[words.length], zeros(words.length)],
  };
  const file = await writeSafetensors(
    Object.entries(tensors).map(([name, [shape, values]]) => ({
      name,
      dtype: 'F32' as const,
      shape,
      bytes: () => new Uint8Array(Float32Array.from(values).buffer),
    })),
  );
  return treeFromMemory('toy', {
    'config.json': JSON.stringify(CONFIG(vocabulary.length, words)),
    'model.safetensors': file,
    'vocab.txt': `${vocabulary.join('\n')}\n`,
    'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'BertTokenizer', do_lower_case: true }),
  });
}

const norm = (name: string) => ({
  [`${name}.weight`]: [[WIDTH], Array<number>(WIDTH).fill(1)] as const,
  [`${name}.bias`]: [[WIDTH], zeros(WIDTH)] as const,
});

const linear = (name: string, weight: number[]) => ({
  [`${name}.weight`]: [[WIDTH, WIDTH], weight] as const,
  [`${name}.bias`]: [[WIDTH], zeros(WIDTH)] as const,
});

const CONFIG = (vocabulary: number, labels: readonly string[]) => ({
  architectures: ['BertForSequenceClassification'],
  model_type: 'bert',
  hidden_size: WIDTH,
  intermediate_size: WIDTH,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  vocab_size: vocabulary,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  id2label: { ...labels },
});
