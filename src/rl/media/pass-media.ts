import { type MediaCounts, type PromptTokens, slotTokens } from '../../families/api.ts';
import { clear, type Gpu } from '../../gpu/index.ts';
import type { Policy } from '../policy/policy.ts';
import { type AskedFeatures, GateInputs, type GateShape } from './gate.ts';
import { MediaBatch, type MediaTokens } from './media-input.ts';
import { countsOf, FeatureSlot, type MediaShape, shapeOf } from './media-tokens.ts';
import type { VisionTower } from './tower.ts';

/** Media of the prompts in a pass: features where projectors or the tower train, finished tokens otherwise. */
export interface PassMedia {
  readonly features: readonly AskedFeatures[];
  readonly tokens: readonly MediaTokens[];
  /** Tokens of the reference; needed where it differs from the policy in more than adapters. */
  readonly referenceTokens?: readonly MediaTokens[];
}

/** GPU buffers for the media of a pass. Passes of all sizes read the same ones: they run one after the other. */
export class MediaInputs {
  /** The policy's tokens; absent where they are made inside the pass, and where prompts have no media. */
  readonly tokens?: MediaBatch;
  /** The reference's tokens, where they are not the policy's. */
  readonly referenceTokens?: MediaBatch;
  /** Features of each prompt, where its tokens are made inside the pass. */
  readonly slots: readonly FeatureSlot[];
  /** What steers the gate of each prompt, where its tokens are made inside the pass. */
  readonly gate?: GateInputs;
  /** What makes the policy's tokens before a pass, and takes their gradients behind it, where it trains. */
  readonly #tower?: VisionTower;
  readonly #gpu: Gpu;
  readonly #shapeOf: (counts: MediaCounts) => MediaShape;
  readonly #most: MediaCounts;

  /** Room for `prompts` examples of up to `counts` tokens each. */
  constructor(
    { gpu, config, current, reference, trainsMedia }: Policy,
    prompts: number,
    counts: MediaCounts,
    { gate, tower }: { readonly gate?: GateShape | undefined; readonly tower?: VisionTower | undefined } = {},
  ) {
    this.#gpu = gpu;
    this.#most = counts;
    const rows = prompts * (counts.video + counts.audio);
    const batch = (label: string, trains = false) =>
      new MediaBatch(gpu, label, rows, config.decoder.hiddenSize, { trains });
    const { media } = current;
    this.slots =
      trainsMedia && media ? Array.from({ length: prompts }, () => new FeatureSlot(gpu, media)) : [];
    this.#shapeOf = (asked) => (media ? shapeOf(media, asked) : { frames: 0, audio: false });
    if (this.slots.length > 0 && gate) this.gate = new GateInputs(gpu, gate, prompts);
    if (rows === 0) return;
    if (tower) this.#tower = tower;
    if (tower) this.tokens = batch('policy', true);
    else if (!trainsMedia) this.tokens = batch('policy');
    if (reference && trainsMedia) this.referenceTokens = batch('reference');
  }

  /** What of these prompts becomes tokens inside a pass; nothing where they come finished. */
  shapesOf(prompts: readonly PromptTokens[]): readonly MediaShape[] {
    return this.slots.length === 0 ? [] : prompts.map((prompt) => this.#shapeOf(countsOf(prompt)));
  }

  /** The same of so many prompts with all that a prompt of the run can show. */
  fullShapes(prompts: number): readonly MediaShape[] {
    const shape = this.#shapeOf(this.#most);
    return this.slots.slice(0, prompts).map(() => shape);
  }

  /**
   * Uploads the media of a pass whose prompts begin at `starts` in the packed row. A tower that trains makes its tokens anew:
   * in the second of several steps on a batch its weights have moved.
   */
  async write(prompts: readonly PromptTokens[], starts: readonly number[], media: PassMedia): Promise<void> {
    this.tokens?.write(prompts, starts, this.#tower ? undefined : media.tokens);
    this.referenceTokens?.write(prompts, starts, media.referenceTokens ?? media.tokens);
    if (this.#tower && this.tokens) await this.#makeTokens(this.tokens, this.#tower, prompts, media);
    if (this.slots.length === 0) return;
    this.gate?.write(media.features.map((features) => features.gate));
    prompts.forEach((prompt, index) => {
      const slot = this.slots[index]!;
      slot.write(prompt, media.features[index]!);
      slot.place(prompt, starts[index]!);
    });
  }

  async #makeTokens(
    { rows }: MediaBatch,
    tower: VisionTower,
    prompts: readonly PromptTokens[],
    { features }: PassMedia,
  ): Promise<void> {
    clear(this.#gpu, rows.grad!);
    let first = 0;
    for (const [index, { video }] of prompts.entries()) {
      if (slotTokens(video) > 0) first += await tower.tokensInto(features[index]!, rows, first);
    }
  }

  /** Adds what the pass behind `write` says of a tower that trains to the gradients of its weights. */
  async backward({ features }: Pick<PassMedia, 'features'>): Promise<void> {
    if (!this.#tower || !this.tokens) return;
    let first = 0;
    // A prompt without a picture has no patches; `write` demanded those of the others.
    for (const shown of features.filter(({ patches }) => patches)) {
      first += await this.#tower.backward(shown, this.tokens.rows.grad!, first);
    }
  }

  [Symbol.dispose](): void {
    this.tokens?.[Symbol.dispose]();
    this.referenceTokens?.[Symbol.dispose]();
    this.gate?.[Symbol.dispose]();
    for (const slot of this.slots) slot[Symbol.dispose]();
  }
}
