import type { MemoryLedger } from '../gpu/ledger.ts';
import type { EvalResult } from '../protocol/messages.ts';
import type { MetricValues } from '../protocol/metrics.ts';
import { type Lane, nextMacrotask } from './lane.ts';
import type { Emit } from './progress.ts';
import type { Run, StepResult } from './run.ts';
import type { Recorder } from './runs/recorder.ts';

/** What is wanted of the run under way; to give up is to stop without a checkpoint, as when the device is lost. */
export type Wish = 'go on' | 'one step' | 'pause' | 'stop' | 'give up';

/** What a training uses of its session. */
export interface TrainingHooks {
  readonly lane: Lane;
  readonly emit: Emit;
  readonly ledger: MemoryLedger;
  /** Measures a run on held-out clips, and reports what it found. */
  measure(run: Run): Promise<EvalResult>;
  /** Says that a step has been taken, or that the run rests. */
  show(what: 'step' | 'paused'): void;
}

/** A run on its way: takes one step after the other, hears wishes between two of them, and leaves a checkpoint at every rest. */
export class Training {
  readonly #hooks: TrainingHooks;
  #wish: Wish;
  /** Ends the wait of a paused run. */
  #wake: () => void = () => undefined;

  constructor(wish: Wish, hooks: TrainingHooks) {
    this.#wish = wish;
    this.#hooks = hooks;
  }

  ask(wish: Wish): void {
    this.#wish = wish;
    this.#wake();
  }

  /** Reads the wish anew: it changes while a step is under way. */
  wants(...wishes: Wish[]): boolean {
    return wishes.includes(this.#wish);
  }

  get isOver(): boolean {
    return this.wants('stop', 'give up');
  }

  /** From where the run stands to its last step, or until it is over. */
  async drive(run: Run, recorder: Recorder | undefined): Promise<void> {
    const { lane } = this.#hooks;
    while (run.step < run.config.steps && !this.isOver) {
      if (this.wants('pause')) {
        await this.#rest(run, recorder);
        continue;
      }
      await lane.run(() => this.#takeStep(run, recorder));
      if (this.wants('one step')) this.#wish = 'pause';
      await nextMacrotask();
    }
    await this.#save(run, recorder);
  }

  async #rest(run: Run, recorder: Recorder | undefined): Promise<void> {
    await this.#save(run, recorder);
    if (!this.wants('pause')) return;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#hooks.show('paused');
    await woken;
  }

  #save(run: Run, recorder: Recorder | undefined): Promise<void> {
    return this.#hooks.lane.run(async () => {
      if (!this.wants('give up')) await recorder?.save(run);
    });
  }

  async #takeStep(run: Run, recorder: Recorder | undefined): Promise<void> {
    const taken = await run.takeStep();
    const result = { ...taken, metrics: { ...taken.metrics, ...(await this.#scores(run, recorder)) } };
    this.#report(result);
    run.recordStep(result);
    run.recordAnswers(result.step, result.groups);
    await recorder?.step(result);
    if (recorder?.isDue(result.step)) await recorder.save(run);
    this.#hooks.show('step');
  }

  /** What the weights score on held-out clips, after steps where that is asked for. */
  async #scores(run: Run, recorder: Recorder | undefined): Promise<MetricValues> {
    const { evalEvery, bestMetric } = run.config;
    if (evalEvery === 0 || run.step % evalEvery !== 0) return {};
    const { war, uar } = await this.#hooks.measure(run);
    recorder?.score({ metric: bestMetric, value: bestMetric === 'eval/war' ? war : uar, step: run.step });
    return { 'eval/war': war, 'eval/uar': uar };
  }

  #report({ step, metrics, seconds, groups, warning }: StepResult): void {
    const { emit, ledger } = this.#hooks;
    emit({ type: 'step', step, metrics, seconds });
    if (groups.length > 0) emit({ type: 'rollouts', step, groups });
    emit({ type: 'memory', parts: ledger.parts(), peak: ledger.peak });
    if (warning === undefined) return;
    const hint = 'Lower the learning rate if it happens again.';
    emit({ type: 'error', message: `Step ${step}: ${warning}`, hint, fatal: false });
  }
}
