import { type PromptTokens, slotTokens } from '../../families/api.ts';
import {
  type ClipFeatures,
  featureShapes,
  type MediaProjectors,
  mediaTokens,
} from '../../families/humanomni/parts.ts';
import type { Features } from '../../families/shared/clip-encoder.ts';
import { Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import type { ModelView } from '../policy/policy.ts';
import type { Splice } from '../update/pass-inputs.ts';
import { type AskedFeatures, GateInputs, type GateShape } from './gate.ts';
import { type MediaTokens, mediaPlaces } from './media-input.ts';

/** GPU buffers for one clip's features and the places its tokens take in a packed row. */
export class FeatureSlot {
  readonly features: Omit<ClipFeatures, 'question'>;
  /** u32 [video tokens] */
  readonly videoAt: Tensor;
  /** u32 [audio tokens] */
  readonly audioAt: Tensor;
  readonly #gpu: Gpu;
  readonly #hasAudio: boolean;

  /** `senses` says which towers' features the prompt has a place for. */
  constructor(
    gpu: Gpu,
    { config }: MediaProjectors,
    counts: { video: number; audio: number },
    senses: Senses,
  ) {
    const shapes = featureShapes(config);
    this.#gpu = gpu;
    this.#hasAudio = senses.audio && config.audio !== undefined;
    this.features = {
      ...(senses.video ? { vision: gpu.tensor('inputs', 'vision features', shapes.vision) } : {}),
      ...(this.#hasAudio ? { audio: gpu.tensor('inputs', 'audio features', shapes.audio) } : {}),
    };
    this.videoAt = gpu.tensor('inputs', 'video places', [Math.max(1, counts.video)], 'u32');
    this.audioAt = gpu.tensor('inputs', 'audio places', [Math.max(1, counts.audio)], 'u32');
  }

  /** Uploads a clip's features; a sense it lacks, or that is muted, is zeros. */
  write({ vision, audio }: Features): void {
    const put = (target: Tensor | undefined, data: Float32Array | undefined): void => {
      if (target) this.#gpu.write(target, data ?? new Float32Array(target.shape[0]! * target.shape[1]!));
    };
    put(this.features.vision, vision);
    put(this.features.audio, audio);
  }

  /** Uploads where the tokens go. */
  place(prompt: PromptTokens, promptStart: number): void {
    const places = Uint32Array.from(mediaPlaces(prompt, promptStart));
    const video = slotTokens(prompt.video);
    if (video > 0) this.#gpu.write(this.videoAt, places.subarray(0, video));
    if (places.length > video) this.#gpu.write(this.audioAt, places.slice(video));
  }

  [Symbol.dispose](): void {
    const { vision, audio } = this.features;
    this.#gpu.free(this.videoAt, this.audioAt, ...[vision, audio].filter((tensor) => tensor !== undefined));
  }
}

export interface Senses {
  readonly video: boolean;
  readonly audio: boolean;
}

/** Records the tokens of a clip, asked about with this row of the gate's text, and says where they are spliced in. */
export function recordSplices(
  tape: Tape,
  media: MediaProjectors,
  slot: FeatureSlot,
  question: Tensor,
): Splice[] {
  const { frames } = media.config;
  const { video, audio } = mediaTokens(tape, media, { ...slot.features, question }, frames);
  return [
    ...(video ? [{ rows: video, at: slot.videoAt }] : []),
    ...(audio ? [{ rows: audio, at: slot.audioAt }] : []),
  ];
}

/** Turns a clip's features into media tokens. */
export interface MediaMaker {
  tokens(features: AskedFeatures): Promise<MediaTokens>;
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

/** Makes media tokens with the weights as they are, one clip at a time. */
export class MediaTokenizer implements MediaMaker {
  readonly #gpu: Gpu;
  readonly #slot: FeatureSlot;
  readonly #gate: GateInputs;
  readonly #arena: Arena;
  readonly #plan: Plan;
  readonly #outputs: readonly Tensor[];

  private constructor(
    gpu: Gpu,
    { slot, gate }: { readonly slot: FeatureSlot; readonly gate: GateInputs },
    arena: Arena,
    plan: Plan,
    outputs: readonly Tensor[],
  ) {
    this.#gpu = gpu;
    this.#slot = slot;
    this.#gate = gate;
    this.#arena = arena;
    this.#plan = plan;
    this.#outputs = outputs;
  }

  static async create(
    gpu: Gpu,
    view: ModelView & { readonly media: MediaProjectors },
    senses: Senses,
    gateShape: GateShape,
  ): Promise<MediaTokenizer> {
    const gate = new GateInputs(gpu, gateShape, 1);
    const slot = new FeatureSlot(gpu, view.media, { video: 0, audio: 0 }, senses);
    const arena = new Arena(gpu, 'media tokens');
    const tape = Tape.on(gpu);
    const splices = tape.constant(() => recordSplices(tape, view.media, slot, gate.record(tape, view)[0]!));
    const kept = splices.map(({ rows }) => tape.recorder.keep(rows));
    const plan = await Plan.create(gpu, 'media tokens', tape.recorder, arena);
    const outputs = kept.map((rows) => plan.output(rows));
    return new MediaTokenizer(gpu, { slot, gate }, arena, plan, outputs);
  }

  /** Video tokens, then audio tokens. */
  async tokens(features: AskedFeatures): Promise<MediaTokens> {
    this.#slot.write(features);
    this.#gate.write([features.gate]);
    await this.#plan.run();
    const parts = await Promise.all(this.#outputs.map((output) => this.#gpu.read(output)));
    const rows = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      rows.set(part, at);
      at += part.length;
    }
    return { rows };
  }

  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#slot[Symbol.dispose]();
    this.#gate[Symbol.dispose]();
    this.#arena[Symbol.dispose]();
  }
}
