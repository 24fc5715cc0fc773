import { type KeyboardEvent, useEffect, useReducer, useRef, useState } from 'react';

/** Where a key leads from place `at` in a list of `count`; undefined for keys that lead nowhere. */
export function placeAfter(key: string, at: number, count: number): number | undefined {
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    j: at + 1,
    ArrowUp: at - 1,
    k: at - 1,
    Home: 0,
    End: count - 1,
  };
  const to = moves[key];
  return to === undefined || count === 0 ? undefined : Math.min(count - 1, Math.max(0, to));
}

/** Keys of a list whose items stand beside each other. */
const ACROSS: Readonly<Record<string, string>> = { ArrowRight: 'ArrowDown', ArrowLeft: 'ArrowUp' };

/**
 * A list that is one tab stop: arrow keys, Home and End, or j and k, move inside it. Rows carry `data-place`, or what `mark`
 * says in a list inside of another; `reveal` brings a row into the page that is not drawn. `across`: the arrows to the sides
 * lead on, too.
 */
export function useRoving<T extends HTMLElement>(
  count: number,
  reveal?: (place: number) => void,
  { mark = 'data-place', across = false }: { mark?: `data-${string}`; across?: boolean } = {},
) {
  const list = useRef<T>(null);
  const [at, setAt] = useState(0);
  const wanted = useRef<number>(undefined);
  /** Draws again even where the place stays the same. */
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (wanted.current === undefined) return;
    const row = list.current?.querySelector<HTMLElement>(`[${mark}="${wanted.current}"]`);
    if (!row) return;
    wanted.current = undefined;
    row.focus();
  });
  const go = (place: number) => {
    wanted.current = place;
    reveal?.(place);
    setAt(place);
    again();
  };
  return {
    list,
    /** The row that is the tab stop. */
    at: Math.min(at, Math.max(0, count - 1)),
    setAt,
    go,
    onKeyDown(event: KeyboardEvent) {
      const key = across ? (ACROSS[event.key] ?? event.key) : event.key;
      const to = placeAfter(key, at, count);
      if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      go(to);
    },
    /** The same from anywhere on the screen, for j and k. */
    move: (key: string) => {
      const isInside = list.current?.contains(document.activeElement) === true;
      const to = isInside ? placeAfter(key, at, count) : at;
      if (to !== undefined) go(to);
    },
  };
}
