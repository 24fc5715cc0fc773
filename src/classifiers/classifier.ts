/** A sequence classifier on the device: texts of token ids to logits, many to a pass. */
import { WeightLoader } from '../decoder/weights.ts';
import { Arena, type Gpu, Plan, Tape, type Tensor } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import { freeRopeTable } from '../ops/attention/rope.ts';
import { allocateTexts, type Body, freeTexts, packTexts, type TextTensors, writeTexts } from './body.ts';
import { type OpenClassifier, openBody } from './open.ts';

/** Tokens of a pass, where no text is longer, and texts of one. */
const PASS_TOKENS = 1024;
const PASS_TEXTS = 64;
const LEAST_TOKENS = 64;

interface Pass {
  readonly tokens: number;
  readonly texts: TextTensors;
  readonly plan: Plan;
  readonly logits: Tensor;
}

/** Texts by their places in the order asked for. */
type Batch = readonly number[];

/** Texts in order, as many to a batch as its tokens and rows hold; one of no token is in none. */
export function batchesOf(lengths: readonly number[]): Batch[] {
  const batches: number[][] = [];
  let tokens = 0;
  lengths.forEach((length, index) => {
    if (length === 0) return;
    const last = batches.at(-1);
    if (last && last.length < PASS_TEXTS && tokens + length <= PASS_TOKENS) {
      last.push(index);
      tokens += length;
      return;
    }
    batches.push([index]);
    tokens = length;
  });
  return batches;
}

/** Extent of the pass for so many tokens: sizes double, so that few passes are recorded. */
const passTokens = (tokens: number): number =>
  tokens <= LEAST_TOKENS ? LEAST_TOKENS : 2 ** Math.ceil(Math.log2(tokens));

export class Classifier {
  readonly labels: readonly string[];
  readonly #gpu: Gpu;
  readonly #loader: WeightLoader;
  readonly #body: Body;
  readonly #arena: Arena;
  readonly #passes = new Map<number, Pass>();

  private constructor(gpu: Gpu, loader: WeightLoader, body: Body, labels: readonly string[]) {
    this.#gpu = gpu;
    this.#loader = loader;
    this.#body = body;
    this.#arena = new Arena(gpu, 'classifier');
    this.labels = labels;
  }

  /** Loads the weights. The caller disposes of it. @throws InputError naming the tensor that is off */
  static async load(
    gpu: Gpu,
    opened: OpenClassifier,
    progress?: (doneBytes: number, totalBytes: number) => void,
  ): Promise<Classifier> {
    const loader = new WeightLoader(gpu, opened.sources);
    const body = openBody(gpu, loader, opened);
    await loader.load(progress);
    return new Classifier(gpu, loader, body, opened.labels);
  }

  /**
   * Logits f32 [labels] of each text of token ids; undefined for a text of none. @throws InputError for a text with more tokens than the
   * model has positions, or with an id that it has no row for
   */
  async logits(texts: readonly (readonly number[])[]): Promise<(Float32Array | undefined)[]> {
    for (const ids of texts) this.#demand(ids);
    const found = Array.from<Float32Array | undefined>({ length: texts.length });
    for (const batch of batchesOf(texts.map(({ length }) => length))) {
      const values = await this.#run(batch.map((index) => texts[index]!));
      batch.forEach((index, row) => {
        found[index] = values.slice(row * this.#body.outputs, (row + 1) * this.#body.outputs);
      });
    }
    return found;
  }

  /** Records the largest pass, so that all the memory it takes is taken. */
  async reserve(longest: number): Promise<void> {
    await this.#pass(Math.max(PASS_TOKENS, longest));
  }

  #demand(ids: readonly number[]): void {
    const { mostTokens, vocabSize } = this.#body;
    if (ids.length > mostTokens) {
      throw new InputError(
        `A text of ${ids.length} tokens; expected at most ${mostTokens}, the positions that the classifier has.`,
        { hint: 'Cut the text at fewer tokens.' },
      );
    }
    const unknown = ids.find((id) => !(id >= 0 && id < vocabSize));
    if (unknown === undefined) return;
    throw new InputError(
      `The token ${unknown}; expected an id below ${vocabSize}, the rows of the embedding.`,
      {
        hint: 'Take the tokenizer that belongs to these weights.',
      },
    );
  }

  async #run(texts: readonly (readonly number[])[]): Promise<Float32Array> {
    const pass = await this.#pass(texts.reduce((sum, { length }) => sum + length, 0));
    const extent = { tokens: pass.tokens, rows: PASS_TEXTS };
    writeTexts(this.#gpu, pass.texts, packTexts(texts, extent, this.#body));
    await pass.plan.run();
    return this.#gpu.read(pass.plan.output(pass.logits));
  }

  async #pass(needed: number): Promise<Pass> {
    const tokens = passTokens(needed);
    const known = this.#passes.get(tokens);
    if (known) return known;
    const texts = allocateTexts(this.#gpu, { tokens, rows: PASS_TEXTS });
    const tape = Tape.on(this.#gpu);
    const logits = tape.recorder.keep(tape.constant(() => this.#body.logits(tape, texts)));
    const plan = await Plan.create(this.#gpu, 'classifier', tape.recorder, this.#arena);
    const pass = { tokens, texts, plan, logits };
    this.#passes.set(tokens, pass);
    return pass;
  }

  [Symbol.dispose](): void {
    for (const { plan, texts } of this.#passes.values()) {
      plan[Symbol.dispose]();
      freeTexts(this.#gpu, texts);
    }
    this.#passes.clear();
    this.#arena[Symbol.dispose]();
    const { rope } = this.#body;
    if (rope) freeRopeTable(this.#gpu, rope);
    this.#loader[Symbol.dispose]();
  }
}
