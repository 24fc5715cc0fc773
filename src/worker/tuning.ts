import type { Gpu, TileMaker } from '../gpu/index.ts';
import type { FileStore } from '../io/file-store.ts';
import type { Finding } from '../ops/contest.ts';
import { makersOf } from '../ops/tune.ts';

/** Where the findings lie. */
const FILE = 'tuning.json';
/** Changes with the kernels that are timed. */
const VERSION = 3;

interface Kept {
  readonly device: string;
  readonly found: Readonly<Record<string, Finding>>;
}

/** What tuning needs of a device. */
type TunedGpu = Pick<Gpu, 'info' | 'isSoftware'> & { traits: Gpu['traits'] };

const nameOf = ({ info, traits }: TunedGpu): string =>
  [VERSION, info.vendor, info.architecture, info.description, traits.lanes, traits.halves].join(' | ');

/**
 * Lets a GPU's products be made by whom they are made fastest. Measured once by `measure`, then recalled, so that a
 * device always computes alike. Software adapters keep to what is known of them: their times say little on a busy machine.
 */
export async function tuneDevice(
  gpu: TunedGpu,
  store: FileStore | undefined,
  measure: () => Promise<Record<string, Finding>>,
): Promise<Readonly<Record<string, TileMaker>>> {
  if (gpu.isSoftware) return {};
  const found = (await recall(gpu, store)) ?? (await measureAnew(gpu, store, measure));
  const makers = makersOf(found);
  gpu.traits = { ...gpu.traits, makers };
  return makers;
}

async function recall(gpu: TunedGpu, store?: FileStore): Promise<Kept['found'] | undefined> {
  const text = await store?.text(FILE);
  if (!text) return undefined;
  try {
    const kept = JSON.parse(text) as Kept;
    return kept.device === nameOf(gpu) ? kept.found : undefined;
  } catch {
    // A file that was cut off: measured anew.
    return undefined;
  }
}

async function measureAnew(
  gpu: TunedGpu,
  store: FileStore | undefined,
  measure: () => Promise<Record<string, Finding>>,
): Promise<Kept['found']> {
  const found = await measure();
  const kept: Kept = { device: nameOf(gpu), found };
  if (store) {
    const writer = await store.create(FILE);
    try {
      writer.write(new TextEncoder().encode(JSON.stringify(kept)));
    } finally {
      writer.close();
    }
  }
  return found;
}
