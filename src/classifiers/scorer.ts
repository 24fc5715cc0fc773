/** Texts to logits: a classifier with its tokenizer, on the device for good or only while it scores. */
import type { Gpu } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import { Classifier } from './classifier.ts';
import type { OpenClassifier } from './open.ts';

/** A text, and whether the tokenizer puts its own special tokens around it; a chat template has written them already. */
export interface ScoredText {
  readonly text: string;
  readonly special: boolean;
}

export class Scorer {
  readonly #gpu: Gpu;
  readonly #opened: OpenClassifier;
  readonly #stays: boolean;
  #classifier: Classifier | undefined;

  /** `stays`: whether its weights stay on the device between calls. */
  constructor(gpu: Gpu, opened: OpenClassifier, stays: boolean) {
    this.#gpu = gpu;
    this.#opened = opened;
    this.#stays = stays;
  }

  get labels(): readonly string[] {
    return this.#opened.labels;
  }

  /** Loads its weights, where they stay. */
  async prepare(progress?: (doneBytes: number, totalBytes: number) => void): Promise<void> {
    if (this.#stays) this.#classifier ??= await Classifier.load(this.#gpu, this.#opened, progress);
  }

  /** Logits [labels] of each text; undefined for one of no token. `most`: tokens that a text is cut at. */
  async logits(texts: readonly ScoredText[], most: number | null): Promise<(Float32Array | undefined)[]> {
    const { tokenizer, mostTokens } = this.#opened;
    const cut = Math.min(most ?? mostTokens, mostTokens);
    const ids = texts.map(({ text, special }) => tokenizer.encode(text, { most: cut, special }));
    if (ids.every(({ length }) => length === 0)) return ids.map(() => undefined);
    this.#classifier ??= await Classifier.load(this.#gpu, this.#opened);
    try {
      return demandNumbers(await this.#classifier.logits(ids), this.#opened);
    } finally {
      if (!this.#stays) this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#classifier?.[Symbol.dispose]();
    this.#classifier = undefined;
  }
}

/** NaN would pass for a text of which nothing is said. @throws InputError */
function demandNumbers(
  logits: (Float32Array | undefined)[],
  { files, labels }: OpenClassifier,
): (Float32Array | undefined)[] {
  for (const [at, each] of logits.entries()) {
    const label = each?.findIndex((logit) => !Number.isFinite(logit)) ?? -1;
    if (label < 0) continue;
    throw new InputError(
      `${files.name} gives ${each![label]} for ${labels[label]} of text ${at + 1} of ${logits.length}; expected a finite number.`,
      {
        hint: 'Its weights are damaged, or not those of its config.json: download it again, or take another.',
      },
    );
  }
  return logits;
}
