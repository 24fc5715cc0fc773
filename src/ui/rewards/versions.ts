/** Versions of a person's rewards: which are kept, and what is taken back of them. Pure. */
import { rewardSource } from '../../protocol/config-rewards.ts';
import { z } from '../../protocol/shapes.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import { isSameProgram } from './own-files.ts';

export interface Version extends RewardSource {
  /** When it was accepted last, in milliseconds since 1970. */
  readonly at: number;
}

/** By the reward's name, newest first. */
export type Versions = Readonly<Record<string, readonly Version[]>>;

const version: z.ZodType<Version> = rewardSource.extend({ at: z.number() });
const lists = z.record(z.string(), z.array(z.unknown()).catch([])).catch({});

const MOST_OF_A_NAME = 20;
const MOST_CHARACTERS = 4_000_000;

/** What was kept, checked: what another build of the page left in another shape is left out, and the rest stays. */
export function readVersions(kept: unknown): Versions {
  const read = Object.entries(lists.parse(kept)).map(([name, list]) => {
    const versions = list.flatMap((each) => version.safeParse(each).data ?? []);
    return [name, versions.filter((each) => each.name === name)] as const;
  });
  return Object.fromEntries(read.filter(([, versions]) => versions.length > 0));
}

/** Sources that were accepted just now are the newest of their names; the oldest of all make room. */
export function withVersions(versions: Versions, sources: readonly RewardSource[], at: number): Versions {
  const next: Record<string, readonly Version[]> = { ...versions };
  for (const source of sources) {
    const others = (next[source.name] ?? []).filter((version) => !isSameProgram(version, source));
    next[source.name] = [{ ...source, at }, ...others].slice(0, MOST_OF_A_NAME);
  }
  return bounded(next);
}

export function withoutName(versions: Versions, name: string): Versions {
  const { [name]: _, ...others } = versions;
  return others;
}

function bounded(versions: Versions): Versions {
  const all = Object.values(versions).flat();
  const kept = new Set<Version>();
  let characters = 0;
  for (const version of [...all].sort((a, b) => b.at - a.at)) {
    characters += version.source.length;
    if (characters <= MOST_CHARACTERS) kept.add(version);
  }
  if (kept.size === all.length) return versions;
  const lists = Object.entries(versions).map(
    ([name, list]) => [name, list.filter((version) => kept.has(version))] as const,
  );
  return Object.fromEntries(lists.filter(([, list]) => list.length > 0));
}
