/** Where the focus goes when what has it leaves the page: to the next control, instead of back to the page's beginning. */
import { type RefObject, useLayoutEffect, useRef } from 'react';

const CONTROLS = 'button, input, select, textarea, summary, a[href], [tabindex="0"], [contenteditable=true]';

/** For a part of the page that its own buttons take away. */
export function useFocusHandover<E extends HTMLElement>(): RefObject<E | null> {
  const place = useRef<E>(null);
  useLayoutEffect(() => {
    const leaving = place.current;
    // A layout effect ends before the browser removes the part, so its place among the others is still known.
    return () => {
      if (leaving?.contains(document.activeElement)) controlAfter(leaving)?.focus();
    };
  }, []);
  return place;
}

/** The first control that can be used behind a part, or the last one before it. */
function controlAfter(part: HTMLElement): HTMLElement | undefined {
  const others = [...document.querySelectorAll<HTMLElement>(CONTROLS)].filter(
    (control) => !part.contains(control) && control.checkVisibility() && !control.matches(':disabled'),
  );
  const isBehind = (control: HTMLElement) =>
    (part.compareDocumentPosition(control) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  return others.find(isBehind) ?? others.at(-1);
}
