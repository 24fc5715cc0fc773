import { WeightLoader } from '../../decoder/weights.ts';
import { Arena, type Gpu, Plan, Tape } from '../../gpu/index.ts';
import type { EncoderSource } from '../api.ts';
import {
  type ClipEncoder,
  type ClipInput,
  type Features,
  freeTower,
  planTower,
  runTower,
  type TowerPlan,
} from '../shared/clip-encoder.ts';
import { freeSegments, type Segments, uploadSegments } from '../shared/encoder-layer.ts';
import { sourcesOf } from '../shared/weight-sources.ts';
import { poolPositions } from './audio-projector.ts';
import { bertAliases, bertFirstRows, freeBertTokens, uploadBertTokens, writeBertTokens } from './bert.ts';
import { type HumanOmniConfig, openGateEncoder, openTowers, type Towers } from './parts.ts';
import { patchGrid, type Siglip, siglipAliases, siglipFeatures } from './siglip.ts';
import { type Whisper, whisperAliases, whisperFeatures } from './whisper.ts';

/** The towers' names in folders of their own. */
export const ALIASES = { vision: siglipAliases, audio: whisperAliases, bert: bertAliases };

/** SigLIP and Whisper: pixels and log-mel in, features out. */
export class HumanOmniEncoder implements ClipEncoder {
  readonly #gpu: Gpu;
  readonly #config: HumanOmniConfig;
  readonly #loader: WeightLoader;
  readonly #arena: Arena;
  readonly #segments: Segments[] = [];
  /** By the pictures that it takes at a time: those of a video, or one. */
  readonly #vision = new Map<number, TowerPlan>();
  #siglip!: Siglip;
  #audio?: TowerPlan;

  private constructor(gpu: Gpu, { files, config }: EncoderSource<HumanOmniConfig>) {
    this.#gpu = gpu;
    this.#config = config;
    this.#loader = new WeightLoader(gpu, sourcesOf(files, ALIASES));
    this.#arena = new Arena(gpu, 'encoder');
  }

  static async create(
    gpu: Gpu,
    source: EncoderSource<HumanOmniConfig>,
    progress?: (doneBytes: number, totalBytes: number) => void,
  ): Promise<HumanOmniEncoder> {
    const encoder = new HumanOmniEncoder(gpu, source);
    const { vision, audio }: Towers = openTowers(encoder.#loader.open, source.config);
    await encoder.#loader.load(progress);
    encoder.#siglip = vision;
    await encoder.#visionOf(source.config.frames);
    if (audio) encoder.#audio = await encoder.#recordAudio(audio);
    return encoder;
  }

  async #visionOf(frames: number): Promise<TowerPlan> {
    const plan = this.#vision.get(frames) ?? (await this.#recordVision(this.#siglip, frames));
    this.#vision.set(frames, plan);
    return plan;
  }

  async #recordVision(tower: Siglip, frames: number): Promise<TowerPlan> {
    const { vision } = this.#config;
    const input = this.#gpu.tensor('inputs', 'pixels', [frames, 3, vision.imageSize, vision.imageSize]);
    const segments = uploadSegments(this.#gpu, 'vision', frames, patchGrid(vision) ** 2);
    this.#segments.push(segments);
    return planTower(this.#gpu, this.#arena, 'vision tower', input, (tape) =>
      siglipFeatures(tape, tower, input, segments),
    );
  }

  async #recordAudio(tower: Whisper): Promise<TowerPlan> {
    const { melBins, positions } = tower.config;
    const input = this.#gpu.tensor('inputs', 'log-mel', [melBins, 2 * positions]);
    const segments = uploadSegments(this.#gpu, 'audio', 1, positions);
    this.#segments.push(segments);
    return planTower(this.#gpu, this.#arena, 'audio tower', input, (tape) =>
      poolPositions(tape, whisperFeatures(tape, tower, input, segments)),
    );
  }

  async encode({ pixels, logMel }: ClipInput): Promise<Features> {
    const frames = (pixels?.length ?? 0) / (3 * this.#config.vision.imageSize ** 2);
    const vision = pixels && (await runTower(this.#gpu, await this.#visionOf(frames), pixels));
    const audio = this.#audio && logMel && (await runTower(this.#gpu, this.#audio, logMel));
    return { ...(vision ? { vision } : {}), ...(audio ? { audio } : {}) };
  }

  [Symbol.dispose](): void {
    for (const tower of [...this.#vision.values(), this.#audio]) if (tower) freeTower(this.#gpu, tower);
    for (const segments of this.#segments) freeSegments(this.#gpu, segments);
    this.#arena[Symbol.dispose]();
    this.#loader[Symbol.dispose]();
  }
}

/**
 * BERT's row f32 [width] of each text that steers a gate; BERT is on the device only while this runs. Every text is encoded by
 * itself, so that its row does not depend on the others.
 */
export async function encodeGateTexts(
  gpu: Gpu,
  { files, config }: EncoderSource<HumanOmniConfig>,
  texts: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  using loader = new WeightLoader(gpu, sourcesOf(files, ALIASES));
  const bert = openGateEncoder(loader.open, config);
  await loader.load();
  const rows: Float32Array[] = [];
  for (const length of new Set(texts.map((ids) => ids.length))) {
    const group = [...texts.entries()].filter(([, ids]) => ids.length === length);
    const tokens = uploadBertTokens(gpu, [group[0]![1]]);
    using arena = new Arena(gpu, 'question');
    const tape = Tape.on(gpu);
    const row = tape.recorder.keep(tape.constant(() => bertFirstRows(tape, bert, tokens)));
    using plan = await Plan.create(gpu, 'question', tape.recorder, arena);
    for (const [index, ids] of group) {
      writeBertTokens(gpu, tokens, [ids]);
      await plan.run();
      rows[index] = await gpu.read(plan.output(row));
    }
    freeBertTokens(gpu, tokens);
  }
  return rows;
}
