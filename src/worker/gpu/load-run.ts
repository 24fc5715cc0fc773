/** A run put on the device, with what scores its answers. */
import { FULL_PACE, GENTLE_PACE } from '../../gpu/index.ts';
import type { Config } from '../../protocol/config.ts';
import type { EvalResult } from '../../protocol/messages.ts';
import { STAGE_NAMES } from '../../protocol/stages.ts';
import type { PrepareReport } from '../clips/features.ts';
import { haltIf, halting } from '../halted.ts';
import type { SessionHost } from '../host.ts';
import type { Inputs, Opened } from '../inputs/inputs.ts';
import { reportLoaded } from '../inputs/model.ts';
import { Lane } from '../lane.ts';
import { modelReward } from '../model-reward.ts';
import { type Emit, progressOf } from '../progress.ts';
import type { RewardOpeners } from '../rewards.ts';
import { Run } from '../run.ts';
import { thinkingJudge } from '../thinking-judge.ts';
import type { HeldGpu } from './held-gpu.ts';

/** What a run is loaded from, so that it can be loaded again. */
export interface Loading {
  readonly opened: Opened;
  readonly config: Config;
  /** What the weights as loaded had scored by then. */
  readonly before: readonly EvalResult[];
  readonly trains: boolean;
  /** Whether models that score answers stay on the device. */
  readonly rewardsStay: boolean;
}

/** What runs are loaded with. */
interface LoadingParts {
  readonly held: HeldGpu;
  readonly emit: Emit;
  readonly host: SessionHost;
  readonly inputs: Inputs;
}

interface HowLoaded {
  readonly stopped: () => boolean;
  readonly begins: boolean;
  /** How the first step's clips are told of. */
  readonly clipReports: () => PrepareReport;
}

/** Puts a run on the device; with `begins`, ready for its first step. */
export async function loadRun(
  { held, emit, host, inputs }: LoadingParts,
  { opened, config, before, trains, rewardsStay }: Loading,
  { stopped, begins, clipReports }: HowLoaded,
): Promise<Run> {
  const gpu = await held.demand();
  gpu.pace = config.gentle ? GENTLE_PACE : FULL_PACE;
  const load = async (): Promise<Run> => {
    const lane = new Lane();
    const openers: RewardOpeners = {
      judge: thinkingJudge(config, inputs.rewardModels.find, { gpu, lane }),
      runner: host.rewards,
      modelFiles: ({ identity }) => inputs.rewardModels.find(identity)?.files.tree,
      openModel: (reward) => {
        const scorer = { gpu, opened: inputs.rewardModels.demand(reward), stays: rewardsStay, lane };
        return modelReward(reward, scorer);
      },
    };
    const parts = { ...opened, gpu, config, before, trains, openers, stopped };
    const report = {
      weights: halting(progressOf(emit, STAGE_NAMES.model, 'bytes'), stopped),
      kernels: progressOf(emit, STAGE_NAMES.kernels, 'kernels'),
    };
    const run = await Run.load({ ...parts, report }, { begins });
    return disposingOnError(run, async () => {
      if (begins) await run.prepareTraining(clipReports());
      haltIf(stopped);
      reportLoaded(emit, opened.model, run.policy);
    });
  };
  try {
    return await held.during(load);
  } catch (error) {
    opened.features?.letGo();
    throw error;
  }
}

/** The resource after some more work on it; where that fails, nothing is left of the resource. */
export async function disposingOnError<T extends Disposable>(
  resource: T,
  work: () => Promise<unknown>,
): Promise<T> {
  try {
    await work();
    return resource;
  } catch (error) {
    resource[Symbol.dispose]();
    throw error;
  }
}
