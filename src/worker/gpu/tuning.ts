import { z } from 'zod';
import type { Gpu } from '../../gpu/index.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import { type Findings, variantsOf } from '../../ops/tuning/tune.ts';
import { VARIANTS, type Variant } from '../../ops/tuning/variants.ts';

/** Where the findings lie. */
const FILE = 'tuning.json';
/** To be raised when a variant is added or renamed, or a kernel that is timed changes: what was kept is measured again then. */
const VERSION = 5;

const VARIANT = z.enum(VARIANTS.map(({ variant }) => variant));
const KEPT = z.object({
  device: z.string(),
  found: z.record(
    z.string(),
    z.object({ variant: VARIANT, ms: z.partialRecord(VARIANT, z.number().nonnegative()) }),
  ),
});

interface Kept {
  readonly device: string;
  readonly found: Findings;
}

/** What tuning needs of a device. */
type TunedGpu = Pick<Gpu, 'info' | 'isSoftware'> & { traits: Gpu['traits'] };

const nameOf = ({ info, traits }: TunedGpu): string =>
  [VERSION, info.vendor, info.architecture, info.description, traits.lanes, traits.halves].join(' | ');

/**
 * Picks the fastest kernel variants for this GPU. Measured once by `measure`, then recalled, so that a device always computes
 * alike. Software adapters keep to what is usual for them: their times say little on a busy machine.
 */
export async function tuneDevice(
  gpu: TunedGpu,
  store: FileStore | undefined,
  measure: () => Promise<Findings>,
): Promise<Readonly<Record<string, Variant>>> {
  if (gpu.isSoftware) return {};
  const found = (await recall(gpu, store)) ?? (await measureAnew(gpu, store, measure));
  const variants = variantsOf(found);
  gpu.traits = { ...gpu.traits, variants };
  return variants;
}

async function recall(gpu: TunedGpu, store?: FileStore): Promise<Findings | undefined> {
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
  measure: () => Promise<Findings>,
): Promise<Findings> {
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
