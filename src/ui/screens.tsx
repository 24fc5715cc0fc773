/** Each screen is a bundle of its own, fetched when it is first shown. */
import { type ComponentType, lazy } from 'react';
import type { ScreenId } from './address.ts';

export const SCREENS: Record<ScreenId, ComponentType> = {
  data: lazy(() => import('./data/data-screen.tsx')),
  model: lazy(() => import('./model/model-screen.tsx')),
  train: lazy(() => import('./train/train-screen.tsx')),
  rollouts: lazy(() => import('./rollouts/rollouts-screen.tsx')),
  evaluate: lazy(() => import('./evaluate/evaluate-screen.tsx')),
  bench: lazy(() => import('./bench/bench-screen.tsx')),
  export: lazy(() => import('./export/export-screen.tsx')),
};
