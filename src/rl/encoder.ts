import { Arena, type Gpu, Plan, Tape, type Tensor } from '../gpu/index.ts';
import { bertFirstRows, freeBertTokens, uploadBertTokens } from '../models/bert.ts';
import { freeSegments, type Segments, uploadSegments } from '../models/encoder.ts';
import { patchGrid, siglipFeatures } from '../models/siglip.ts';
import { whisperFeatures } from '../models/whisper.ts';
import type { ModelView, Policy } from './policy.ts';

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
  /** [positions, width] */
  readonly audio?: Float32Array;
}

interface TowerPlan {
  readonly plan: Plan;
  readonly input: Tensor;
  readonly output: Tensor;
}

/** Runs the towers over clips, one at a time; pixels and log-mel in, features out. */
export class ClipEncoder {
  readonly #gpu: Gpu;
  readonly #arena: Arena;
  readonly #segments: Segments[] = [];
  #vision?: TowerPlan;
  #audio?: TowerPlan;

  private constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#arena = new Arena(gpu, 'encoder');
  }

  static async create(policy: Policy): Promise<ClipEncoder> {
    const encoder = new ClipEncoder(policy.gpu);
    encoder.#vision = await encoder.#recordVision(policy);
    if (policy.towers.audio) encoder.#audio = await encoder.#recordAudio(policy);
    return encoder;
  }

  async #recordVision({ gpu, config, towers }: Policy): Promise<TowerPlan> {
    const { imageSize } = config.vision;
    const input = gpu.tensor('inputs', 'pixels', [config.frames, 3, imageSize, imageSize]);
    const segments = uploadSegments(gpu, 'vision', config.frames, patchGrid(config.vision) ** 2);
    this.#segments.push(segments);
    return this.#plan('vision tower', input, (tape) => siglipFeatures(tape, towers.vision, input, segments));
  }

  async #recordAudio({ gpu, towers }: Policy): Promise<TowerPlan> {
    const { melBins, positions } = towers.audio!.config;
    const input = gpu.tensor('inputs', 'log-mel', [melBins, 2 * positions]);
    const segments = uploadSegments(gpu, 'audio', 1, positions);
    this.#segments.push(segments);
    return this.#plan('audio tower', input, (tape) => whisperFeatures(tape, towers.audio!, input, segments));
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
  }
}

/** BERT's row [1, width] of the text that steers the gate. */
export async function encodeQuestion(
  gpu: Gpu,
  view: ModelView,
  ids: readonly number[],
): Promise<Float32Array> {
  const tokens = uploadBertTokens(gpu, [ids]);
  using arena = new Arena(gpu, 'question');
  const tape = new Tape();
  const row = tape.recorder.keep(tape.constant(() => bertFirstRows(tape, view.media.bert, tokens)));
  using plan = await Plan.create(gpu, 'question', tape.recorder, arena);
  await plan.run();
  const values = await gpu.read(plan.output(row));
  freeBertTokens(gpu, tokens);
  return values;
}
