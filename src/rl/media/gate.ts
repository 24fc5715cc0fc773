/** What steers the gate between the branches of a clip's projectors: the text of its own prompt, as BERT reads it. */

import type { EncoderSource, RunPrompt } from '../../families/api.ts';
import {
  type BertTokens,
  bertFirstRows,
  freeBertTokens,
  uploadBertTokens,
  writeBertTokens,
} from '../../families/humanomni/bert.ts';
import { familyOf } from '../../families/index.ts';
import type { Features } from '../../families/shared/clip-encoder.ts';
import type { Gpu, Tape, Tensor } from '../../gpu/index.ts';
import { gatherRows } from '../../ops/tokens/gather-rows.ts';
import type { ModelView, Policy } from '../policy/policy.ts';
import type { TowerPatches } from './tower-patches.ts';

/** Of one prompt: BERT's finished row f32 [width], or the ids that BERT reads where it trains. */
export type GateText = Float32Array | readonly number[];

/** What the towers made of a clip, and what steers the gate when it is asked about. */
export interface AskedFeatures extends Features {
  readonly gate?: GateText;
  /** What the tower takes, where it trains; then it made nothing yet. */
  readonly patches?: TowerPatches;
}

/** How many different texts the gate reads, and the tokens of the longest. */
export interface GateTexts {
  readonly texts: number;
  readonly longest: number;
}

/** What the prompts of a run give the gate. */
export interface GateShape {
  /** Extent of BERT's row. */
  readonly width: number;
  /** Where BERT trains. */
  readonly trained?: GateTexts;
}

export function gateTextsOf(prompts: readonly Pick<RunPrompt, 'gateIds'>[]): GateTexts {
  const texts = prompts.map(({ gateIds }) => gateIds).filter(({ length }) => length > 0);
  return {
    texts: new Set(texts.map(keyOf)).size,
    longest: texts.reduce((most, { length }) => Math.max(most, length), 0),
  };
}

/** Of a model with a gate that a text steers; undefined for others. */
export function gateShape(
  { files, config, options }: Pick<Policy, 'files' | 'config' | 'options'>,
  trained: GateTexts,
): GateShape | undefined {
  const { gateText } = familyOf(files.family);
  if (!gateText || trained.texts === 0) return undefined;
  return { width: gateText.width(config), ...(options.trainBert ? { trained } : {}) };
}

/** GPU buffers for what steers the gate of several prompts. */
export class GateInputs {
  readonly #gpu: Gpu;
  readonly #prompts: number;
  /** f32 [1, width] for each prompt, where BERT does not train. */
  readonly #rows: readonly Tensor[];
  readonly #trained: { readonly tokens: BertTokens; readonly texts: number } | undefined;
  /** u32 [1]: which of BERT's rows is a prompt's. */
  readonly #places: readonly Tensor[];

  constructor(gpu: Gpu, { width, trained }: GateShape, prompts: number) {
    this.#gpu = gpu;
    this.#prompts = prompts;
    const count = trained ? 0 : prompts;
    this.#rows = Array.from({ length: count }, () => gpu.tensor('inputs', 'gate row', [1, width]));
    // Where all prompts read one text, BERT runs over it once.
    const texts = trained?.texts === 1 ? 1 : prompts;
    this.#trained = trained && { texts, tokens: emptyTexts(gpu, texts, trained.longest) };
    this.#places =
      trained && texts > 1
        ? Array.from({ length: texts }, (_, i) =>
            gpu.upload('inputs', 'gate place', [1], Uint32Array.of(i), 'u32'),
          )
        : [];
  }

  /** Uploads what steers the gate of the first prompts; of one that shows nothing there is none. */
  write(gates: readonly (GateText | undefined)[]): void {
    if (this.#trained) {
      const { tokens, texts } = this.#trained;
      const given = gates.slice(0, texts).map((gate) => (isText(gate) ? gate : EMPTY_TEXT));
      const rest = Array.from({ length: texts - given.length }, () => EMPTY_TEXT);
      writeBertTokens(this.#gpu, tokens, [...given, ...rest]);
      return;
    }
    for (const [index, gate] of gates.entries()) {
      const row = this.#rows[index]!;
      this.#gpu.write(row, gate instanceof Float32Array ? gate : new Float32Array(row.shape[1]!));
    }
  }

  /** BERT's row f32 [1, width] for each prompt; recorded here where BERT trains. */
  record(tape: Tape, { bert }: ModelView): readonly Tensor[] {
    if (!this.#trained) return this.#rows;
    if (!bert) throw new Error('GateInputs: the gate is given texts, but BERT was not loaded.');
    const rows = bertFirstRows(tape, bert, this.#trained.tokens);
    if (this.#places.length === 0) return Array.from({ length: this.#prompts }, () => rows);
    return this.#places.map((place) => gatherRows(tape, rows, place));
  }

  [Symbol.dispose](): void {
    this.#gpu.free(...this.#rows, ...this.#places);
    if (this.#trained) freeBertTokens(this.#gpu, this.#trained.tokens);
  }
}

/** BERT reads something of every place, also where no prompt has a text for it. */
const EMPTY_TEXT: readonly number[] = [0];

const isText = (gate: GateText | undefined): gate is readonly number[] =>
  gate !== undefined && !(gate instanceof Float32Array) && gate.length > 0;

function emptyTexts(gpu: Gpu, texts: number, longest: number): BertTokens {
  const empty = Array.from({ length: texts }, () => EMPTY_TEXT);
  return uploadBertTokens(gpu, empty, texts * longest);
}

/**
 * What steers the gate, for prompts as they come: BERT's rows of their texts, each text computed once and by itself, so that
 * it does not depend on which others are asked for; or the texts, where BERT trains. Nothing for models without a gate.
 */
export class GateRows {
  readonly #gpu: Gpu;
  readonly #source: EncoderSource;
  readonly #trains: boolean;
  readonly #rows = new Map<string, Float32Array>();

  constructor(gpu: Gpu, source: EncoderSource, trains: boolean) {
    this.#gpu = gpu;
    this.#source = source;
    this.#trains = trains;
  }

  /** Loads BERT for the texts that it has not read yet, if there are any. */
  async prepare(texts: readonly (readonly number[])[]): Promise<void> {
    const { gateText } = familyOf(this.#source.files.family);
    if (!gateText || this.#trains) return;
    const missing = new Map<string, readonly number[]>();
    for (const ids of texts) if (ids.length > 0 && !this.#rows.has(keyOf(ids))) missing.set(keyOf(ids), ids);
    if (missing.size === 0) return;
    const rows = await gateText.encode(this.#gpu, this.#source, [...missing.values()]);
    for (const [index, key] of [...missing.keys()].entries()) this.#rows.set(key, rows[index]!);
  }

  /** Of a text that was prepared. */
  of(ids: readonly number[]): GateText | undefined {
    if (ids.length === 0) return undefined;
    return this.#trains ? ids : this.#rows.get(keyOf(ids));
  }
}

const keyOf = (ids: readonly number[]): string => ids.join(' ');
