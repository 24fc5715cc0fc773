/** A vision tower that trains: what it makes of patches with the weights as they are, and the gradients of these weights. */

import { mergedTokens, type VisionGrid } from '../../decoder/mrope.ts';
import {
  freePatches,
  type PatchLayout,
  patchValues,
  type Qwen2VlVision,
  qwen2VlVisionTokens,
  uploadPatches,
} from '../../families/qwen-vl/vision.ts';
import { Arena, copyWords, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';
import type { AskedFeatures } from './gate.ts';
import type { MediaTokens } from './media-input.ts';

/** Grids whose plans are kept at a time: clips of one data set have few sizes. */
const MOST_GRIDS = 4;
/** Bytes that the blocks may keep until the backward; above it only their inputs are kept. */
const KEPT_BYTES = 2 ** 30;

/** What is recorded for pictures and videos of one grid. */
interface GridPlans {
  readonly layout: PatchLayout;
  /** f32 [patches, values of one] */
  readonly pixels: Tensor;
  readonly forward: Plan;
  /** f32 [tokens, width of the decoder] */
  readonly tokens: Tensor;
  readonly backward?: Plan;
  /** The gradient of `tokens`. */
  readonly seed?: Tensor;
}

/** A picture or video, and where its tokens lie among those of a pass. */
interface Piece {
  readonly grid: VisionGrid;
  readonly rows: Float32Array;
  readonly firstToken: number;
  readonly count: number;
}

export interface TowerUse {
  readonly trains: boolean;
  readonly checkpoint?: boolean;
}

/**
 * Runs forward by itself, and forward and backward at once where the gradient of its tokens is known: behind the decoder's
 * pass. So the two passes never need their memory at the same time, and clips of any grid share the decoder's plans.
 */
export class VisionTower {
  readonly #gpu: Gpu;
  readonly #model: Qwen2VlVision;
  readonly #trains: boolean;
  readonly #checkpoint: boolean | undefined;
  readonly #arena: Arena;
  readonly #plans = new Map<string, GridPlans>();

  /**
   * `trains`: whether gradients are wanted, too; `checkpoint`: whether blocks are computed again for them, by their memory unless
   * said. The weights belong to whoever opened them.
   */
  constructor(gpu: Gpu, model: Qwen2VlVision, { trains, checkpoint }: TowerUse) {
    this.#gpu = gpu;
    this.#model = model;
    this.#trains = trains;
    this.#checkpoint = checkpoint;
    this.#arena = new Arena(gpu, 'vision tower');
  }

  /** Takes the memory that pictures and videos of this grid need. */
  async prepare(grid: VisionGrid): Promise<void> {
    await this.#plansFor(grid);
  }

  /** The decoder's tokens of what an example shows, one picture or video after another. */
  async tokens(features: AskedFeatures): Promise<MediaTokens> {
    const width = this.#model.config.outputWidth;
    const pieces = this.#pieces(features, 0);
    const rows = new Float32Array(width * pieces.reduce((sum, { count }) => sum + count, 0));
    for (const { grid, rows: pixels, firstToken } of pieces) {
      const { tokens } = await this.#forward(grid, pixels);
      rows.set(await this.#gpu.read(tokens), width * firstToken);
    }
    return { rows };
  }

  /** As `tokens`, into rows of a tensor [n, width] from `firstRow` on. Returns how many they are. */
  async tokensInto(features: AskedFeatures, target: Tensor, firstRow: number): Promise<number> {
    const width = this.#model.config.outputWidth;
    const pieces = this.#pieces(features, firstRow);
    for (const { grid, rows, firstToken, count } of pieces) {
      const { tokens } = await this.#forward(grid, rows);
      copyWords(this.#gpu, { tensor: tokens }, { tensor: target, to: width * firstToken }, width * count);
    }
    return pieces.reduce((sum, { count }) => sum + count, 0);
  }

  /** Adds the gradients of the tower's weights, given those of its tokens: rows of a tensor [n, width] from `firstRow` on. */
  async backward(features: AskedFeatures, gradients: Tensor, firstRow: number): Promise<number> {
    const width = this.#model.config.outputWidth;
    const pieces = this.#pieces(features, firstRow);
    for (const { grid, rows, firstToken, count } of pieces) {
      const { pixels, seed, backward } = await this.#plansFor(grid);
      if (!seed || !backward) throw new Error('VisionTower: a backward pass of a tower that does not train.');
      copyWords(this.#gpu, { tensor: gradients, from: width * firstToken }, { tensor: seed }, width * count);
      this.#gpu.write(pixels, rows);
      await backward.run();
    }
    return pieces.reduce((sum, { count }) => sum + count, 0);
  }

  async #forward(grid: VisionGrid, rows: Float32Array): Promise<GridPlans> {
    const plans = await this.#plansFor(grid);
    this.#gpu.write(plans.pixels, rows);
    await plans.forward.run();
    return plans;
  }

  #pieces({ patches, vision }: AskedFeatures, firstRow: number): Piece[] {
    // Of an example that shows nothing there are none.
    if (!patches && !vision) return [];
    if (!patches)
      throw new Error('VisionTower: features without the patches that a tower which trains is given.');
    const { merge } = this.#model.config;
    let [firstToken, at] = [firstRow, 0];
    return patches.shown.map(({ grid }) => {
      const count = mergedTokens(grid, merge);
      const values = count * merge ** 2 * patchValues(this.#model.config);
      const piece = { grid, rows: patches.rows.subarray(at, at + values), firstToken, count };
      firstToken += count;
      at += values;
      return piece;
    });
  }

  async #plansFor(grid: VisionGrid): Promise<GridPlans> {
    const key = grid.join('x');
    const known = this.#plans.get(key) ?? (await this.#record(grid, key));
    // Last used goes last, so that the first is the one unused for longest.
    this.#plans.delete(key);
    this.#plans.set(key, known);
    return known;
  }

  async #record(grid: VisionGrid, key: string): Promise<GridPlans> {
    if (this.#plans.size >= MOST_GRIDS) {
      const [oldest, plans] = this.#plans.entries().next().value!;
      this.#plans.delete(oldest);
      this.#free(plans);
    }
    const gpu = this.#gpu;
    const { config } = this.#model;
    const layout = uploadPatches(gpu, grid, config);
    const count = mergedTokens(grid, config.merge) * config.merge ** 2;
    const pixels = gpu.tensor('inputs', 'patches', [count, patchValues(config)]);
    const tape = Tape.on(gpu);
    const tokens = tape.recorder.keep(
      tape.constant(() => qwen2VlVisionTokens(tape, this.#model, pixels, layout)),
    );
    const forward = await Plan.create(gpu, `vision tower ${key}`, tape.recorder, this.#arena);
    const recorded = { layout, pixels, forward, tokens: forward.output(tokens) };
    return this.#trains ? { ...recorded, ...(await this.#recordBackward(key, recorded)) } : recorded;
  }

  async #recordBackward(
    key: string,
    { layout, pixels, tokens }: Pick<GridPlans, 'layout' | 'pixels' | 'tokens'>,
  ): Promise<Pick<GridPlans, 'seed' | 'backward'>> {
    const gpu = this.#gpu;
    const seed = gpu.tensor('inputs', 'd vision tokens', tokens.shape);
    const tape = Tape.on(gpu);
    tape.recorder.mark('backward');
    const checkpoint = this.#checkpoint ?? keptBytes(this.#model, pixels.shape[0]!) > KEPT_BYTES;
    tape.backward([[qwen2VlVisionTokens(tape, this.#model, pixels, layout, { checkpoint }), seed]]);
    const backward = await Plan.create(gpu, `backward of vision tower ${key}`, tape.recorder, this.#arena);
    return { seed, backward };
  }

  #free({ layout, pixels, forward, backward, seed }: GridPlans): void {
    forward[Symbol.dispose]();
    backward?.[Symbol.dispose]();
    freePatches(this.#gpu, layout);
    this.#gpu.free(pixels, ...(seed ? [seed] : []));
  }

  [Symbol.dispose](): void {
    for (const plans of this.#plans.values()) this.#free(plans);
    this.#arena[Symbol.dispose]();
  }
}

/** Bytes that all blocks keep of so many patches for the backward: nine rows of the tower's width, three of its MLP's. */
const keptBytes = ({ config: { depth, width, mlpWidth } }: Qwen2VlVision, patches: number): number =>
  4 * patches * depth * (9 * width + 3 * mlpWidth);
