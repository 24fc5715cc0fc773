import type { MemoryLedger } from '../gpu/ledger.ts';
import type { Alarm } from '../protocol/alarms.ts';
import { evalMetrics, metricFor, scoreOf } from '../protocol/evaluation.ts';
import type { EvalResult } from '../protocol/messages.ts';
import type { MetricValues } from '../protocol/metrics.ts';
import { STAGE_NAMES } from '../protocol/stages.ts';
import { LiveAnswers } from '../rl/rollout/live-answer.ts';
import { Halted, halting } from './halted.ts';
import { nextMacrotask } from './lane.ts';
import { type Emit, paced, progressOf } from './progress.ts';
import type { Run } from './run.ts';
import type { StepResult } from './run-parts.ts';
import type { Recorder } from './runs/recorder.ts';

/** What is wanted of the run under way. */
export type Wish = 'go on' | 'one step' | 'pause' | 'stop';

/** How a run can end. */
export type EndState = 'stopped' | 'finished' | 'failed';

/** What a training uses of its session. */
export interface TrainingHooks {
  readonly emit: Emit;
  /** Steps that the run has taken, of so many. */
  readonly progress: () => { readonly step: number; readonly steps: number };
  /** Does work with the run on the device, when its turn comes; what keeps the run may be absent. */
  work(use: (run: Run, recorder: Recorder | undefined) => Promise<void>): Promise<void>;
  /** Tells the page of clips that turned out to be unreadable, where there are any. */
  newIssues(): void;
  /** Measures a run on held-out clips, and reports what it found. */
  measure(run: Run): Promise<EvalResult>;
  /** Measures what a run began with, where that is wanted and not known; left where it is stopped. */
  measureStart(run: Run, stopped: () => boolean): Promise<void>;
  /** Says that a step has been taken, or that the run rests, and why where that was not asked for. */
  show(what: 'step' | 'paused', why?: string): void;
}

/** A run on its way: takes one step after the other, hears wishes between two of them, and leaves a checkpoint at every rest. */
export class Training {
  readonly #hooks: TrainingHooks;
  readonly #live: LiveAnswers;
  #wish: Wish;
  /** The furthest step so far: after a loss, steps are taken again. */
  #furthest = 0;
  #isUnderWay = false;
  /** Ends the wait of a paused run. */
  #wake: () => void = () => undefined;
  /** Telling of issues tells all of the data anew. */
  readonly #isTimeForIssues = paced(10_000);
  /** The alarm for which the run rests. */
  #why?: Alarm;

  constructor(wish: Wish, hooks: TrainingHooks) {
    this.#wish = wish;
    this.#hooks = hooks;
    this.#live = new LiveAnswers((piece) => hooks.emit({ type: 'live', ...piece }));
  }

  ask(wish: Wish): void {
    this.#wish = wish;
    if (wish === 'go on' || wish === 'one step') this.#why = undefined;
    this.#wake();
  }

  /** Reads the wish anew: it changes while a step is under way. */
  wants(...wishes: Wish[]): boolean {
    return wishes.includes(this.#wish);
  }

  get isOver(): boolean {
    return this.wants('stop');
  }

  /** Whether the run has been loaded, and steps are taken or about to be. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** From where the run stands to its last step, or until it is over. */
  async drive(): Promise<void> {
    const { progress, work } = this.#hooks;
    this.#isUnderWay = true;
    while (progress().step < progress().steps && !this.isOver) {
      if (this.wants('pause')) {
        await this.#rest();
        continue;
      }
      await work((run, recorder) => this.#takeStep(run, recorder));
      if (this.wants('one step') && progress().step > this.#furthest) this.#wish = 'pause';
      this.#furthest = Math.max(this.#furthest, progress().step);
      await nextMacrotask();
    }
    await this.#save();
  }

  async #rest(): Promise<void> {
    await this.#save();
    if (!this.wants('pause')) return;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#hooks.show('paused', this.#why?.message);
    await woken;
  }

  #save(): Promise<void> {
    return this.#hooks.work(async (run, recorder) => {
      run.rest();
      this.#hooks.newIssues();
      await recorder?.save(run);
    });
  }

  /** Whether the next step is wanted no more; asked between two clips that are made ready for it. */
  readonly #isHeldBack = (): boolean => this.wants('pause', 'stop');

  /** Makes the clips of the next step ready, and says how many are; returns whether the step can be taken. */
  async #makeReady(run: Run): Promise<boolean> {
    const { emit } = this.#hooks;
    const weights = halting(progressOf(emit, STAGE_NAMES.towers, 'bytes'), this.#isHeldBack);
    const report = { weights, clips: () => undefined };
    const isReady = await run.makeReady(this.#isHeldBack, report).catch(notIfHalted);
    if (this.#isTimeForIssues()) this.#hooks.newIssues();
    const { count } = run.rows;
    if (count) emit({ type: 'clips', ...count });
    return isReady;
  }

  async #takeStep(run: Run, recorder: Recorder | undefined): Promise<void> {
    if (!(await this.#makeReady(run))) return;
    const taken = await run.takeStep(this.#live);
    const result = { ...taken, metrics: { ...taken.metrics, ...(await this.#scores(run, recorder)) } };
    this.#report(result, run.parts.gpu.ledger);
    const alarms = run.recordStep(result);
    run.recordAnswers(result.step, result.groups, result.tokens);
    recorder?.protect(run.health.goodStep);
    await recorder?.step(result);
    for (const alarm of alarms) {
      this.#hooks.emit({ type: 'alarm', alarm });
      await recorder?.alarm(alarm);
    }
    if (recorder?.isDue(result.step)) await recorder.save(run);
    this.#hooks.show('step');
    await this.#hooks.measureStart(run, this.#isHeldBack);
    this.#why = alarms.find(({ pauses }) => pauses);
    if (this.#why && this.wants('go on')) this.#wish = 'pause';
  }

  /** How the run ended, once it is driven: what never changed a weight has not been trained. */
  endOf({ step, config, health }: Pick<Run, 'step' | 'config' | 'health'>): {
    state: EndState;
    message?: string;
  } {
    const { steps, finite, moved } = health.course;
    if (steps > 0 && finite === 0) {
      return {
        state: 'failed',
        message: `None of ${steps} steps made a finite update: no weight has changed.`,
      };
    }
    const state = step < config.steps ? 'stopped' : 'finished';
    if (steps > 0 && moved === 0) {
      return { state, message: `None of ${steps} steps had a gradient: no weight has changed.` };
    }
    return this.#why ? { state, message: this.#why.message } : { state };
  }

  /** What the weights score on held-out clips, after steps where that is asked for. */
  async #scores(run: Run, recorder: Recorder | undefined): Promise<MetricValues> {
    const { evalEvery, bestMetric } = run.config;
    if (evalEvery === 0 || run.step % evalEvery !== 0) return {};
    const result = await this.#hooks.measure(run);
    const metric = metricFor(result, bestMetric);
    recorder?.score({ metric, value: scoreOf(result, metric), step: run.step });
    return evalMetrics(result);
  }

  #report({ step, metrics, seconds, basis, groups, changed }: StepResult, ledger: MemoryLedger): void {
    const { emit } = this.#hooks;
    const more = { ...(basis ? { basis } : {}), ...(changed ? { changed } : {}) };
    emit({ type: 'step', step, metrics, seconds, ...more });
    if (groups.length > 0) emit({ type: 'rollouts', step, groups });
    emit({ type: 'memory', parts: ledger.parts(), peak: ledger.peak });
  }
}

/** Nothing is ready where that was left before its end. */
function notIfHalted(error: unknown): false {
  if (error instanceof Halted) return false;
  throw error;
}
