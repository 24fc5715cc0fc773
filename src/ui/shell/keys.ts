/** Keys of the whole page. None needs a modifier, none fires while something is being typed. */
import { useEffect } from 'react';
import { useStudio } from '../../store/react.ts';
import type { Studio } from '../../store/studio.ts';
import { goTo, SCREEN_IDS } from '../address.ts';

const TYPING = 'input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable]';
/** Elements that the space key already works on. */
const PRESSABLE = 'button, a, summary, input, video, audio, [role=button]';

/** Whether keys belong to what has the focus. */
function isTyping(event: KeyboardEvent): boolean {
  // A dialog has the page to itself while it is open.
  if (document.querySelector('dialog[open]')) return true;
  // The event's own target is the outermost one where the field lies in a shadow root.
  const [target] = event.composedPath();
  return target instanceof Element && target.closest(TYPING) !== null;
}

function onKey(event: KeyboardEvent, studio: Studio): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  const screen = SCREEN_IDS[Number(event.key) - 1];
  if (screen) goTo(screen);
  else if (event.key === '.') studio.step();
  else if (event.key === ' ' && !(event.target as Element | null)?.closest?.(PRESSABLE)) {
    if (studio.store.getState().run.state === 'running') studio.pause();
    else studio.resume();
  } else return;
  event.preventDefault();
}

export function useKeys(): void {
  const studio = useStudio();
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event, studio);
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, [studio]);
}

/** Calls `act` for a key of one screen, under the same rules. */
export function useKey(keys: readonly string[], act: (key: string) => void): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (!keys.includes(event.key)) return;
      event.preventDefault();
      act(event.key);
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  });
}
