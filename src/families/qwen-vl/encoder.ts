import type { VisionGrid } from '../../decoder/mrope.ts';
import { WeightLoader } from '../../decoder/weights.ts';
import { Arena, type Gpu } from '../../gpu/index.ts';
import { concatenated } from '../../math/arrays.ts';
import { freeRopeTable } from '../../ops/attention/rope.ts';
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
import { sourcesOf } from '../shared/weight-sources.ts';
import type { Qwen2VlConfig } from './parts.ts';
import {
  freePatches,
  openQwen2VlVision,
  type PatchLayout,
  patchValues,
  type Qwen2VlVision,
  qwen2VlVisionTokens,
  uploadPatches,
} from './vision.ts';

/** A tower's plan for one grid, which clips of one size share. */
interface GridPlan extends TowerPlan {
  readonly key: string;
  readonly layout: PatchLayout;
}

/** Vision tower and merger of a Qwen2-VL or Qwen2.5-VL: patches in, the decoder's tokens out. Clips of one size in a row share a plan. */
export class QwenVlEncoder implements ClipEncoder {
  readonly #gpu: Gpu;
  readonly #loader: WeightLoader;
  readonly #arena: Arena;
  readonly #tower: Qwen2VlVision;
  #plan?: GridPlan;

  private constructor(gpu: Gpu, loader: WeightLoader, tower: Qwen2VlVision) {
    this.#gpu = gpu;
    this.#loader = loader;
    this.#arena = new Arena(gpu, 'encoder');
    this.#tower = tower;
  }

  static async create(
    gpu: Gpu,
    { files, config }: EncoderSource<Qwen2VlConfig>,
    progress?: (doneBytes: number, totalBytes: number) => void,
  ): Promise<QwenVlEncoder> {
    const loader = new WeightLoader(gpu, sourcesOf(files));
    const tower = openQwen2VlVision(gpu, loader, config.vision);
    await loader.load(progress);
    return new QwenVlEncoder(gpu, loader, tower);
  }

  /** Takes the memory that clips of this grid need, before the first of them comes. */
  async prepare(grid: VisionGrid): Promise<void> {
    await this.#planFor(grid);
  }

  async #planFor(grid: VisionGrid): Promise<GridPlan> {
    const key = grid.join('x');
    if (this.#plan?.key === key) return this.#plan;
    this.#freePlan();
    const gpu = this.#gpu;
    const { config } = this.#tower;
    const [slices, rows, columns] = grid;
    const layout = uploadPatches(gpu, grid, config);
    const input = gpu.tensor('inputs', 'patches', [slices * rows * columns, patchValues(config)]);
    const plan = await planTower(gpu, this.#arena, `vision tower ${key}`, input, (tape) =>
      qwen2VlVisionTokens(tape, this.#tower, input, layout),
    );
    this.#plan = { ...plan, key, layout };
    return this.#plan;
  }

  async encode({ patches }: ClipInput): Promise<Features> {
    if (!patches) throw new Error('QwenVlEncoder: a clip without patches.');
    const parts: Float32Array[] = [];
    for (const { rows, grid } of patches)
      parts.push(await runTower(this.#gpu, await this.#planFor(grid), rows));
    return { vision: parts.length === 1 ? parts[0]! : concatenated(parts) };
  }

  #freePlan(): void {
    if (!this.#plan) return;
    freeTower(this.#gpu, this.#plan);
    freePatches(this.#gpu, this.#plan.layout);
    this.#plan = undefined;
  }

  [Symbol.dispose](): void {
    this.#freePlan();
    freeRopeTable(this.#gpu, this.#tower.rope);
    this.#arena[Symbol.dispose]();
    this.#loader[Symbol.dispose]();
  }
}
