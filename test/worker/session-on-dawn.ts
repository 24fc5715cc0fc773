/** A whole session on Dawn: the golden toy model, clips made up from one byte each, runs kept in memory. */
import { Gpu } from '../../src/gpu/index.ts';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import { InputError } from '../../src/math/errors.ts';
import { tf } from '../../src/media/tf-device.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { Event, EventOf, EventType, RunState } from '../../src/protocol/messages.ts';
import type { Decode } from '../../src/worker/clips/decoded.ts';
import type { SessionHost } from '../../src/worker/host.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { Session } from '../../src/worker/session.ts';
import type { MemoryStore } from '../io/memory-store.ts';
import { numbers } from '../ops/harness.ts';
import { openTestDevice, sharedTestDevice } from '../setup/adapter.ts';

const MODEL = 'test/golden/omni-tiny';
const SIDE = 24;
const LABELS = ['happy', 'sad', 'angry', 'neutral', 'happy', 'sad'];

const CONFIG: Partial<Config> = {
  steps: 4,
  promptsPerStep: 2,
  groupSize: 2,
  maxCompletionLength: 6,
  loraRank: 2,
  learningRate: 0.01,
  question: 'Which?',
  // Only where a test is about it.
  evalOnStart: false,
  checkpointEvery: 2,
};

/** All settings of a run that `start` begins with these. */
export const configOf = (values: Partial<Config>): Config => parseConfig({ ...CONFIG, ...values });

/** Frames and sound that follow from the clip's only byte. */
export const decode: Decode = async ({ path, files }, options) => {
  const frames = options.frames as number;
  const [byte = 0] = new Uint8Array(await (await files[0]!.blob()).arrayBuffer());
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (byte * 7 + i) % 256);
  return {
    name: path,
    frames: Array.from({ length: frames }, () => ({ width: SIDE, height: SIDE, data })),
    frameIndices: Array.from({ length: frames }, (_, i) => i),
    waveform: numbers(8000, byte + 1, 0.1),
    ...{ durationSeconds: 0.5, frameCount: frames, fps: 16, width: SIDE, height: SIDE, warnings: [] },
  };
};

function dataTree(): FileTree {
  const rows = LABELS.map((label, index) => ({
    video: `${index}.mp4`,
    split: index < 4 ? 'train' : 'test',
    conversations: [
      { from: 'human', value: '<video>\n<audio>\nWhich?' },
      { from: 'gpt', value: label },
    ],
  }));
  const clips = LABELS.map((_, index) => ({
    path: `${index}.mp4`,
    blob: async () => new Blob([Uint8Array.of(index + 1)]) as File,
  }));
  const json = { path: 'data.json', blob: async () => new Blob([JSON.stringify(rows)]) as File };
  return { name: 'clips', files: [json, ...clips] };
}

/** A device of its own, which can be lost at a given piece of work. */
class FrailGpu {
  readonly gpu: Gpu;
  /** It is lost when commands of that label are about to be written. */
  lostAt?: string;

  constructor(gpu: Gpu) {
    this.gpu = gpu;
    const { device } = gpu;
    const create = device.createCommandEncoder.bind(device);
    Object.defineProperty(device, 'createCommandEncoder', {
      value: (descriptor: GPUCommandEncoderDescriptor) => {
        if (this.lostAt !== undefined && descriptor.label?.startsWith(this.lostAt)) this.lose();
        return create(descriptor);
      },
    });
  }

  lose(): void {
    this.gpu.device.destroy();
  }
}

export interface SessionOptions {
  /** Where runs are kept; nowhere unless given. */
  readonly files?: MemoryStore;
  /** One that can be lost; unless given, it computes on the device that all tests share. */
  readonly device?: FrailGpu;
  readonly host?: Partial<SessionHost>;
  /** What is opened; the toy model and the made-up clips unless given. */
  readonly model?: FileTree;
  readonly data?: FileTree;
}

export class SessionOnDawn {
  readonly events: Event[] = [];
  /** Those of its own. */
  readonly devices: FrailGpu[] = [];
  /** What it began on. */
  readonly gpu: Gpu;
  /** Whether a new device can be had. */
  hasGpu = true;
  readonly session: Session;
  #wake: () => void = () => undefined;

  private constructor(gpu: Gpu, { files, host }: SessionOptions) {
    this.gpu = gpu;
    const emit = (event: Event): void => {
      this.events.push(event);
      this.#wake();
    };
    this.session = new Session(gpu, emit, {
      decode,
      openGpu: () => this.#openGpu(),
      openFeatureCache: async () => memoryFeatureCache(),
      writeExport: async (all) => {
        const written = [];
        for (const { path, pieces } of all) {
          const parts: BlobPart[] = [];
          for await (const piece of pieces()) parts.push(piece.slice());
          written.push({ name: path, blob: new Blob(parts) });
        }
        return written;
      },
      ...(files ? { runs: new RunStore(files) } : {}),
      ...host,
    });
  }

  static async open(options: SessionOptions = {}): Promise<SessionOnDawn> {
    await tf.setBackend('cpu');
    const opened = new SessionOnDawn(options.device?.gpu ?? (await sharedGpu()), options);
    if (options.device) opened.devices.push(options.device);
    const { model = await treeFromDisk(MODEL), data = dataTree() } = options;
    await opened.session.openModelTree(1, async () => model);
    await opened.session.openData({ type: 'openData', requestId: 2, files: await sourceFiles(data) });
    return opened;
  }

  async #openGpu(): Promise<Gpu> {
    if (!this.hasGpu) throw new InputError('There is no adapter.', { hint: 'Look at chrome://gpu.' });
    const device = await openFrailGpu();
    this.devices.push(device);
    return device.gpu;
  }

  /** The device at hand, of those of its own. */
  get device(): FrailGpu {
    return this.devices.at(-1)!;
  }

  start(values: Partial<Config> = {}): void {
    this.session.start({ type: 'start', config: configOf(values) });
  }

  said<T extends EventType>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type);
  }

  get state(): RunState | undefined {
    return this.said('state').at(-1)?.state;
  }

  /** The first event from now on that fits. */
  async next(fits: (event: Event) => boolean): Promise<Event> {
    for (let at = this.events.length; ; ) {
      for (; at < this.events.length; at++) if (fits(this.events[at]!)) return this.events[at]!;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  reach(...states: RunState[]): Promise<Event> {
    return this.next((event) => event.type === 'state' && states.includes(event.state));
  }

  close(): void {
    this.session.stop();
    for (const { gpu } of this.devices) gpu.device.destroy();
  }
}

async function sharedGpu(): Promise<Gpu> {
  const { device, info } = await sharedTestDevice();
  return new Gpu(device, { info });
}

export async function openFrailGpu(): Promise<FrailGpu> {
  const { device, info } = await openTestDevice();
  return new FrailGpu(new Gpu(device, { info }));
}

async function sourceFiles({ name, files }: FileTree) {
  return Promise.all(
    files.map(async ({ path, blob }) => ({ path: `${name}/${path}`, file: (await blob()) as File })),
  );
}
