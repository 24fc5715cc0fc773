/** The screens, in the order of the work, then what is kept of it and the device's bench, and which one the address shows. */
import { useSyncExternalStore } from 'react';

/** Each is a folder beside this file, which says the rest of it. */
export const SCREEN_IDS = [
  'data',
  'model',
  'train',
  'rollouts',
  'evaluate',
  'export',
  'runs',
  'bench',
] as const;
export type ScreenId = (typeof SCREEN_IDS)[number];

/** Where a visit begins: everything needed to press Start is already there. */
const FIRST_SCREEN: ScreenId = 'train';

/** `#/rollouts?step=12`: a screen, and what of it is asked for. */
const ADDRESS = /^#\/?([^?]*)\??(.*)$/;

function screenOfAddress(): ScreenId {
  const word = ADDRESS.exec(location.hash)?.[1];
  return SCREEN_IDS.find((id) => id === word) ?? FIRST_SCREEN;
}

function onAddress(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

export function useScreen(): ScreenId {
  return useSyncExternalStore(onAddress, screenOfAddress);
}

/** What of the screen the address asks for, as written. */
export function useAsked(): string {
  return useSyncExternalStore(onAddress, () => ADDRESS.exec(location.hash)?.[2] ?? '');
}

/** What the present address is when one comes back to it: no screen changes by that. */
export function leaveBehind(asked: Readonly<Record<string, string>>): void {
  const [path] = location.hash.split('?');
  history.replaceState(history.state, '', `${path}?${new URLSearchParams(asked)}`);
}

/** Shows a screen, and of it what is asked for. */
export function goTo(screen: ScreenId, asked: Readonly<Record<string, string>> = {}): void {
  const wanted = new URLSearchParams(asked).toString();
  location.hash = wanted === '' ? `/${screen}` : `/${screen}?${wanted}`;
}
