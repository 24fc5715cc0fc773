import type { ShownClip, VisionGrid } from '../../decoder/mrope.ts';
import { type Arena, type Gpu, Plan, Tape, type Tensor } from '../../gpu/index.ts';

/** What an example shows and plays, as the towers take it; a missing sense is absent. */
export interface ClipInput {
  /** f32 [frames, 3, side, side] in [-1, 1]. */
  readonly pixels?: Float32Array;
  /** f32 [mel bins, columns]. */
  readonly logMel?: Float32Array;
  /** Of each picture and video f32 [patches, values of one], for a tower that takes frames of any size. */
  readonly patches?: readonly (ShownClip & { readonly rows: Float32Array })[];
}

/** What the frozen towers make of a clip: computed once, then every step uses it again. */
export interface Features {
  /** [frames · patches, width]; of a tower that takes frames of any size [tokens, width of the decoder], one picture or video after another. */
  readonly vision?: Float32Array;
  /** [audio tokens, width] */
  readonly audio?: Float32Array;
}

/** Runs a model's towers over clips, one at a time; it has them on the device until it is closed. */
export interface ClipEncoder {
  /** Takes the memory that clips of this grid need, where it depends on the clip. */
  prepare?(grid: VisionGrid): Promise<void>;
  encode(clip: ClipInput): Promise<Features>;
  [Symbol.dispose](): void;
}

/** For a tower that is a part of the policy: what it will be given, one picture or video after another. */
export const UNENCODED: ClipEncoder = {
  encode({ patches = [] }) {
    const rows = new Float32Array(patches.reduce((sum, each) => sum + each.rows.length, 0));
    let at = 0;
    for (const each of patches) {
      rows.set(each.rows, at);
      at += each.rows.length;
    }
    return Promise.resolve({ vision: rows });
  },
  [Symbol.dispose]() {
    // It holds nothing.
  },
};

/** A tower recorded for inputs of one shape. */
export interface TowerPlan {
  readonly plan: Plan;
  readonly input: Tensor;
  readonly output: Tensor;
}

/** Records a tower's forward pass over `input`. */
export async function planTower(
  gpu: Gpu,
  arena: Arena,
  label: string,
  input: Tensor,
  forward: (tape: Tape) => Tensor,
): Promise<TowerPlan> {
  const tape = Tape.on(gpu);
  const output = tape.recorder.keep(tape.constant(() => forward(tape)));
  const plan = await Plan.create(gpu, label, tape.recorder, arena);
  return { plan, input, output: plan.output(output) };
}

/** What a tower makes of one input. */
export async function runTower(gpu: Gpu, { plan, input, output }: TowerPlan, data: Float32Array) {
  gpu.write(input, data);
  await plan.run();
  return gpu.read(output);
}

/** Frees a tower's plan and input; its weights belong to the loader. */
export function freeTower(gpu: Gpu, { plan, input }: TowerPlan): void {
  plan[Symbol.dispose]();
  gpu.free(input);
}
