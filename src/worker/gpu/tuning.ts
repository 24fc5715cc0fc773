import { z } from 'zod';
import { type Gpu, TILE_MAKERS, type TileMaker } from '../../gpu/index.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import type { Finding } from '../../ops/tuning/contest.ts';
import { makersOf } from '../../ops/tuning/tune.ts';

/** Where the findings lie. */
const FILE = 'tuning.json';
/** Changes with the kernels that are timed. */
const VERSION = 3;

const MAKER = z.enum(TILE_MAKERS);
const KEPT = z.object({
  device: z.string(),
  found: z.record(
    z.string(),
    z.object({ maker: MAKER, ms: z.partialRecord(MAKER, z.number().nonnegative()) }),
  ),
});

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
    const kept = KEPT.safeParse(JSON.parse(text)).data;
    return kept?.device === nameOf(gpu) ? kept.found : undefined;
  } catch {
    // A file that was cut off or holds something else: measured anew, and written again.
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
