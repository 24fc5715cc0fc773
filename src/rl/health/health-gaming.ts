/**
 * Watches for a reward that is earned in another way than was meant: by length, by repeats, by one answer to everything, by
 * form alone, at the cost of held-out clips, or by one part at the cost of another. Each is said once, until it is over.
 */
import type { Config } from '../../protocol/config.ts';
import type { MetricValues } from '../../protocol/metrics.ts';
import { partsOf, type RewardPart } from '../objective/reward-range.ts';
import { commonest, type Deviation, lengthCorrelation } from './answer-figures.ts';
import { type Finding, figure, inARow, percent, setting, type Watch } from './health-look.ts';
import { TREND_STEPS, Trend } from './trend.ts';

/** The newest steps' answers, joined. */
class RecentAnswers<T> {
  readonly #steps: (readonly T[])[] = [];

  push(values: readonly T[]): readonly T[] {
    this.#steps.push(values);
    if (this.#steps.length > TREND_STEPS) this.#steps.shift();
    return this.#steps.flat();
  }
}

/** Says what is found when it begins, not at every step at which it holds. */
function once(find: (look: Parameters<Watch>[0]) => Finding | undefined): Watch {
  const begins = inARow(1);
  return (look) => {
    const found = find(look);
    return begins(found !== undefined) ? found : undefined;
  };
}

/** From this correlation on, length decides; from this growth on, answers follow it. */
const LENGTH = { correlation: 0.6, growth: 0.25, tokens: 5, answers: 80 };

export function watchLength(config: Config): Watch {
  // Who pays for length gets it.
  if (partsOf(config).some(({ readsTokens }) => readsTokens)) return () => undefined;
  const recent = new RecentAnswers<Deviation>();
  const length = new Trend();
  return once(({ step, metrics, answers }) => {
    length.push(metrics['completions/mean_length']);
    if (!answers) return undefined;
    const deviations = recent.push(answers.deviations);
    const correlation = lengthCorrelation(deviations);
    if (correlation === undefined || !length.isReady || deviations.length < LENGTH.answers) return undefined;
    const change = length.to - length.from;
    const follows = Math.sign(change) === Math.sign(correlation) && length.isSure(change);
    const isFar = Math.abs(change) >= Math.max(LENGTH.tokens, LENGTH.growth * length.from);
    if (Math.abs(correlation) < LENGTH.correlation || !follows || !isFar) return undefined;
    const longer = correlation > 0;
    return {
      message: `${longer ? 'Longer' : 'Shorter'} answers earn more, and answers get ${longer ? 'longer' : 'shorter'}.`,
      evidence: `Within groups, reward and length correlate by ${figure(correlation)} over ${deviations.length} answers of the last ${TREND_STEPS} steps; mean length was ${figure(length.from)} tokens in the first ${TREND_STEPS} steps and is ${figure(length.to)}.`,
      hint: `Read the ${longer ? 'longest' : 'shortest'} answers. If length is not what you want, add a reward that ${longer ? 'punishes' : 'asks for'} it to ${setting('rewards')}.`,
      answers: { step },
    };
  });
}

const REPEATS = { share: 0.3, growth: 0.2 };

export function watchRepeats(): Watch {
  const repeats = new Trend();
  return once(({ step, answers }) => {
    repeats.push(answers?.repeats);
    const { isReady, from, to } = repeats;
    if (!isReady || to < REPEATS.share || to - from < REPEATS.growth) return undefined;
    return {
      message: 'Answers repeat themselves.',
      evidence: `${percent(to)} of all triples of words occurred before in the same answer over the last ${TREND_STEPS} steps, ${percent(from)} in the first ${TREND_STEPS}.`,
      hint: `Add the reward repetition to ${setting('rewards')}, or lower ${setting('maxCompletionLength')}.`,
      answers: { step },
    };
  });
}

/** An answer of this share is the only one; labels of at most this share are several. */
const ONE_ANSWER = { share: 0.9, labels: 0.6, answers: 40 };

export function watchOneAnswer(): Watch {
  const recentAnswers = new RecentAnswers<string>();
  const recentLabels = new RecentAnswers<string>();
  return once(({ step, answers }) => {
    const said = recentAnswers.push(answers?.answers ?? []);
    const labels = recentLabels.push(answers?.labels ?? []);
    if (!answers || said.length < ONE_ANSWER.answers) return undefined;
    const [answer, label] = [commonest(said), commonest(labels)];
    if (answer.value === '' || answer.share < ONE_ANSWER.share || label.share > ONE_ANSWER.labels) {
      return undefined;
    }
    return {
      message: 'Nearly all clips get the same answer.',
      evidence: `“${shortened(answer.value)}” is ${percent(answer.share)} of the ${said.length} answers of the last ${TREND_STEPS} steps; the commonest truth, “${shortened(label.value)}”, is that of ${percent(label.share)} of the rows.`,
      hint: `Balance the labels, or raise ${setting('temperature')}; check that the reward tells this answer from a right one.`,
      answers: { step, ...(answer.value.length > 40 ? {} : { search: answer.value }) },
    };
  });
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length > 40 ? `${characters.slice(0, 40).join('')}…` : text;
}

/** By share of what a part can differ by. */
const FORM = { rise: 0.2, flat: 0.05, high: 0.8 };

/** Form pays while what the answers say stays as wrong as it was. */
export function watchForm(config: Config): Watch {
  const parts = partsOf(config).filter(({ range }) => range && range[1] > 0);
  const forms = tracked(parts.filter(({ readsLabel, readsTokens }) => !readsLabel && !readsTokens));
  const truths = tracked(parts.filter(({ readsLabel }) => readsLabel));
  return once(({ step, metrics }) => {
    follow([...forms, ...truths], metrics);
    const form = forms.find(({ trend, width }) => {
      const rise = trend.to - trend.from;
      return trend.isReady && rise >= FORM.rise * width && trend.isSure(rise);
    });
    const flat = truths.find(({ trend, width, high }) => {
      const change = Math.abs(trend.to - trend.from);
      const isFlat = change < FORM.flat * width || !trend.isSure(change);
      return trend.isReady && isFlat && trend.to < high - (1 - FORM.high) * width;
    });
    if (!form || !flat) return undefined;
    return {
      message: 'The form of the answers is rewarded, and what they say gets no better.',
      evidence: `${form.name} rose from ${figure(form.trend.from)} to ${figure(form.trend.to)} (means of ${TREND_STEPS} steps), while ${flat.name} went from ${figure(flat.trend.from)} to ${figure(flat.trend.to)}.`,
      hint: `Once the form is learned it teaches nothing more. If ${flat.name} stays flat, lower the weight of ${form.name} (${setting('rewardWeights')}), or ask an easier question.`,
      answers: { step },
    };
  });
}

/** A fall of the held-out score that counts, and evaluations in a row that show it. */
const HELD_OUT = { fall: 0.05, evaluations: 2 };

/** Reward up on the clips it trains on, score down on those it does not. */
export function watchHeldOut({ bestMetric, rewards }: Config): Watch {
  const reward = new Trend();
  const row = inARow(HELD_OUT.evaluations);
  let best: { readonly score: number; readonly step: number; readonly reward: number } | undefined;
  return ({ step, metrics }) => {
    reward.push(metrics.reward);
    const score = heldOutScore(metrics, bestMetric);
    if (score === undefined) return undefined;
    if (!best || score >= best.score) best = { score, step, reward: reward.to };
    const rise = reward.to - best.reward;
    const parted = best.score - score >= HELD_OUT.fall && rise > 0 && reward.isSure(rise);
    if (!row(parted)) return undefined;
    return {
      message: 'The reward rises, and the score on held-out clips falls.',
      evidence: `Held-out score ${figure(score)} at step ${step}, ${figure(best.score)} at step ${best.step}; mean reward of ${TREND_STEPS} steps ${figure(reward.to)} against ${figure(best.reward)}.`,
      hint: `The best checkpoint is that of step ${best.step}. More clips, fewer steps or some ${setting('beta')} help against learning by heart; if ${rewards.join(', ')} can be earned in another way than by being right, mend that first.`,
      answers: { step },
    };
  };
}

function heldOutScore(metrics: MetricValues, bestMetric: Config['bestMetric']): number | undefined {
  const chosen = bestMetric === 'auto' ? undefined : metrics[bestMetric];
  return chosen ?? metrics['eval/score'] ?? metrics['eval/war'];
}

/** By share of what a part can differ by. */
const PARTS = { full: 0.02, fall: 0.15 };

/** One part can pay no more while another is lost. */
export function watchParts(config: Config): Watch {
  const parts = tracked(partsOf(config).filter(({ range }) => range));
  return once(({ step, metrics }) => {
    follow(parts, metrics);
    const ready = parts.filter(({ trend }) => trend.isReady);
    const full = ready.find(({ trend, width, high }) => trend.to >= high - PARTS.full * width);
    const falling = ready.find(({ trend, width }) => {
      const fall = trend.best - trend.to;
      return fall >= PARTS.fall * width && trend.isSure(fall);
    });
    if (!full || !falling || full === falling) return undefined;
    return {
      message: `${full.name} is at its maximum while ${falling.name} falls.`,
      evidence: `${full.name} ${figure(full.trend.to)} of ${figure(full.high)}; ${falling.name} ${figure(falling.trend.to)}, ${figure(falling.trend.best)} at best (means of ${TREND_STEPS} steps).`,
      hint: `Raise the weight of ${falling.name} (${setting('rewardWeights')}), or see by its answers whether the two ask for opposite things.`,
      answers: { step },
    };
  });
}

interface TrackedPart {
  readonly name: string;
  readonly trend: Trend;
  readonly width: number;
  readonly high: number;
}

function tracked(parts: readonly RewardPart[]): TrackedPart[] {
  return parts.flatMap(({ name, range }) =>
    range ? [{ name, trend: new Trend(), width: range[1] - range[0], high: range[1] }] : [],
  );
}

function follow(parts: readonly TrackedPart[], metrics: MetricValues): void {
  for (const { name, trend } of parts) trend.push(metrics[`rewards/${name}/mean`]);
}
