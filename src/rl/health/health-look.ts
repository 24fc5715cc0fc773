/** What a watch sees of a step, and what it may find. */
import { formatMetric, formatPercent } from '../../math/format.ts';
import { mean } from '../../math/stats.ts';
import type { Alarm } from '../../protocol/alarms.ts';
import { type ConfigKey, fieldOf } from '../../protocol/config.ts';
import type { MetricValues } from '../../protocol/metrics.ts';
import type { RewardTrouble } from '../../rewards/panel.ts';
import type { AnswerFigures } from './answer-figures.ts';

/** What a step shows of a run. */
export interface Look {
  /** Counts from 1. */
  readonly step: number;
  readonly metrics: MetricValues;
  /** Where values that are not finite were seen, and whence they come. */
  readonly notFinite?: NotFinite | undefined;
  /** What the step's answers show besides their scores; absent where no answers are at hand. */
  readonly answers?: AnswerFigures | undefined;
  /** What is wrong with rewards; absent where nothing is known to be. */
  readonly troubles?: readonly RewardTrouble[] | undefined;
}

export interface NotFinite {
  readonly evidence: string;
  readonly hint: string;
}

/** An alarm before it has its step and kind. */
export interface Finding extends Pick<Alarm, 'message' | 'evidence' | 'hint' | 'goodStep' | 'answers'> {
  /** Whether to go on is pointless. */
  readonly pauses?: boolean;
}

/** Looks at one step after the other, and remembers what it needs. */
export type Watch = (look: Look) => Finding | undefined;

/** A number as evidence shows it. */
export const figure = (value: number): string => formatMetric(value, 3);
export const percent = (value: number): string => formatPercent(value, 0);
/** A setting as form and command name it. */
export const setting = (key: ConfigKey): string => `"${fieldOf(key).label}" (${key})`;

/** The next move after something was lost. */
export function goBack(goodStep: number): string {
  const way = `with a smaller ${setting('learningRate')}, or with some ${setting('beta')}`;
  if (goodStep <= 0) return `Begin again ${way}.`;
  return `Begin again ${way}; a checkpoint of step ${goodStep} or before has the weights from before this.`;
}

/** The newest `length` values. */
export class Recent {
  readonly #length: number;
  #values: number[] = [];

  constructor(length: number) {
    this.#length = length;
  }

  /** Returns the value that leaves, once the window is full. */
  push(value: number): number | undefined {
    this.#values.push(value);
    return this.#values.length > this.#length ? this.#values.shift() : undefined;
  }

  get values(): readonly number[] {
    return this.#values;
  }

  get isFull(): boolean {
    return this.#values.length === this.#length;
  }

  get mean(): number {
    return mean(this.#values);
  }
}

/** True at the step at which `holds` has been true `times` in a row; again only after it was false. */
export function inARow(times: number): (holds: boolean) => boolean {
  let count = 0;
  return (holds) => {
    count = holds ? count + 1 : 0;
    return count === times;
  };
}
