import type { Arena } from './arena.ts';
import { encodeUniforms } from './bound.ts';
import type { Gpu } from './device.ts';
import { kernelLabel } from './kernel.ts';
import { assignObjects, lifetimes } from './lifetimes.ts';
import { rest } from './pace.ts';
import type { Pipeline } from './pipelines.ts';
import { type Program, reachableProgram } from './reachable.ts';
import type { Dispatch, Recorder } from './recorder.ts';
import { byteLength, type Tensor } from './tensor.ts';

/** Uniform slots are bound at multiples of the default minUniformBufferOffsetAlignment, in bytes. */
const UNIFORM_SLOT = 256;
/** Dispatches of a submission before it is known how long one takes; without queueing, as many as may be too many. */
const FIRST_SLICE = { queued: 64, paced: 8 };
const MOST_DISPATCHES = 4096;
/** Runs that are timed at most, to know how much to submit at a time: a GPU's first ones are slow, its clock has yet to rise. */
const MOST_CALIBRATIONS = 4;
/** Dispatches timed at once: WebGPU lets a query set hold 4,096 timestamps. */
const MOST_PROFILED = 2048;

interface Step {
  readonly label: string;
  readonly pipeline: Pipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** Dispatches that follow one another in one part of a step: from `first` to before `end`. */
interface Stretch {
  readonly first: number;
  readonly end: number;
  readonly part: string | undefined;
}

function stretchesOf({ dispatches, marks }: Program): Stretch[] {
  const starts = [{ first: 0, part: undefined }, ...marks];
  return starts.map(({ first, part }, index) => ({
    first,
    end: starts[index + 1]?.first ?? dispatches.length,
    part,
  }));
}

export interface DispatchTime {
  readonly label: string;
  readonly microseconds: number;
}

/** Assigned memory of one recording. */
class Placement {
  readonly #buffers = new Map<number, GPUBuffer>();

  constructor({ dispatches }: Program, { planned, kept }: Recorder, arena: Arena) {
    const lives = lifetimes(dispatches, planned, kept);
    const objects = assignObjects(lives);
    const buffers = arena.take(objects.map((object) => object.bytes));
    objects.forEach((object, index) => {
      for (const tenant of object.tenants) this.#buffers.set(tenant.id, buffers[index]!);
    });
  }

  locate(tensor: Tensor): GPUBufferBinding {
    const { storage } = tensor;
    if (storage.kind === 'buffer') {
      return { buffer: storage.buffer, offset: storage.offset, size: byteLength(tensor) };
    }
    const buffer = this.#buffers.get(storage.id);
    if (!buffer) throw new Error(`${tensor.label} is used but no dispatch of this plan writes it.`);
    return { buffer, offset: 0, size: byteLength(tensor) };
  }
}

/** Distinct uniform structs of a recording, each once, in one buffer. */
class UniformTable {
  readonly #slots = new Map<string, number>();
  readonly #words: Uint32Array[] = [];

  slot(words: Uint32Array): number {
    const key = words.join();
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.#words.length;
      this.#slots.set(key, slot);
      this.#words.push(words);
    }
    return slot;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(1, this.#words.length) * UNIFORM_SLOT);
    this.#words.forEach((words, slot) => {
      bytes.set(new Uint8Array(words.buffer), slot * UNIFORM_SLOT);
    });
    return bytes;
  }
}

/** A recording made ready to run again and again: memory assigned, pipelines compiled, bind groups made. */
export class Plan {
  readonly #gpu: Gpu;
  readonly #steps: Step[];
  readonly #uniforms: GPUBuffer;
  readonly #placement: Placement;
  readonly #label: string;
  readonly #stretches: readonly Stretch[];
  /** Of one dispatch, on the average over the fastest run that was timed; known once the plan has run. */
  #milliseconds?: number;
  #calibrationsLeft = MOST_CALIBRATIONS;

  private constructor(
    gpu: Gpu,
    label: string,
    { steps, stretches }: { steps: Step[]; stretches: readonly Stretch[] },
    uniforms: GPUBuffer,
    placement: Placement,
  ) {
    this.#gpu = gpu;
    this.#label = label;
    this.#steps = steps;
    this.#stretches = stretches;
    this.#uniforms = uniforms;
    this.#placement = placement;
  }

  /** Drops what nobody reads, plans memory in `arena`, compiles what is not compiled yet, and builds every bind group. */
  static async create(gpu: Gpu, label: string, recorder: Recorder, arena: Arena): Promise<Plan> {
    const program = reachableProgram(recorder);
    const { dispatches } = program;
    const placement = new Placement(program, recorder, arena);
    const pipelines = await Promise.all(
      dispatches.map(({ kernel, special }) => gpu.pipelines.get(kernel, special)),
    );
    const table = new UniformTable();
    const slots = dispatches.map(({ uniforms }, index) =>
      table.slot(encodeUniforms(pipelines[index]!.bound.uniforms, uniforms)),
    );
    return gpu.checked(`plan ${label}`, () => {
      const uniforms = gpu.uniformBuffer(`${label} uniforms`, table.bytes());
      const steps = dispatches.map((dispatch, index) =>
        makeStep(gpu, dispatch, pipelines[index]!, placement, { buffer: uniforms, slot: slots[index]! }),
      );
      return new Plan(gpu, label, { steps, stretches: stretchesOf(program) }, uniforms, placement);
    });
  }

  get dispatchCount(): number {
    return this.#steps.length;
  }

  /** The tensor with its buffer, for reading after a run; it must have been kept while recording. */
  output(tensor: Tensor): Tensor {
    const { buffer, offset } = this.#placement.locate(tensor);
    return { ...tensor, storage: { kind: 'buffer', buffer: buffer as GPUBuffer, offset: offset ?? 0 } };
  }

  /** Submits every dispatch in order. Returns once submitted; reading a result waits for it. */
  async run(): Promise<void> {
    const { restShare } = this.#gpu.pace;
    if (this.#milliseconds === undefined || (this.#calibrationsLeft > 0 && restShare === 0)) {
      await this.#calibrate();
    } else if (restShare > 0) await this.#submitPaced();
    else for (const slice of this.#slices()) this.#submit(slice);
  }

  /** Submits slice after slice, the next one when the device has rested from the last. */
  async #submitPaced(): Promise<void> {
    const { device, pace } = this.#gpu;
    for (const slice of this.#slices()) {
      const since = performance.now();
      this.#submit(slice);
      await rest(device.queue, since, pace);
    }
  }

  /** What goes into one submission each: as many dispatches as the pace lets, of one part of a step only. */
  #slices(): Stretch[] {
    const { submitMs, restShare } = this.#gpu.pace;
    const fitting =
      this.#milliseconds === undefined
        ? FIRST_SLICE[restShare > 0 ? 'paced' : 'queued']
        : Math.floor(submitMs / this.#milliseconds);
    const length = Math.max(1, Math.min(MOST_DISPATCHES, fitting));
    return this.#stretches.flatMap(({ first, end, part }) =>
      Array.from({ length: Math.ceil((end - first) / length) }, (_, index) => {
        const start = first + index * length;
        return { first: start, end: Math.min(end, start + length), part };
      }),
    );
  }

  async #calibrate(): Promise<void> {
    const { queue } = this.#gpu.device;
    await queue.onSubmittedWorkDone();
    const start = performance.now();
    await this.#gpu.checked(`run ${this.#label}`, () => {
      for (const slice of this.#slices()) this.#submit(slice);
    });
    await queue.onSubmittedWorkDone();
    const milliseconds = (performance.now() - start) / Math.max(1, this.#steps.length);
    this.#milliseconds = Math.min(milliseconds, this.#milliseconds ?? Number.POSITIVE_INFINITY);
    // Another look could only let more be submitted at once.
    this.#calibrationsLeft = this.#isWhole() ? 0 : this.#calibrationsLeft - 1;
  }

  /** Whether each part of a step is one submission. */
  #isWhole(): boolean {
    return this.#slices().length === this.#stretches.filter(({ first, end }) => first < end).length;
  }

  #submit({ first, end, part }: Stretch): void {
    this.#gpu.clock.submit(part, (timing) => {
      const encoder = this.#gpu.device.createCommandEncoder({ label: this.#label });
      const pass = encoder.beginComputePass({ label: this.#label, ...timing });
      this.#encode(pass, first, end);
      pass.end();
      return encoder.finish();
    });
  }

  #encode(pass: GPUComputePassEncoder, first: number, end: number): void {
    let current: GPUComputePipeline | undefined;
    for (let index = first; index < end; index++) {
      const { pipeline, bindGroup, workgroups } = this.#steps[index]!;
      if (pipeline.pipeline !== current) {
        current = pipeline.pipeline;
        pass.setPipeline(current);
      }
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
    }
  }

  /** Runs each dispatch in a pass of its own between two timestamps. Throws where the device cannot take them. */
  async profile(): Promise<DispatchTime[]> {
    if (!this.#gpu.device.features.has('timestamp-query')) {
      throw new Error(
        `Plan.profile of ${this.#label}: the device was opened without the feature "timestamp-query", which times dispatches.`,
      );
    }
    const times: DispatchTime[] = [];
    for (let first = 0; first < this.#steps.length; first += MOST_PROFILED) {
      times.push(...(await this.#profileSteps(this.#steps.slice(first, first + MOST_PROFILED))));
    }
    return times;
  }

  async #profileSteps(steps: readonly Step[]): Promise<DispatchTime[]> {
    const { device } = this.#gpu;
    const count = steps.length * 2;
    const querySet = device.createQuerySet({ type: 'timestamp', count });
    const resolved = this.#gpu.queryBuffer('profile', count * 8);
    const encoder = device.createCommandEncoder();
    steps.forEach(({ pipeline, bindGroup, workgroups }, index) => {
      const timestampWrites = {
        querySet,
        beginningOfPassWriteIndex: 2 * index,
        endOfPassWriteIndex: 2 * index + 1,
      };
      const pass = encoder.beginComputePass({ timestampWrites });
      pass.setPipeline(pipeline.pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const stamps = new BigUint64Array(await this.#gpu.readBuffer(resolved, 0, count * 8));
    this.#gpu.release(resolved);
    querySet.destroy();
    return steps.map(({ label }, index) => ({
      label,
      microseconds: Number(stamps[2 * index + 1]! - stamps[2 * index]!) / 1000,
    }));
  }

  /** Frees the uniforms; memory objects belong to the arena. */
  [Symbol.dispose](): void {
    this.#gpu.release(this.#uniforms);
  }
}

function makeStep(
  gpu: Gpu,
  dispatch: Dispatch,
  pipeline: Pipeline,
  placement: Placement,
  uniforms: { buffer: GPUBuffer; slot: number },
): Step {
  const label = kernelLabel(dispatch.kernel, dispatch.special);
  const entries: GPUBindGroupEntry[] = [
    {
      binding: 0,
      resource: { buffer: uniforms.buffer, offset: uniforms.slot * UNIFORM_SLOT, size: UNIFORM_SLOT },
    },
  ];
  for (const { name, index } of pipeline.bound.bindings) {
    const tensor = dispatch.tensors[name];
    if (!tensor) throw new Error(`${label}: no tensor for binding ${name}.`);
    entries.push({ binding: index, resource: placement.locate(tensor) });
  }
  const bindGroup = gpu.device.createBindGroup({ label, layout: pipeline.layout, entries });
  return { label, pipeline, bindGroup, workgroups: dispatch.workgroups };
}
