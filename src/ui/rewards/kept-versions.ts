/** Every program that was accepted as a reward, kept on this device by the reward's name, newest first. */
import { get, update } from 'idb-keyval';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { RewardSource } from '../../rewards/contract.ts';
import { readVersions, type Versions, withoutName, withVersions } from './versions.ts';

const KEY = 'own-rewards';
const kept = createStore<{ readonly versions: Versions }>(() => ({ versions: {} }));

export function useVersions(): Versions {
  useEffect(() => {
    get(KEY).then(
      (versions) => kept.setState({ versions: readVersions(versions) }),
      // A browser that keeps nothing: there are none.
      () => undefined,
    );
  }, []);
  return useStore(kept, ({ versions }) => versions);
}

export const keepVersions = (sources: readonly RewardSource[]): Promise<void> =>
  change((versions) => withVersions(versions, sources, Date.now()));

export const forgetVersions = (name: string): Promise<void> =>
  change((versions) => withoutName(versions, name));

async function change(of: (versions: Versions) => Versions): Promise<void> {
  kept.setState(({ versions }) => ({ versions: of(versions) }));
  // Where the browser keeps nothing they are there until the page is left.
  await update(KEY, (versions) => of(readVersions(versions))).catch(() => undefined);
}
