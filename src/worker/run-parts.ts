/** What a run is made from, and what a step of it says. */
import type { Dataset } from '../data/types.ts';
import type { Gpu } from '../gpu/index.ts';
import type { Config } from '../protocol/config.ts';
import type { LiveValues } from '../protocol/live-settings.ts';
import type { EvalResult, RolloutGroup } from '../protocol/messages.ts';
import type { MetricValues } from '../protocol/metrics.ts';
import type { StepBasis } from '../protocol/step-basis.ts';
import type { RewardTrouble } from '../rewards/panel.ts';
import type { NotFinite } from '../rl/health/health-look.ts';
import type { AnswerTokens } from '../rl/measure/token-values.ts';
import type { FeatureStore } from './clips/features.ts';
import type { OpenModel } from './inputs/model.ts';
import type { Report } from './progress.ts';
import type { RewardOpeners } from './rewards.ts';
import type { TrainState } from './runs/records.ts';

/** What a run is made from. */
export interface RunParts {
  readonly gpu: Gpu;
  readonly model: OpenModel;
  readonly data: Dataset;
  /** What the towers make of the clips; absent where nothing is asked about clips. */
  readonly features?: FeatureStore;
  readonly config: Config;
  /** What the weights as loaded scored on the same data. */
  readonly before: readonly EvalResult[];
  /** Reports bytes of weights, then kernels compiled. */
  readonly report: { readonly weights: Report; readonly kernels: Report };
  /** Whether it is going to train, and not only to be measured. */
  readonly trains: boolean;
  /** What runs rewards that are not built in. */
  readonly openers?: RewardOpeners | undefined;
  /** Whether to give up before the first step. */
  readonly stopped: () => boolean;
}

export interface StepResult {
  readonly step: number;
  readonly metrics: MetricValues;
  readonly seconds: Record<string, number>;
  readonly basis?: StepBasis;
  readonly groups: RolloutGroup[];
  /** What is known of the tokens of each answer, in the order of the groups; absent where nothing was sampled. */
  readonly tokens?: readonly AnswerTokens[];
  /** Settings that were changed, of which this is the first step. */
  readonly changed?: LiveValues;
  /** What is not finite in this step, and why; said at the first of several. */
  readonly notFinite?: NotFinite;
  /** What is wrong with rewards in this step. */
  readonly troubles?: readonly RewardTrouble[];
}

/** Where a run stands, beside what lies on the device. */
export type Standing = Pick<TrainState, 'step' | 'adamSteps' | 'tokens' | 'sampler' | 'clips' | 'unreadable'>;
