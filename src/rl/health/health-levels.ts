/** Watches over levels: reward that falls, variety that goes, drift that jumps. */
import type { Config } from '../../protocol/config.ts';
import { rewardRange } from '../objective/reward-range.ts';
import { figure, goBack, inARow, type Look, Recent, setting, type Watch } from './health-look.ts';

/** Steps that are averaged on either side of a fall, and clips that they should have; the first window may be shorter. */
const WINDOW = { steps: 4, clips: 16, firstClips: 8 };
/** A fall of less than this share of what rewards can differ by is none … */
const FALL_SHARE = 0.3;
/** … and of less than so many standard errors: the best of many windows is high by chance, too. */
const FALL_ERRORS = 5;
/** So near the least possible reward, measured by the range, nothing is left that could be learned from. */
const BOTTOM_SHARE = 0.05;
/** A level this near to the best one, by the range, is as good. */
const NEAR_SHARE = 0.1;

export interface Fall {
  readonly from: number;
  readonly to: number;
  /** Standard error of the difference. */
  readonly error: number;
  /** Whether nothing is left that could be learned from. */
  readonly toBottom: boolean;
}

interface Level {
  readonly mean: number;
  readonly steps: number;
}

/** The mean reward of the last steps, and the best mean of as many before them. */
export class RewardLevels {
  readonly window: number;
  /** Of a total reward; where none is known, what was seen of it. */
  readonly #range: { readonly low: number; readonly high: number } | undefined;
  #seen = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
  readonly #recent: Recent;
  readonly #earlier: Recent;
  readonly #noise: StepNoise;
  readonly #prompts: number;
  #best?: Level;
  #goodStep = 0;
  #fall?: Fall | undefined;

  constructor(config: Config) {
    this.window = Math.max(WINDOW.steps, Math.ceil(WINDOW.clips / config.promptsPerStep));
    this.#range = rewardRange(config);
    this.#prompts = config.promptsPerStep;
    this.#recent = new Recent(this.window);
    this.#earlier = new Recent(this.window);
    this.#noise = new StepNoise(config.promptsPerStep, () => this.#width);
  }

  take({ step, metrics: { reward, reward_std: spread = 0 } }: Look): void {
    if (reward === undefined || !Number.isFinite(reward)) return;
    const { low, high } = this.#seen;
    this.#seen = { low: Math.min(low, reward - spread), high: Math.max(high, reward + spread) };
    const leaving = this.#recent.push(reward);
    this.#noise.spread(spread);
    if (leaving === undefined) return;
    this.#earlier.push(leaving);
    this.#noise.value(leaving);
    const level = { mean: this.#earlier.mean, steps: this.#earlier.values.length };
    if (level.steps * this.#prompts < WINDOW.firstClips) return;
    if (!this.#best || this.#sure(level) >= this.#sure(this.#best)) this.#best = level;
    const near = Math.max(NEAR_SHARE * this.#width, 2 * this.#error);
    if (level.mean >= this.#best.mean - near) this.#goodStep = step - this.window - 1;
    this.#follow();
  }

  /** What a level is at least, but for noise: a mean over few steps may be luck. */
  #sure({ mean, steps }: Level): number {
    return mean - Math.sqrt(this.#noise.variance / steps);
  }

  get #width(): number {
    const { low, high } = this.#range ?? this.#seen;
    return Math.max(0, high - low);
  }

  /** Standard error of the difference between the two levels. */
  get #error(): number {
    return Math.sqrt(this.#noise.variance * (1 / (this.#best?.steps ?? 1) + 1 / this.window));
  }

  /** The last step that left weights as good as ever, among those old enough to tell: the next one's answers show it. 0 before. */
  get goodStep(): number {
    return this.#goodStep;
  }

  /** How far the reward fell, until it is back; undefined where it did not fall beyond what noise explains. */
  get fall(): Fall | undefined {
    return this.#fall;
  }

  #follow(): void {
    const [to, width] = [this.#recent.mean, this.#width];
    if (this.#fall && to < this.#fall.from - (FALL_SHARE * width) / 2) return;
    const [{ mean: from }, error] = [this.#best!, this.#error];
    const fell = from - to > FALL_SHARE * width && from - to > FALL_ERRORS * error;
    const toBottom = this.#range !== undefined && to <= this.#range.low + BOTTOM_SHARE * width;
    this.#fall = fell ? { from, to, error, toBottom } : undefined;
  }
}

export function watchReward(_: Config, levels: RewardLevels): Watch {
  const begins = inARow(1);
  return () => {
    const { fall, goodStep } = levels;
    if (!begins(fall !== undefined) || !fall) return undefined;
    return {
      message: fall.toBottom
        ? 'The policy collapsed: nothing earns a reward any more.'
        : 'The reward fell far below what it was.',
      evidence: `Mean reward ${figure(fall.to)} over the last ${levels.window} steps, ${figure(fall.from)} at best before; the standard error of that difference is ${figure(fall.error)}.`,
      hint: goBack(goodStep),
      goodStep,
      pauses: fall.toBottom,
    };
  };
}

/** Steps for which what is expected of the noise counts beside what was seen. */
const PRIOR_STEPS = 2;
const LEAST_JUMPS = 4;

/**
 * Variance of a step's mean reward: the larger of what the spread of its answers predicts (clips counted, not answers: those of
 * one clip are alike) and what it was from step to step. Before there is much of either, what it is at most counts too.
 */
class StepNoise {
  readonly #prompts: number;
  readonly #width: () => number;
  #spreads = 0;
  #steps = 0;
  #jumps = 0;
  #count = 0;
  #last?: number;

  constructor(prompts: number, width: () => number) {
    this.#prompts = prompts;
    this.#width = width;
  }

  spread(std: number): void {
    this.#spreads += std * std;
    this.#steps++;
  }

  /** By successive differences, which a trend hardly touches. */
  value(reward: number): void {
    if (this.#last !== undefined) {
      this.#jumps += (reward - this.#last) ** 2 / 2;
      this.#count++;
    }
    this.#last = reward;
  }

  get variance(): number {
    const atMost = PRIOR_STEPS * (this.#width() / 2) ** 2;
    const predicted = (atMost + this.#spreads) / (PRIOR_STEPS + this.#steps) / this.#prompts;
    return Math.max(predicted, this.#count < LEAST_JUMPS ? 0 : this.#jumps / this.#count);
  }
}

/** Nats per token below which answers hardly vary, and the share of the first steps' entropy that has to be left. */
const LEAST_ENTROPY = 0.01;
const LEAST_SHARE = 0.05;
const ENTROPY_STEPS = 5;

/** Variety may go once the answers are right: that is what training is for. */
export function watchEntropy(config: Config): Watch {
  const range = rewardRange(config);
  const first = new Recent(ENTROPY_STEPS);
  const recent = new Recent(ENTROPY_STEPS);
  const rewards = new Recent(ENTROPY_STEPS);
  const row = inARow(ENTROPY_STEPS);
  return ({ step, metrics: { entropy, reward } }) => {
    if (reward !== undefined) rewards.push(reward);
    if (entropy === undefined || !Number.isFinite(entropy) || config.stage !== 'grpo') return undefined;
    if (!first.isFull) first.push(entropy);
    recent.push(entropy);
    const flat = entropy < Math.max(LEAST_ENTROPY, LEAST_SHARE * first.mean) && first.isFull;
    const right = range !== undefined && rewards.mean >= range.high - 0.1 * (range.high - range.low);
    if (!row(flat && !right) || first.mean < LEAST_ENTROPY) return undefined;
    return {
      message: range ? 'All answers become the same before they are right.' : 'All answers become the same.',
      evidence: `Entropy ${figure(recent.mean)} nats per token over the last ${ENTROPY_STEPS} steps, ${figure(first.mean)} in the first; mean reward ${figure(rewards.mean)}${range ? ` of ${figure(range.high)}` : ''}.`,
      hint: `${goBack(step - ENTROPY_STEPS - 1)} A higher ${setting('temperature')} or a ${setting('entropyCoef')} keeps answers apart.`,
      goodStep: Math.max(0, step - ENTROPY_STEPS - 1),
    };
  };
}

/** Nats per token; published runs stay well below 1. */
const MOST_DRIFT = 2;
const DRIFT_STEPS = 3;

export function watchDrift(config: Config): Watch {
  const row = inARow(DRIFT_STEPS);
  const recent = new Recent(DRIFT_STEPS);
  return ({ step, metrics: { kl } }) => {
    if (kl === undefined || Number.isNaN(kl)) return undefined;
    recent.push(kl);
    if (!row(Math.abs(kl) > MOST_DRIFT)) return undefined;
    return {
      message: 'The model drifts away from where it started.',
      evidence: `KL ${recent.values.map(figure).join(', ')} nats per token in the last ${DRIFT_STEPS} steps; ${MOST_DRIFT} is far.`,
      hint: `Lower ${setting('learningRate')} (${config.learningRate}) or raise ${setting('beta')} (${config.beta}).`,
      goodStep: Math.max(0, step - DRIFT_STEPS - 1),
    };
  };
}
