import { lossOf } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import type { Alarm } from '../../protocol/alarms.ts';
import type { Config } from '../../protocol/config.ts';
import type { EvalResult, EventOf, KeptWeights } from '../../protocol/messages.ts';
import type { LeftWeights } from '../../rl/policy/start-weights.ts';
import { STUDIO_VERSION } from '../export/version.ts';
import type { Emit } from '../progress.ts';
import type { StepResult } from '../run-parts.ts';
import { newAfter, recordedAt, type SettingsChange } from './changes.ts';
import { checkpointFiles } from './checkpoint.ts';
import { standAt } from './fork.ts';
import { dataIdentity, modelIdentity } from './identity.ts';
import { betterScore, type Score } from './keep.ts';
import { holdRun } from './lock.ts';
import type { RunLogs } from './logs.ts';
import { Past } from './past.ts';
import type { RecordedRun } from './recorded-run.ts';
import { FORMAT, type RunDescription, type TrainState } from './records.ts';
import { beginnings, branchOf, demandNewest, hold, takenFurther } from './rights.ts';
import type { OpenedCheckpoint, RunStore, TakenRun } from './run-store.ts';
import { SavingReport } from './saving-report.ts';
import { CheckpointSchedule } from './schedule.ts';

const LATER_END = 'That its end was put off cannot be saved';

/**
 * Keeps one run on this device: its steps line by line, its checkpoints when asked. Where the device refuses (no space),
 * training goes on, the page is told what is not saved, and every later step tries again: what was not written is held in
 * memory until it is.
 */
export class Recorder {
  #description: RunDescription;
  readonly #store: RunStore;
  readonly #emit: Emit;
  readonly #logs: RunLogs;
  readonly #report: SavingReport;
  readonly #schedule: CheckpointSchedule;
  /** Weights that the run began from, where they are another run's. */
  readonly #left: LeftWeights | undefined;
  /** Locks; shared by the records of one run. */
  readonly #releases: (() => Promise<void>)[];
  /** The older checkpoint that was opened, until a step is taken from it: then the run becomes one of its own. */
  #origin?: KeptWeights;
  #savedStep = 0;
  #best?: Score;
  #healthy?: number;
  /** What the run is lies on the device. */
  #isDescribed = false;

  private constructor(
    store: RunStore,
    emit: Emit,
    run: RecordedRun,
    description: RunDescription,
    releases: (() => Promise<void>)[],
  ) {
    this.#store = store;
    this.#emit = emit;
    this.#description = description;
    this.#logs = store.logs(description.id, run.rolloutsLog, run.tokenLog);
    this.#report = new SavingReport(emit);
    this.#schedule = new CheckpointSchedule(description.config.checkpointEvery);
    this.#left = run.parts.model.left;
    this.#releases = releases;
  }

  /** Begins the record of a new run. `demo`: its model and data are the embedded ones; `taken`: whose weights it took over. */
  static async begin(
    store: RunStore,
    emit: Emit,
    run: RecordedRun,
    demo: boolean,
    taken?: TakenRun,
  ): Promise<Recorder> {
    const { model, data, gpu, config, before } = run.parts;
    const { id, name, createdAt, origin } = beginnings(taken);
    const recorder = await Recorder.open(store, emit, run, {
      ...{ format: FORMAT, id, name, createdAt, demo, config },
      model: { name: model.files.name, identity: await modelIdentity(model.tree) },
      data: { name: data.name, identity: await dataIdentity(data) },
      device: gpu.info,
      studio: STUDIO_VERSION,
      ...(model.left ? { hasStart: true } : {}),
      ...origin,
    });
    for (const result of before) await recorder.evaluation(result);
    return recorder;
  }

  /** An empty record of a run that is described in full. */
  static async open(
    store: RunStore,
    emit: Emit,
    run: RecordedRun,
    description: RunDescription,
  ): Promise<Recorder> {
    const release = await hold(description);
    const recorder = new Recorder(store, emit, run, description, [release]);
    await recorder.#writeLogs(0);
    return recorder;
  }

  /**
   * Brings `run`, loaded with the same settings, model and data, to where the stored run stood. From an older checkpoint
   * the run becomes one of its own with its next step; the stored one stays as it is.
   */
  static async resume(store: RunStore, emit: Emit, run: RecordedRun, taken: TakenRun): Promise<Recorder> {
    const { description, checkpoint, isProlonged, fork } = taken;
    const { state, damaged } = checkpoint;
    const isOlder = taken.isOlder || fork !== undefined;
    const release = await hold(description);
    const origin = { id: description.id, name: description.name, step: state.step };
    const stood = recordedAt(description, state.step);
    const own = isOlder ? branchOf(stood, origin, fork) : stood;
    const recorder = new Recorder(store, emit, run, own, [release]);
    try {
      // What was changed after the step from which it goes on has not happened.
      if (!isOlder && own.changes?.length !== description.changes?.length) await store.change(own);
      if (!isOlder) await demandNewest(store, taken);
      await standAt(run, checkpoint, fork);
      run.noteChange(newAfter(own, state.step));
      await recorder.#replay(run, state.step, emit, isOlder ? store.folder(description.id) : undefined);
      for (const each of damaged) await recorder.#setAside(each.step, each.reason, state.step);
    } catch (error) {
      await recorder.release();
      throw error;
    }
    if (isOlder) recorder.#origin = origin;
    if (isProlonged)
      await store.change(description).catch((error) => recorder.#report.refused(LATER_END, error));
    recorder.#savedStep = state.step;
    recorder.#best = state.best;
    recorder.#healthy = state.healthy;
    recorder.#report.saved(origin, state.step);
    return recorder;
  }

  get description(): RunDescription {
    return this.#description;
  }

  /** Writes down that from this step on programs of own rewards are others; what they were stays in the record. */
  async mended(config: Config, step: number): Promise<void> {
    const { mended = [], config: before } = this.#description;
    const was = before.rewardSources.filter((each) => !config.rewardSources.includes(each));
    this.#description = { ...this.#description, config, mended: [...mended, { step, was }] };
    // A run that goes on from another's checkpoint is written with its first step.
    if (this.#origin) return;
    const refused = (error: unknown) => this.#report.refused('What mended its reward cannot be saved', error);
    await this.#store.change(this.#description).catch(refused);
  }

  /** The person calls it by this name from here on. */
  named(name: string): void {
    this.#description = { ...this.#description, name };
  }

  /** Writes down that from the next step on settings are others. */
  async changed(config: Config, change: SettingsChange): Promise<void> {
    const { changes = [] } = this.#description;
    this.#description = { ...this.#description, config, changes: [...changes, change] };
    if (this.#origin) return;
    const refused = (error: unknown) => this.#report.refused('Its changed settings cannot be saved', error);
    await this.#store.change(this.#description).catch(refused);
  }

  /** The step of the newest checkpoint; 0 without one. */
  get savedStep(): number {
    return this.#savedStep;
  }

  /**
   * Brings `run`, loaded anew after its device was lost, to the newest checkpoint; without one, to where it began. What came
   * later is taken again. Returns its record from there on. @throws InputError when another tab has the run
   */
  async rewound(run: RecordedRun): Promise<Recorder> {
    const { description } = this;
    const isHeld = this.#releases.length > 0;
    if (!isHeld) this.#releases.push(await hold(description));
    try {
      const record = new Recorder(this.#store, this.#emit, run, description, this.#releases);
      await record.#standAgain(run, this);
      return record;
    } finally {
      if (!isHeld) await this.release();
    }
  }

  async #standAgain(run: RecordedRun, before: Recorder): Promise<void> {
    const { id, name, from, fork } = this.description;
    const checkpoint = await this.#checkpointOf(before);
    const saved = before.#savedStep > 0 ? checkpoint?.state.step : undefined;
    if (saved !== undefined && saved > before.#savedStep) {
      throw takenFurther(name, saved);
    }
    // What was written of steps that no checkpoint is behind is written anew.
    if (saved === undefined) await this.#store.remove(id);
    if (!checkpoint) {
      for (const result of run.parts.before) await this.evaluation(result);
      return;
    }
    const { state, damaged } = checkpoint;
    const other = before.#origin ?? (saved === undefined ? from : undefined);
    await standAt(run, checkpoint, other && fork);
    run.noteChange(newAfter(this.description, state.step));
    run.forgetEvaluations();
    await this.#replay(run, state.step, () => undefined, other && this.#store.folder(other.id));
    for (const each of damaged) await this.#setAside(each.step, each.reason, state.step);
    if (before.#origin) this.#origin = before.#origin;
    this.#savedStep = saved ?? 0;
    if (saved === undefined) this.#schedule.demand();
    this.#best = state.best;
    this.#healthy = state.healthy;
  }

  /** The newest checkpoint of the run; where it has none, the one that it goes on from; undefined where it began afresh. */
  async #checkpointOf(before: Recorder): Promise<OpenedCheckpoint | undefined> {
    const { description } = before;
    const [origin, saved] = [before.#origin, before.#savedStep];
    const other = origin ?? (saved === 0 && !description.fork?.anew ? description.from : undefined);
    if (other) return this.#store.open(other.id, other.step);
    if (saved === 0) return undefined;
    return this.#store.newest(description.id).catch((error: unknown) => {
      if (error instanceof InputError) return undefined;
      throw error;
    });
  }

  /** Tells run and page what the stored run had reported, and what of it is damaged. */
  async #replay(run: RecordedRun, step: number, tell: Emit, from?: string): Promise<void> {
    const past = new Past(tell);
    const reader = {
      step: (event: EventOf<'step'>) => {
        run.recordStep(event);
        past.add(event);
      },
      evaluation: (result: EvalResult) => {
        run.recordEvaluation(result);
        tell({ type: 'eval', result });
      },
      alarm: (alarm: Alarm) => tell({ type: 'alarm', alarm }),
    };
    const notes = await this.#logs.replay(step, reader, from);
    past.end(run.rolloutsLog.steps);
    if (notes.length === 0) return;
    const hint = 'Weights and settings are whole: the run goes on as it would have.';
    tell({ type: 'note', message: notes.join(' '), hint });
  }

  async #setAside(step: number, reason: string, from: number): Promise<void> {
    await this.#store.setAside(this.description.id, { step, reason }).catch(() => undefined);
    const hint = `It is set aside, and the run goes on from step ${from}.`;
    this.#emit({ type: 'note', message: reason, hint });
  }

  /** The kept run whose weights are on the device: until its first step, an opened older checkpoint is of its own run. */
  get kept(): Omit<KeptWeights, 'step'> {
    return this.#origin ?? this.description;
  }

  /** Writes down a step, whose answers the run has recorded. */
  async step({ step, metrics, seconds, basis, changed }: StepResult): Promise<void> {
    await this.#leaveOrigin();
    const more = { ...(basis ? { basis } : {}), ...(changed ? { changed } : {}) };
    this.#logs.addStep({ type: 'step', step, metrics, seconds, ...more });
    await this.#noticeLoss(step);
    await this.#writeLogs(step);
  }

  /** Writes down an evaluation. */
  async evaluation(result: EvalResult): Promise<void> {
    this.#logs.addEvaluation(result);
    if (!this.#origin) await this.#writeLogs(result.step);
  }

  /** Writes down that the run is not well. */
  async alarm(alarm: Alarm): Promise<void> {
    this.#logs.addAlarm(alarm);
    await this.#writeLogs(alarm.step);
  }

  /** From its first step on the run is one of its own, with nothing kept yet. */
  async #leaveOrigin(): Promise<void> {
    if (!this.#origin) return;
    this.#origin = undefined;
    this.#savedStep = 0;
    this.#schedule.demand();
    const release = await holdRun(this.description.id);
    if (release) this.#releases.push(release);
    await this.#releases.shift()?.();
  }

  /** Whoever clears the browser's storage takes what was saved, too. */
  async #noticeLoss(step: number): Promise<void> {
    if (!this.#isDescribed) return;
    const isThere = await this.#store.isThere(this.description.id, this.#savedStep).catch(() => false);
    if (isThere) return;
    this.#isDescribed = false;
    if (this.#savedStep === 0) return;
    this.#report.lost(
      `What was saved of this run at step ${this.#savedStep} is gone from this browser's storage.`,
    );
    this.#savedStep = 0;
    this.#schedule.demand();
    this.#schedule.retryFrom(step);
  }

  /** Writes what the run is, where that is not on the device yet, then the lines that are not. */
  async #writeUp(): Promise<void> {
    if (!this.#isDescribed) {
      await this.#store.create(this.description);
      if (this.#left) await this.#store.saveStart(this.description.id, this.#left);
      this.#isDescribed = true;
    }
    await this.#logs.flush();
  }

  async #writeLogs(step: number): Promise<void> {
    try {
      await this.#writeUp();
      // There is room again: a checkpoint that was refused need not wait any longer.
      if (this.#schedule.isBehind) this.#schedule.retryFrom(step);
      else this.#report.takeBack();
    } catch (error) {
      this.#report.refused(`What this run did after step ${this.#savedStep} cannot be saved`, error);
    }
  }

  /** A checkpoint with the best score so far is kept whatever comes after it; it is due at once. */
  score(score: Score): void {
    const best = betterScore(this.#best, score);
    if (best !== this.#best) this.#schedule.demand();
    this.#best = best;
  }

  /** Training was well up to this step: the newest checkpoint at or before it is kept whatever comes after it. */
  protect(step: number): void {
    this.#healthy = step;
  }

  /** Whether a checkpoint is due after this step. */
  isDue(step: number): boolean {
    return this.#schedule.isDue(step);
  }

  /** Writes a checkpoint of the run as it stands, unless there is one. No step may run meanwhile. */
  async save(run: RecordedRun): Promise<void> {
    const { id, name, config } = this.description;
    const { step } = run;
    if (await this.#isSaved(step)) return;
    try {
      await this.#writeUp();
      await this.#store.save(id, step, checkpointFiles(run.trained, this.#stateOf(run)));
    } catch (error) {
      // Then training does not go on, and whoever drives it knows what to do.
      if (await lossOf(run.parts.gpu)) {
        await this.#store.discard(id, step).catch(() => undefined);
        throw error;
      }
      this.#report.refused(`The checkpoint of step ${step} could not be written`, error);
      this.#schedule.refused(step);
      return this.#store.discard(id, step).catch(() => undefined);
    }
    this.#savedStep = step;
    this.#schedule.written();
    this.#report.saved({ id, name }, step);
    const [best, healthy] = [this.#best, this.#healthy];
    const rule = { ...(best ? { best: best.step } : {}), ...(healthy === undefined ? {} : { healthy }) };
    // What could not be removed now is removed with the next checkpoint.
    await this.#store.thin(id, step, { keep: config.keepCheckpoints, ...rule }).catch(() => undefined);
  }

  async #isSaved(step: number): Promise<boolean> {
    if (step !== this.#savedStep) return false;
    if (step === 0 || this.#origin) return true;
    await this.#noticeLoss(step);
    return step === this.#savedStep;
  }

  #stateOf(run: RecordedRun): TrainState {
    const [best, healthy] = [this.#best, this.#healthy];
    return {
      ...{ format: FORMAT, ...run.standing, ...(best ? { best } : {}) },
      ...(healthy === undefined ? {} : { healthy }),
      ...{ savedAt: Date.now(), device: run.parts.gpu.info, studio: STUDIO_VERSION },
    };
  }

  /** Lets other tabs have the run. */
  async release(): Promise<void> {
    for (const release of this.#releases.splice(0)) await release();
  }
}
