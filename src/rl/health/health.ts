/** Watches the numbers of a run, step by step, and says when it is not well. Pure: what was seen decides, no clock, no device. */
import type { Alarm, AlarmKind } from '../../protocol/alarms.ts';
import type { Config } from '../../protocol/config.ts';
import type { MetricKey, MetricValues } from '../../protocol/metrics.ts';
import { watchAnswers, watchCuts } from './health-answers.ts';
import {
  watchForm,
  watchHeldOut,
  watchLength,
  watchOneAnswer,
  watchParts,
  watchRepeats,
} from './health-gaming.ts';
import { RewardLevels, watchDrift, watchEntropy, watchReward as watchLevel } from './health-levels.ts';
import type { Look, NotFinite, Watch } from './health-look.ts';
import { watchReward, watchSlow, watchUnscored } from './health-rewards.ts';
import { watchSignal } from './health-signal.ts';

interface Rule {
  readonly kind: AlarmKind;
  readonly metric: MetricKey;
  readonly watch: (config: Config, levels: RewardLevels) => Watch;
}

/** Steps in a row without a finite update after which a run rests. */
const MOST_BROKEN_STEPS = 3;

/** Watches of every run; each of its rewards has one of its own. */
const RULES: readonly Rule[] = [
  { kind: 'not finite', metric: 'loss', watch: watchFinite },
  { kind: 'no finite update', metric: 'grad_norm', watch: watchUpdates },
  { kind: 'reward collapse', metric: 'reward', watch: watchLevel },
  { kind: 'entropy collapse', metric: 'entropy', watch: watchEntropy },
  { kind: 'drift', metric: 'kl', watch: watchDrift },
  { kind: 'cut short', metric: 'completions/clipped_ratio', watch: watchCuts },
  { kind: 'no signal', metric: 'frac_reward_zero_std', watch: watchSignal },
  { kind: 'empty answers', metric: 'completions/mean_length', watch: watchAnswers },
  { kind: 'paid for length', metric: 'completions/mean_length', watch: watchLength },
  { kind: 'repeats', metric: 'reward', watch: watchRepeats },
  { kind: 'one answer', metric: 'entropy', watch: watchOneAnswer },
  { kind: 'form only', metric: 'reward', watch: watchForm },
  { kind: 'held-out falls', metric: 'reward', watch: watchHeldOut },
  { kind: 'part against part', metric: 'reward', watch: watchParts },
  { kind: 'unscored answers', metric: 'reward', watch: watchUnscored },
];

const rewardRules = ({ rewards }: Config): Rule[] =>
  rewards.flatMap((name): Rule[] => [
    { kind: 'reward failed', metric: `rewards/${name}/mean`, watch: watchReward(name) },
    { kind: 'slow reward', metric: 'step_time', watch: watchSlow(name) },
  ]);

/** The numbers by which a step changes weights, those that are not finite in words; undefined when all are. */
export function brokenValues(metrics: MetricValues): string | undefined {
  const broken = (['loss', 'grad_norm'] as const).filter((key) => !Number.isFinite(metrics[key] ?? 0));
  return broken.length === 0 ? undefined : broken.map((key) => `${key} is ${metrics[key]}`).join(' and ');
}

/** Said once for every row of broken steps. */
function watchFinite(): Watch {
  let before = false;
  return ({ metrics, notFinite }) => {
    const values = brokenValues(metrics);
    const broken = values !== undefined || notFinite !== undefined;
    const isNew = broken && !before;
    before = broken;
    if (!isNew) return undefined;
    return {
      message: values
        ? `${values}: the step ${Number.isFinite(metrics.grad_norm) ? 'had nothing to learn from' : 'changed no weight'}.`
        : 'Some numbers are not finite.',
      evidence: notFinite?.evidence ?? '',
      hint: notFinite?.hint ?? '',
    };
  };
}

function watchUpdates(): Watch {
  let broken = 0;
  let last: NotFinite | undefined;
  return ({ step, metrics, notFinite }) => {
    broken = brokenValues(metrics) === undefined ? 0 : broken + 1;
    last = broken === 0 ? undefined : (notFinite ?? last);
    if (broken === 0 || broken % MOST_BROKEN_STEPS !== 0) return undefined;
    return {
      message: `${broken} steps in a row made no finite update.`,
      evidence: last?.evidence ?? `${brokenValues(metrics)} at step ${step}.`,
      hint: last?.hint ?? '',
      pauses: true,
    };
  };
}

/** How a run's steps went, all together. */
export interface Course {
  readonly steps: number;
  /** Steps whose update was finite. */
  readonly finite: number;
  /** Steps that had a gradient. */
  readonly moved: number;
}

export class Health {
  readonly #config: Config;
  readonly #watches: readonly { readonly rule: Rule; readonly look: Watch }[];
  readonly #levels: RewardLevels;
  #course: Course = { steps: 0, finite: 0, moved: 0 };
  #goodStep = 0;
  #collapsed = false;

  constructor(config: Config) {
    this.#config = config;
    this.#levels = new RewardLevels(config);
    this.#watches = [...RULES, ...rewardRules(config)].map((rule) => ({
      rule,
      look: rule.watch(config, this.#levels),
    }));
  }

  get course(): Course {
    return this.#course;
  }

  /** What the step tells. Give every step, in order. */
  take(look: Look): Alarm[] {
    const { metrics, step } = look;
    const finite = brokenValues(metrics) === undefined;
    const moves = finite && metrics.grad_norm !== 0;
    const { steps, finite: before, moved } = this.#course;
    this.#course = { steps: steps + 1, finite: before + Number(finite), moved: moved + Number(moves) };
    this.#levels.take(look);
    const alarms: Alarm[] = [];
    for (const { rule, look: watch } of this.#watches) {
      const found = watch(look);
      // That no group has a signal follows from a collapse, and what to do about it is another matter.
      const lost = this.#collapsed || alarms.some(({ goodStep }) => goodStep !== undefined);
      if (!found || (lost && rule.kind === 'no signal')) continue;
      const pauses = found.pauses === true && this.#config.pauseOnAlarm;
      alarms.push({ ...found, kind: rule.kind, metric: rule.metric, step, pauses });
    }
    this.#vouch(step, alarms);
    return alarms;
  }

  /** The last step that can be vouched for: its weights are from before anything went wrong. 0: none yet. */
  get goodStep(): number {
    return this.#goodStep;
  }

  /** Once something was lost, what came before it stays the good part of the run. */
  #vouch(step: number, alarms: readonly Alarm[]): void {
    if (this.#collapsed) return;
    const earliest = Math.min(...alarms.map(({ goodStep }) => goodStep ?? Number.POSITIVE_INFINITY));
    this.#collapsed = Number.isFinite(earliest);
    const well = this.#config.stage === 'grpo' ? this.#levels.goodStep : step;
    this.#goodStep = this.#collapsed ? earliest : well;
  }
}
