/** What of the page's requests is answered from storage. Pure. */

/** The files of a build, as `src/cli/offline-bundle.ts` writes them into the service worker. */
export interface OfflinePlan {
  /** Names the build. */
  readonly version: string;
  /** Kept when the page is first visited; relative to the page. */
  readonly first: readonly string[];
  /** Kept once they were fetched: what few visits need, and is large. */
  readonly later: readonly string[];
}

/** The page itself, whatever stands behind its address. */
export const PAGE = 'index.html';

/** The file of the build that an address asks for; undefined for what is not of the build, which goes to the network. */
export function fileOf(plan: OfflinePlan, url: string, scope: string): string | undefined {
  const asked = new URL(url);
  const base = new URL(scope);
  if (asked.origin !== base.origin || !asked.pathname.startsWith(base.pathname)) return undefined;
  const path = decodeURIComponent(asked.pathname.slice(base.pathname.length)) || PAGE;
  return plan.first.includes(path) || plan.later.includes(path) ? path : undefined;
}

/** The bytes that a header `Range: bytes=…` asks for of so many, end exclusive; undefined for any other header. */
export function rangeOf(header: string | null, size: number): [start: number, end: number] | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '') return [Math.max(0, size - Number(to)), size];
  const end = to === '' ? size : Math.min(size, Number(to) + 1);
  return Number(from) < end ? [Number(from), end] : undefined;
}

const PREFIX = 'studio-';
export const cacheName = ({ version }: OfflinePlan): string => `${PREFIX}${version}`;

/**
 * The stores that can go, of those there are, oldest first: the one before the present stays, as a tab that trains with it has
 * yet to fetch parts of it.
 */
export function outdated(names: readonly string[], plan: OfflinePlan): string[] {
  const others = names.filter((name) => name.startsWith(PREFIX) && name !== cacheName(plan));
  return others.slice(0, -1);
}
