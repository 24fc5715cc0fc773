/** What a run goes through before its first step is drawn, in this order, as its progress names it. */
export const STAGE_NAMES = {
  model: 'Loading the model',
  kernels: 'Compiling kernels',
  towers: 'Loading the towers',
  clips: 'Preparing clips',
} as const;
export type StageName = keyof typeof STAGE_NAMES;
