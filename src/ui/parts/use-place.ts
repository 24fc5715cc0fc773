/** Where an element stands: its size, and whether it is near what is in view. */
import { type RefCallback, useCallback, useState } from 'react';

export interface Place {
  readonly width: number;
  readonly height: number;
  /** In view, or less than half a screen away from it. */
  readonly isNear: boolean;
}

const NEAR = '50%';
const NOWHERE: Place = { width: 0, height: 0, isNear: false };

/** The place of the element that is given the reference; nowhere until the browser has laid it out. */
export function usePlace(): [RefCallback<HTMLElement>, Place] {
  const [place, setPlace] = useState(NOWHERE);
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return;
    const note = (news: Partial<Place>) => setPlace((known) => changed(known, news));
    const sizes = new ResizeObserver(() =>
      note({ width: element.clientWidth, height: element.clientHeight }),
    );
    const views = new IntersectionObserver((seen) => note({ isNear: seen.at(-1)!.isIntersecting }), {
      rootMargin: NEAR,
    });
    sizes.observe(element);
    views.observe(element);
    return () => {
      sizes.disconnect();
      views.disconnect();
    };
  }, []);
  return [ref, place];
}

/** The same object where nothing changes. */
function changed(known: Place, news: Partial<Place>): Place {
  const next = { ...known, ...news };
  const isSame = next.width === known.width && next.height === known.height && next.isNear === known.isNear;
  return isSame ? known : next;
}
