import type { ShownClip } from '../../decoder/mrope.ts';

/** Of a tower that trains: what it takes of an example, one picture or video after another. */
export interface TowerPatches {
  readonly shown: readonly Pick<ShownClip, 'grid'>[];
  /** f32 [patches of all, values of one] */
  readonly rows: Float32Array;
}
