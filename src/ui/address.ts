/** The screens, in the order of the work and then the device's bench, and which one the address shows. */
import { useSyncExternalStore } from 'react';

/** Each is a folder beside this file, which says the rest of it. */
export const SCREEN_IDS = ['data', 'model', 'train', 'rollouts', 'evaluate', 'export', 'bench'] as const;
export type ScreenId = (typeof SCREEN_IDS)[number];

/** Where a visit begins: everything needed to press Start is already there. */
const FIRST_SCREEN: ScreenId = 'train';

function screenOfAddress(): ScreenId {
  const word = location.hash.replace(/^#\/?/, '');
  return SCREEN_IDS.find((id) => id === word) ?? FIRST_SCREEN;
}

function onAddress(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

export function useScreen(): ScreenId {
  return useSyncExternalStore(onAddress, screenOfAddress);
}

export function goTo(screen: ScreenId): void {
  location.hash = `/${screen}`;
}
