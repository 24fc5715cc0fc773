/** A stretch of device work, in milliseconds of `performance.now()`. */
export interface DeviceSpan {
  readonly part: string;
  readonly start: number;
  readonly end: number;
}

/** The most that WebGPU lets one query set hold, two for each submission. */
const MOST_QUERIES = 4096;
const BYTES_A_QUERY = 8;
/**
 * Timestamps are read in multiples of so many: the slower the device, the more submissions a step has, and buffers to read through
 * should not change with that.
 */
const QUERIES_A_PIECE = 512;

type PassTiming = Pick<GPUComputePassDescriptor, 'timestampWrites'>;

/** What the clock needs of the engine. */
interface ClockDevice {
  readonly device: GPUDevice;
  /** A buffer to resolve a query set into. */
  queryBuffer(label: string, bytes: number): GPUBuffer;
  readBuffer(buffer: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer>;
  release(buffer: GPUBuffer): void;
}

interface Submission {
  readonly part: string;
  /** When it was submitted. */
  readonly at: number;
}

/**
 * Says how long the device worked on which part of a step. Where the device has timestamps, each timed submission's pass
 * writes two; all are read at once, when it is asked. Where it has none, a submission is taken to run from when the one
 * before it was done until it is seen to be done: what the browser needs to notice counts as the device's.
 */
export class DeviceClock {
  readonly #gpu: ClockDevice;
  #queries?: { readonly set: GPUQuerySet; readonly resolved: GPUBuffer };
  #runs = false;
  /** Those whose timestamps lie in the query set. */
  #submissions: Submission[] = [];
  /** What is on its way: spans whose timestamps are being read, or submissions that are being waited for. */
  #pending: Promise<readonly DeviceSpan[]>[] = [];
  #lastDone = 0;

  constructor(gpu: ClockDevice) {
    this.#gpu = gpu;
  }

  /** Times what is submitted from now on, and forgets what was before. */
  start(): void {
    this.#runs = true;
    this.#submissions = [];
    this.#pending = [];
    this.#lastDone = performance.now();
    if (this.#gpu.device.features.has('timestamp-query')) this.#queries ??= this.#makeQueries();
  }

  #makeQueries() {
    const set = this.#gpu.device.createQuerySet({ label: 'step', type: 'timestamp', count: MOST_QUERIES });
    return { set, resolved: this.#gpu.queryBuffer('timestamps', MOST_QUERIES * BYTES_A_QUERY) };
  }

  /** Submits the commands that `encode` makes; it is given what the descriptor of their one pass must hold. */
  submit(part: string | undefined, encode: (timing: PassTiming) => GPUCommandBuffer): void {
    const { queue } = this.#gpu.device;
    if (!this.#runs || part === undefined) {
      queue.submit([encode({})]);
      return;
    }
    const commands = encode(this.#timing());
    const submission = { part, at: performance.now() };
    queue.submit([commands]);
    if (this.#queries) this.#submissions.push(submission);
    else this.#expect(this.#watch(submission));
  }

  #timing(): PassTiming {
    if (!this.#queries) return {};
    if (2 * this.#submissions.length === MOST_QUERIES) this.#expect(this.#readQueries());
    const first = 2 * this.#submissions.length;
    const indices = { beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
    return { timestampWrites: { querySet: this.#queries.set, ...indices } };
  }

  /** A device that is lost meanwhile is reported by whoever waits for its results. */
  #expect(spans: Promise<readonly DeviceSpan[]>): void {
    spans.catch(() => undefined);
    this.#pending.push(spans);
  }

  async #watch({ part, at }: Submission): Promise<DeviceSpan[]> {
    await this.#gpu.device.queue.onSubmittedWorkDone();
    const start = Math.max(at, this.#lastDone);
    this.#lastDone = Math.max(start, performance.now());
    return [{ part, start, end: this.#lastDone }];
  }

  /** Stops, and gives what was timed, in order. Waits for the device. */
  async take(): Promise<DeviceSpan[]> {
    if (this.#submissions.length > 0) this.#expect(this.#readQueries());
    this.#runs = false;
    const pending = this.#pending.splice(0);
    return (await Promise.all(pending)).flat();
  }

  async #readQueries(): Promise<DeviceSpan[]> {
    const { set, resolved } = this.#queries!;
    const submissions = this.#submissions.splice(0);
    const count = 2 * submissions.length;
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'timestamps' });
    encoder.resolveQuerySet(set, 0, count, resolved, 0);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const pieces = Math.ceil(count / QUERIES_A_PIECE);
    const bytes = await this.#gpu.readBuffer(resolved, 0, pieces * QUERIES_A_PIECE * BYTES_A_QUERY);
    const ms = Array.from(new BigUint64Array(bytes, 0, count), (ns) => Number(ns) / 1e6);
    // The device counts from another moment. No pass can begin before it is submitted, and the quickest begins at once.
    const shift = Math.max(...submissions.map(({ at }, index) => at - ms[2 * index]!));
    return submissions.map(({ part }, index) => {
      const start = ms[2 * index]! + shift;
      return { part, start, end: Math.max(start, ms[2 * index + 1]! + shift) };
    });
  }

  /** Frees what it reads through; the next start makes it anew. */
  trim(): void {
    if (!this.#queries) return;
    this.#queries.set.destroy();
    this.#gpu.release(this.#queries.resolved);
    this.#queries = undefined;
  }
}

/** Milliseconds by part. */
export function millisecondsByPart(spans: readonly DeviceSpan[]): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const { part, start, end } of spans) parts[part] = (parts[part] ?? 0) + end - start;
  return parts;
}
