/** The store's React binding: the studio from context, and a slice of its state by selector. */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { StudioState } from './state.ts';
import type { Studio } from './studio.ts';

export const StudioContext = createContext<Studio | undefined>(undefined);

/** The studio of this page. @throws Error outside a `StudioContext` */
export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  if (!studio) throw new Error('useStudio: no StudioContext above this component.');
  return studio;
}

/** A slice of the state; the component renders again when the slice changes by identity. */
export function useStudioState<T>(select: (state: StudioState) => T): T {
  return useStore(useStudio().store, select);
}
