import { type MediaCounts, type PromptTokens, slotTokens } from '../../families/api.ts';
import {
  featureShapes,
  frameTokens,
  type MediaProjectors,
  mediaTokens,
} from '../../families/humanomni/parts.ts';
import type { Features } from '../../families/shared/clip-encoder.ts';
import { Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import { concatenated } from '../../math/arrays.ts';
import type { ModelView } from '../policy/policy.ts';
import type { Splice } from '../update/pass-inputs.ts';
import { type AskedFeatures, GateInputs, type GateShape } from './gate.ts';
import { type MediaTokens, mediaPlaces } from './media-input.ts';

type MediaView = ModelView & { readonly media: MediaProjectors };

/** What becomes tokens of an example: how many frames are seen, and whether something is heard. */
export interface MediaShape {
  readonly frames: number;
  readonly audio: boolean;
}

/** By the tokens that a prompt has places for. */
export function shapeOf({ config }: MediaProjectors, counts: MediaCounts): MediaShape {
  return {
    frames: counts.video / frameTokens(config),
    audio: counts.audio > 0 && config.audio !== undefined,
  };
}

export const countsOf = ({ video, audio }: PromptTokens): MediaCounts => ({
  video: slotTokens(video),
  audio: slotTokens(audio),
});

/** Features of one sense f32 [rows, width], and the places u32 [tokens] of what they become in a packed row. */
interface PlacedFeatures {
  readonly features: Tensor;
  readonly at: Tensor;
}

/** GPU buffers for one example's features and the places its tokens take in a packed row; made as shapes are asked for. */
export class FeatureSlot {
  readonly #gpu: Gpu;
  readonly #media: MediaProjectors;
  /** By the number of frames. */
  readonly #seen = new Map<number, PlacedFeatures>();
  #heard?: PlacedFeatures;

  constructor(gpu: Gpu, media: MediaProjectors) {
    this.#gpu = gpu;
    this.#media = media;
  }

  seen(frames: number): PlacedFeatures {
    const { config } = this.#media;
    const seen =
      this.#seen.get(frames) ??
      this.#place('vision', featureShapes(config, frames).vision, frames * frameTokens(config));
    this.#seen.set(frames, seen);
    return seen;
  }

  get heard(): PlacedFeatures {
    const { audio } = featureShapes(this.#media.config);
    this.#heard ??= this.#place('audio', audio, audio[0]);
    return this.#heard;
  }

  #place(sense: string, shape: readonly [number, number], tokens: number): PlacedFeatures {
    return {
      features: this.#gpu.tensor('inputs', `${sense} features`, shape),
      at: this.#gpu.tensor('inputs', `${sense} places`, [tokens], 'u32'),
    };
  }

  /** Uploads an example's features; a sense that the prompt has a place for and that is missing is zeros. */
  write(prompt: PromptTokens, { vision, audio }: Features): void {
    const put = ({ features }: PlacedFeatures, data: Float32Array | undefined): void =>
      this.#gpu.write(features, data ?? new Float32Array(features.shape[0]! * features.shape[1]!));
    const shape = shapeOf(this.#media, countsOf(prompt));
    if (shape.frames > 0) put(this.seen(shape.frames), vision);
    if (shape.audio) put(this.heard, audio);
  }

  /** Uploads where the tokens go. */
  place(prompt: PromptTokens, promptStart: number): void {
    const places = Uint32Array.from(mediaPlaces(prompt, promptStart));
    const { video } = countsOf(prompt);
    const shape = shapeOf(this.#media, countsOf(prompt));
    if (shape.frames > 0) this.#gpu.write(this.seen(shape.frames).at, places.subarray(0, video));
    if (shape.audio) this.#gpu.write(this.heard.at, places.slice(video));
  }

  [Symbol.dispose](): void {
    const all = [...this.#seen.values(), ...(this.#heard ? [this.#heard] : [])];
    this.#gpu.free(...all.flatMap(({ features, at }) => [features, at]));
  }
}

/** Records the tokens of an example, asked about with this row of the gate's text, and says where they are spliced in. */
export function recordSplices(
  tape: Tape,
  media: MediaProjectors,
  slot: FeatureSlot,
  { frames, audio }: MediaShape,
  question: Tensor | undefined,
): Splice[] {
  const seen = frames > 0 ? slot.seen(frames) : undefined;
  const heard = audio ? slot.heard : undefined;
  const features = {
    ...(seen ? { vision: seen.features } : {}),
    ...(heard ? { audio: heard.features } : {}),
    ...(question ? { question } : {}),
  };
  const tokens = mediaTokens(tape, media, features, frames);
  return [
    ...(seen && tokens.video ? [{ rows: tokens.video, at: seen.at }] : []),
    ...(heard && tokens.audio ? [{ rows: tokens.audio, at: heard.at }] : []),
  ];
}

/** Turns an example's features into the media tokens that its prompt has places for. */
export interface MediaMaker {
  tokens(features: AskedFeatures, prompt: PromptTokens): Promise<MediaTokens>;
  [Symbol.dispose](): void;
}

/** For towers that make the decoder's tokens themselves. */
export const FINISHED_TOKENS: MediaMaker = {
  async tokens({ vision }) {
    if (!vision) throw new Error('FINISHED_TOKENS: features without a video.');
    return { rows: vision };
  },
  [Symbol.dispose]() {
    // It holds nothing.
  },
};

interface ShapePlan {
  readonly plan: Plan;
  readonly outputs: readonly Tensor[];
}

/** Makes media tokens with the weights as they are, one example at a time. */
export class MediaTokenizer implements MediaMaker {
  readonly #gpu: Gpu;
  readonly #view: MediaView;
  readonly #slot: FeatureSlot;
  readonly #gate: GateInputs | undefined;
  readonly #arena: Arena;
  /** By what is seen and heard. */
  readonly #plans = new Map<string, ShapePlan>();

  private constructor(gpu: Gpu, view: MediaView, gate: GateShape | undefined) {
    this.#gpu = gpu;
    this.#view = view;
    this.#slot = new FeatureSlot(gpu, view.media);
    this.#gate = gate && new GateInputs(gpu, gate, 1);
    this.#arena = new Arena(gpu, 'media tokens');
  }

  /** Records what makes the tokens of an example with the most of them, if it has any; others follow when they are met. */
  static async create(
    gpu: Gpu,
    view: MediaView,
    most: MediaCounts,
    gate: GateShape | undefined,
  ): Promise<MediaTokenizer> {
    const tokenizer = new MediaTokenizer(gpu, view, gate);
    await tokenizer.#planFor(most);
    return tokenizer;
  }

  async #planFor(counts: MediaCounts): Promise<ShapePlan> {
    const key = `${counts.video} ${counts.audio}`;
    const known = this.#plans.get(key);
    if (known) return known;
    const view = this.#view;
    const tape = Tape.on(this.#gpu);
    const splices = tape.constant(() => {
      const question = this.#gate?.record(tape, view)[0];
      return recordSplices(tape, view.media, this.#slot, shapeOf(view.media, counts), question);
    });
    const kept = splices.map(({ rows }) => tape.recorder.keep(rows));
    const plan = await Plan.create(this.#gpu, 'media tokens', tape.recorder, this.#arena);
    const made = { plan, outputs: kept.map((rows) => plan.output(rows)) };
    this.#plans.set(key, made);
    return made;
  }

  /** Video tokens, then audio tokens. */
  async tokens(features: AskedFeatures, prompt: PromptTokens): Promise<MediaTokens> {
    const { plan, outputs } = await this.#planFor(countsOf(prompt));
    this.#slot.write(prompt, features);
    this.#gate?.write([features.gate]);
    await plan.run();
    const parts = await Promise.all(outputs.map((output) => this.#gpu.read(output)));
    return { rows: concatenated(parts) };
  }

  [Symbol.dispose](): void {
    for (const { plan } of this.#plans.values()) plan[Symbol.dispose]();
    this.#slot[Symbol.dispose]();
    this.#gate?.[Symbol.dispose]();
    this.#arena[Symbol.dispose]();
  }
}
