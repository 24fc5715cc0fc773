import { Arena, type Gpu, Plan, Tape, type Tensor } from '../gpu/index.ts';
import { poolPositions } from '../models/audio-projector.ts';
import { bertFirstRows, freeBertTokens, uploadBertTokens } from '../models/bert.ts';
import { freeSegments, type Segments, uploadSegments } from '../models/encoder.ts';
import {
  type HumanOmniConfig,
  openGateEncoder,
  openTowers,
  type Towers,
  weightSources,
} from '../models/humanomni.ts';
import type { HumanOmniFiles } from '../models/humanomni-files.ts';
import { patchGrid, type Siglip, siglipFeatures } from '../models/siglip.ts';
import { WeightLoader } from '../models/weights.ts';
import { type Whisper, whisperFeatures } from '../models/whisper.ts';

/** A checkpoint whose frozen encoders can be loaded when they are needed. */
export interface EncoderSource {
  readonly files: HumanOmniFiles;
  readonly config: HumanOmniConfig;
}

/** One clip as the towers take it; a missing sense is absent. */
export interface ClipInput {
  /** f32 [frames, 3, side, side] in [-1, 1]. */
  readonly pixels?: Float32Array;
  /** f32 [mel bins, columns]. */
  readonly logMel?: Float32Array;
}

/** What the frozen towers make of a clip: computed once, then every step uses it again. */
export interface Features {
  /** [frames · patches, width] */
  readonly vision?: Float32Array;
  /** [audio tokens, width] */
  readonly audio?: Float32Array;
}

interface TowerPlan {
  readonly plan: Plan;
  readonly input: Tensor;
  readonly output: Tensor;
}

/**
 * Runs the towers over clips, one at a time; pixels and log-mel in, features out. It loads the towers, and lets go of
 * them when it is closed: training does without.
 */
export class ClipEncoder {
  readonly #gpu: Gpu;
  readonly #config: HumanOmniConfig;
  readonly #loader: WeightLoader;
  readonly #arena: Arena;
  readonly #segments: Segments[] = [];
  #vision?: TowerPlan;
  #audio?: TowerPlan;

  private constructor(gpu: Gpu, { files, config }: EncoderSource) {
    this.#gpu = gpu;
    this.#config = config;
    this.#loader = new WeightLoader(gpu, weightSources(files));
    this.#arena = new Arena(gpu, 'encoder');
  }

  static async create(
    gpu: Gpu,
    source: EncoderSource,
    progress?: (doneBytes: number, totalBytes: number) => void,
  ): Promise<ClipEncoder> {
    const encoder = new ClipEncoder(gpu, source);
    const { vision, audio }: Towers = openTowers(encoder.#loader.open, source.config);
    await encoder.#loader.load(progress);
    encoder.#vision = await encoder.#recordVision(vision);
    if (audio) encoder.#audio = await encoder.#recordAudio(audio);
    return encoder;
  }

  async #recordVision(tower: Siglip): Promise<TowerPlan> {
    const { frames, vision } = this.#config;
    const input = this.#gpu.tensor('inputs', 'pixels', [frames, 3, vision.imageSize, vision.imageSize]);
    const segments = uploadSegments(this.#gpu, 'vision', frames, patchGrid(vision) ** 2);
    this.#segments.push(segments);
    return this.#plan('vision tower', input, (tape) => siglipFeatures(tape, tower, input, segments));
  }

  async #recordAudio(tower: Whisper): Promise<TowerPlan> {
    const { melBins, positions } = tower.config;
    const input = this.#gpu.tensor('inputs', 'log-mel', [melBins, 2 * positions]);
    const segments = uploadSegments(this.#gpu, 'audio', 1, positions);
    this.#segments.push(segments);
    return this.#plan('audio tower', input, (tape) =>
      poolPositions(tape, whisperFeatures(tape, tower, input, segments)),
    );
  }

  async #plan(label: string, input: Tensor, forward: (tape: Tape) => Tensor): Promise<TowerPlan> {
    const tape = new Tape();
    const output = tape.recorder.keep(tape.constant(() => forward(tape)));
    const plan = await Plan.create(this.#gpu, label, tape.recorder, this.#arena);
    return { plan, input, output: plan.output(output) };
  }

  async encode(clip: ClipInput): Promise<Features> {
    const run = async (tower: TowerPlan | undefined, data: Float32Array | undefined) => {
      if (!tower || !data) return undefined;
      this.#gpu.write(tower.input, data);
      await tower.plan.run();
      return this.#gpu.read(tower.output);
    };
    const vision = await run(this.#vision, clip.pixels);
    const audio = await run(this.#audio, clip.logMel);
    return { ...(vision ? { vision } : {}), ...(audio ? { audio } : {}) };
  }

  [Symbol.dispose](): void {
    for (const tower of [this.#vision, this.#audio]) {
      tower?.plan[Symbol.dispose]();
      if (tower) this.#gpu.free(tower.input);
    }
    for (const segments of this.#segments) freeSegments(this.#gpu, segments);
    this.#arena[Symbol.dispose]();
    this.#loader[Symbol.dispose]();
  }
}

/** BERT's row [1, width] of the text that steers the gate; BERT is on the device only while this runs. */
export async function encodeQuestion(
  gpu: Gpu,
  { files, config }: EncoderSource,
  ids: readonly number[],
): Promise<Float32Array> {
  using loader = new WeightLoader(gpu, weightSources(files));
  const bert = openGateEncoder(loader.open, config);
  await loader.load();
  const tokens = uploadBertTokens(gpu, [ids]);
  using arena = new Arena(gpu, 'question');
  const tape = new Tape();
  const row = tape.recorder.keep(tape.constant(() => bertFirstRows(tape, bert, tokens)));
  using plan = await Plan.create(gpu, 'question', tape.recorder, arena);
  await plan.run();
  const values = await gpu.read(plan.output(row));
  freeBertTokens(gpu, tokens);
  return values;
}
