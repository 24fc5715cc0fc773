/** Where a run that goes on from a checkpoint stands, be it its own or that of the run it was forked from. */
import { type Config, parseConfig } from '../../protocol/config.ts';
import { type ForkOptimizer, trainsTheSame } from '../../protocol/run-fork.ts';
import type { Run } from '../run.ts';
import { restoreCheckpoint, restoreWeights } from './checkpoint.ts';
import { nameRun } from './name.ts';
import type { RunDescription, TrainState } from './records.ts';

/** A run of its own that is about to begin from another's checkpoint. */
export interface Fork {
  /** What it is called. */
  readonly own: Pick<RunDescription, 'id' | 'name' | 'createdAt'>;
  readonly config: Config;
  readonly optimizer: ForkOptimizer;
  /** Whether other tensors train: then it is at step 0, and takes over nothing but weights. */
  readonly anew: boolean;
}

/** A fork of a run with settings of its own. */
export function forkOf(was: Config, config: Config, optimizer: ForkOptimizer): Fork {
  const createdAt = Date.now();
  const own = { ...nameRun(createdAt), createdAt };
  if (trainsTheSame(was, config)) return { own, config, optimizer, anew: false };
  return { own, config: parseConfig({ ...config, startFrom: 'last run' }), optimizer: 'fresh', anew: true };
}

/** What of a run is put where a checkpoint stood. */
type Standing = Pick<Run, 'standing' | 'stand' | 'trained'>;

/** Brings a run to a checkpoint; with `fork`, to one of the run that it was forked from. */
export async function standAt(
  run: Standing,
  { state, files }: { readonly state: TrainState; readonly files: ReadonlyMap<string, Blob> },
  fork?: Pick<Fork, 'optimizer'>,
): Promise<void> {
  const { clips } = run.standing;
  // Other settings may leave out other rows: their order begins anew.
  const isOtherOrder = fork !== undefined && state.clips !== clips;
  const begun = { clips, sampler: { epoch: 0, index: 0 }, unreadable: [] };
  const at = isOtherOrder ? { ...state, ...begun } : state;
  if (fork?.optimizer !== 'fresh') {
    run.stand(at);
    return restoreCheckpoint(run.trained, files);
  }
  run.stand({ ...at, adamSteps: 0 });
  await restoreWeights(run.trained, files);
}
