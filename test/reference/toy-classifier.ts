/**
 * A classifier that likes words, in the layout of a published BERT of one layer. Nobody set its weights: it is trained here, on texts that
 * are made up with and without its words, until the logit of a word is near 1 where a text holds it, and near 0 where it does not.
 */
import { type FileTree, treeFromMemory } from '../../src/io/files/files.ts';
import { writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { kaimingUniform } from '../../src/math/init.ts';
import { normal } from '../../src/math/random.ts';
import { adamwState, adamwStep } from './adamw.ts';
import { Graph, type Matrix, matrix } from './autodiff.ts';
import { RandomStream } from './random-stream.ts';

const WIDTH = 8;
const HEADS = 2;
const POSITIONS = 512;
const EPS = 1e-12;
const LAYER = 'bert.encoder.layer.0';
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const [UNKNOWN, FIRST, LAST] = [1, 2, 3];

const STEPS = 300;
const BATCH = 16;
const LONGEST = 40;
const ADAMW = { beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0, maxGradNorm: 1 };
const RATE = 0.03;

type Weights = ReadonlyMap<string, Matrix>;

export interface Text {
  readonly ids: readonly number[];
  /** For each word that is liked: 1 where the text holds it, 0 where it does not. */
  readonly wanted: readonly number[];
}

export interface TrainedToy {
  /** Of each step: the mean of the squared distances from what is wanted. */
  readonly losses: readonly number[];
  /** In float64. */
  logits(ids: readonly number[]): number[];
  /** Texts as those that it was trained on, which it has not seen. */
  heldOut(count: number): Text[];
  readonly tree: Promise<FileTree>;
}

const trained = new Map<string, TrainedToy>();

/** Trained once for the same words; `others`: further words that it knows. */
export function trainToy(liked: readonly string[], others: readonly string[] = []): TrainedToy {
  const key = JSON.stringify([liked, others]);
  const found = trained.get(key) ?? train(liked, others);
  trained.set(key, found);
  return found;
}

/** The folder of a classifier that likes words of small letters. */
export const toyClassifier = (
  liked: string | readonly string[],
  others: readonly string[] = [],
): Promise<FileTree> => trainToy([liked].flat(), others).tree;

function train(liked: readonly string[], others: readonly string[]): TrainedToy {
  const vocabulary = [...SPECIAL, ...liked, ...others];
  const state = adamwState(firstWeights(vocabulary.length, liked.length));
  const shapes = shapesOf(vocabulary.length, liked.length);
  const weights = (): Weights =>
    new Map(
      Object.entries(shapes).map(([name, [rows, cols]]) => [
        name,
        matrix(rows, cols, state.values.get(name)),
      ]),
    );
  const texts = (seed: number, count: number) => {
    const random = new RandomStream(seed);
    return Array.from({ length: count }, () => madeUp(random, liked.length, others.length));
  };
  const losses: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const now = weights();
    const graph = new Graph();
    let loss = 0;
    for (const { ids, wanted } of texts(step, BATCH)) {
      const logits = forward(graph, now, ids);
      const distances = wanted.map((value, label) => logits.values[label]! - value);
      distances.forEach((distance, label) => {
        loss += distance ** 2 / (BATCH * wanted.length);
        logits.gradient[label] = (2 * distance) / (BATCH * wanted.length);
      });
    }
    graph.backward(matrix(0, 0), []);
    losses.push(loss);
    const gradients = new Map([...now].map(([name, { gradient }]) => [name, gradient]));
    adamwStep(state, gradients, step, { ...ADAMW, learningRate: RATE * (1 - (step - 1) / STEPS) });
  }
  const last = weights();
  return {
    losses,
    logits: (ids) => [...forward(new Graph(), last, ids).values],
    heldOut: (count) => texts(STEPS + 1, count),
    tree: folder(vocabulary, liked, last),
  };
}

/** Every length, every word as often there as not, anywhere and up to three times; the rest is what it does not like, or does not know. */
function madeUp(random: RandomStream, liked: number, others: number): Text {
  const length = 1 + random.below(LONGEST);
  const ids = Array.from({ length }, () => {
    const other = random.below(2 * others + 1);
    return other < others ? SPECIAL.length + liked + other : UNKNOWN;
  });
  for (let word = 0; word < liked; word++) {
    const times = random.below(2) * (1 + random.below(3));
    for (let i = 0; i < times; i++) ids[random.below(length)] = SPECIAL.length + word;
  }
  const wanted = Array.from({ length: liked }, (_, word) => Number(ids.includes(SPECIAL.length + word)));
  return { ids: [FIRST, ...ids, LAST], wanted };
}

function shapesOf(words: number, labels: number): Record<string, readonly [rows: number, cols: number]> {
  const norm = (name: string) => ({ [`${name}.weight`]: [1, WIDTH], [`${name}.bias`]: [1, WIDTH] }) as const;
  const linear = (name: string, rows = WIDTH) =>
    ({ [`${name}.weight`]: [rows, WIDTH], [`${name}.bias`]: [1, rows] }) as const;
  return {
    'bert.embeddings.word_embeddings.weight': [words, WIDTH],
    'bert.embeddings.position_embeddings.weight': [POSITIONS, WIDTH],
    'bert.embeddings.token_type_embeddings.weight': [2, WIDTH],
    ...norm('bert.embeddings.LayerNorm'),
    ...linear(`${LAYER}.attention.self.query`),
    ...linear(`${LAYER}.attention.self.key`),
    ...linear(`${LAYER}.attention.self.value`),
    ...linear(`${LAYER}.attention.output.dense`),
    ...norm(`${LAYER}.attention.output.LayerNorm`),
    ...linear(`${LAYER}.intermediate.dense`),
    ...linear(`${LAYER}.output.dense`),
    ...norm(`${LAYER}.output.LayerNorm`),
    ...linear('bert.pooler.dense'),
    ...linear('classifier', labels),
  };
}

/** Positions and token types begin small: they say little before they are learned, and those beyond the longest text say little for good. */
function firstWeights(words: number, labels: number): Map<string, ArrayLike<number>> {
  const first = (name: string, rows: number, cols: number, at: number): ArrayLike<number> => {
    const size = rows * cols;
    if (name.endsWith('.bias')) return new Float64Array(size);
    if (name.includes('LayerNorm')) return new Float64Array(size).fill(1);
    if (!name.includes('embeddings')) return kaimingUniform(rows, cols, 1, at);
    const spread = name.includes('word') ? 1 : 0.02;
    return Float64Array.from({ length: size }, (_, i) => spread * normal(1, at, i));
  };
  const shapes = Object.entries(shapesOf(words, labels));
  return new Map(shapes.map(([name, [rows, cols]], at) => [name, first(name, rows, cols, at)]));
}

/** The published forward, but for the rows of the layer's output that the head does not read. */
function forward(graph: Graph, weights: Weights, ids: readonly number[]): Matrix {
  const of = (name: string) => weights.get(name)!;
  const linear = (x: Matrix, name: string) => graph.linear(x, of(`${name}.weight`), of(`${name}.bias`));
  const norm = (x: Matrix, name: string) => graph.layerNorm(x, of(`${name}.weight`), of(`${name}.bias`), EPS);
  const embedded = (name: string, rows: readonly number[]) =>
    graph.rows(of(`bert.embeddings.${name}_embeddings.weight`), rows);
  const placed = graph.add(embedded('word', ids), embedded('position', [...ids.keys()]));
  const x = norm(
    graph.add(
      placed,
      embedded(
        'token_type',
        ids.map(() => 0),
      ),
    ),
    'bert.embeddings.LayerNorm',
  );
  const first = graph.rows(x, [0]);
  const self = (row: Matrix, part: string) => linear(row, `${LAYER}.attention.self.${part}`);
  const seen = graph.attention(self(first, 'query'), self(x, 'key'), self(x, 'value'), HEADS, HEADS, false);
  const attended = norm(
    graph.add(first, linear(seen, `${LAYER}.attention.output.dense`)),
    `${LAYER}.attention.output.LayerNorm`,
  );
  const inner = graph.silu(linear(attended, `${LAYER}.intermediate.dense`));
  const out = norm(graph.add(attended, linear(inner, `${LAYER}.output.dense`)), `${LAYER}.output.LayerNorm`);
  return linear(graph.tanh(linear(out, 'bert.pooler.dense')), 'classifier');
}

async function folder(
  vocabulary: readonly string[],
  labels: readonly string[],
  weights: Weights,
): Promise<FileTree> {
  const file = await writeSafetensors(
    [...weights].map(([name, { rows, cols, values }]) => ({
      name,
      dtype: 'F32' as const,
      shape: rows === 1 && !name.startsWith('classifier.weight') ? [cols] : [rows, cols],
      bytes: () => new Uint8Array(Float32Array.from(values).buffer),
    })),
  );
  return treeFromMemory('toy', {
    'config.json': JSON.stringify(CONFIG(vocabulary.length, labels)),
    'model.safetensors': file,
    'vocab.txt': `${vocabulary.join('\n')}\n`,
    'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'BertTokenizer', do_lower_case: true }),
  });
}

const CONFIG = (vocabulary: number, labels: readonly string[]) => ({
  architectures: ['BertForSequenceClassification'],
  model_type: 'bert',
  hidden_act: 'silu',
  hidden_size: WIDTH,
  intermediate_size: WIDTH,
  num_hidden_layers: 1,
  num_attention_heads: HEADS,
  vocab_size: vocabulary,
  max_position_embeddings: POSITIONS,
  type_vocab_size: 2,
  id2label: { ...labels },
});
