import { describeError, InputError } from '../../math/errors.ts';
import type { Alarm } from '../../protocol/alarms.ts';
import type { EvalResult } from '../../protocol/messages.ts';
import { STUDIO_VERSION } from '../export/version.ts';
import type { Emit } from '../progress.ts';
import type { Run, StepResult } from '../run.ts';
import { checkpointFiles, restoreCheckpoint } from './checkpoint.ts';
import { dataIdentity, modelIdentity } from './identity.ts';
import { betterScore, type Score } from './keep.ts';
import { holdRun } from './lock.ts';
import { nameRun } from './name.ts';
import { FORMAT, type RunDescription } from './records.ts';
import type { OpenedCheckpoint, RunStore } from './run-store.ts';

const FREE_SPACE = 'Delete stored runs on the Train screen, or free space on this device.';

/** What of a run is recorded, and put back. */
export type RecordedRun = Pick<
  Run,
  'parts' | 'step' | 'standing' | 'stand' | 'trained' | 'evaluations' | 'recordAnswers'
> & { recordStep(step: Pick<StepResult, 'step' | 'metrics' | 'seconds'>): void };

/**
 * Keeps one run on this device: its steps line by line, its checkpoints when asked. Where the device refuses (no space),
 * training goes on, and the page is told once until a checkpoint succeeds again.
 */
export class Recorder {
  readonly description: RunDescription;
  readonly #store: RunStore;
  readonly #emit: Emit;
  readonly #release: () => Promise<void>;
  #savedStep = 0;
  #best?: Score;
  #bestIsNew = false;
  /** A log with a hole in it would be read back wrongly: after a line was lost nothing more is written. */
  #logBroken = false;
  #told = false;

  private constructor(
    store: RunStore,
    emit: Emit,
    description: RunDescription,
    release: () => Promise<void>,
  ) {
    this.#store = store;
    this.#emit = emit;
    this.description = description;
    this.#release = release;
  }

  /** Begins the record of a new run. `demo`: its model and data are the embedded ones. */
  static async begin(store: RunStore, emit: Emit, run: RecordedRun, demo: boolean): Promise<Recorder> {
    const { model, data, gpu, config, before } = run.parts;
    const createdAt = Date.now();
    const { id, name } = nameRun(createdAt);
    const recorder = await Recorder.open(store, emit, {
      ...{ format: FORMAT, id, name, createdAt, demo, config },
      model: { name: model.files.name, identity: await modelIdentity(model.tree) },
      data: { name: data.name, identity: await dataIdentity(data) },
      device: gpu.info,
      studio: STUDIO_VERSION,
    });
    const { left } = model;
    if (left) await recorder.#log(() => store.saveStart(id, left));
    for (const result of before) await recorder.evaluation(result);
    return recorder;
  }

  /** An empty record of a run that is described in full. */
  static async open(store: RunStore, emit: Emit, description: RunDescription): Promise<Recorder> {
    const recorder = await Recorder.#hold(store, emit, description);
    await recorder.#log(() => store.create(description));
    return recorder;
  }

  /** @throws InputError when another tab is at work on the run */
  static async #hold(store: RunStore, emit: Emit, description: RunDescription): Promise<Recorder> {
    const release = await holdRun(description.id);
    if (release) return new Recorder(store, emit, description, release);
    throw new InputError(`Another tab is at work on the run ${description.name}.`, {
      hint: 'Stop it there, or close that tab.',
    });
  }

  /** Brings `run`, loaded with the same settings, model and data, to where the stored run stood. */
  static async resume(
    store: RunStore,
    emit: Emit,
    run: RecordedRun,
    {
      description,
      checkpoint,
    }: { readonly description: RunDescription; readonly checkpoint: OpenedCheckpoint },
  ): Promise<Recorder> {
    const { state, files, damaged } = checkpoint;
    const recorder = await Recorder.#hold(store, emit, description);
    try {
      run.stand(state);
      await restoreCheckpoint(run.trained, files);
      await recorder.#replay(run, state.step);
      for (const { step, reason } of damaged) await recorder.#leaveOut(step, reason, state.step);
    } catch (error) {
      await recorder.release();
      throw error;
    }
    recorder.#savedStep = state.step;
    recorder.#best = state.best;
    recorder.#emit({ type: 'saved', runId: description.id, name: description.name, step: state.step });
    return recorder;
  }

  /** Tells run and page what the stored run had reported. */
  async #replay(run: RecordedRun, step: number): Promise<void> {
    await this.#store.logs(this.description.id).replay(step, {
      step: (event) => {
        run.recordStep(event);
        this.#emit(event);
      },
      evaluation: (result) => {
        run.evaluations.push(result);
        this.#emit({ type: 'eval', result });
      },
      alarm: (alarm) => this.#emit({ type: 'alarm', alarm }),
      answers: (at, groups) => {
        run.recordAnswers(at, groups);
        this.#emit({ type: 'rollouts', step: at, groups: [...groups] });
      },
    });
  }

  async #leaveOut(step: number, reason: string, from: number): Promise<void> {
    await this.#store.discard(this.description.id, step);
    this.#emit({ type: 'error', message: reason, hint: `The run goes on from step ${from}.`, fatal: false });
  }

  /** Writes down a step. */
  async step({ step, metrics, seconds, groups }: StepResult): Promise<void> {
    const logs = this.#store.logs(this.description.id);
    await this.#log(() => logs.addStep({ type: 'step', step, metrics, seconds }, groups));
  }

  /** Writes down an evaluation. */
  async evaluation(result: EvalResult): Promise<void> {
    const logs = this.#store.logs(this.description.id);
    await this.#log(() => logs.addEvaluation(result));
  }

  /** Writes down that the run is not well. */
  async alarm(alarm: Alarm): Promise<void> {
    const logs = this.#store.logs(this.description.id);
    await this.#log(() => logs.addAlarm(alarm));
  }

  async #log(write: () => Promise<void>): Promise<void> {
    if (this.#logBroken) return;
    try {
      await write();
    } catch (error) {
      this.#logBroken = true;
      this.#tell('This run can no longer be kept on this device', error);
    }
  }

  /** A checkpoint with the best score so far is kept whatever comes after it; it is due at once. */
  score(score: Score): void {
    const best = betterScore(this.#best, score);
    this.#bestIsNew ||= best !== this.#best;
    this.#best = best;
  }

  /** Whether a checkpoint is due after this step. */
  isDue(step: number): boolean {
    const { checkpointEvery } = this.description.config;
    return this.#bestIsNew || (checkpointEvery > 0 && step % checkpointEvery === 0);
  }

  /** Writes a checkpoint of the run as it stands, unless there is one. No step may run meanwhile. */
  async save(run: RecordedRun): Promise<void> {
    const { id, name, config } = this.description;
    const { step } = run;
    if (this.#logBroken || step === this.#savedStep) return;
    const best = this.#best;
    const state = {
      ...{ format: FORMAT, ...run.standing, ...(best ? { best } : {}) },
      ...{ savedAt: Date.now(), device: run.parts.gpu.info, studio: STUDIO_VERSION },
    };
    try {
      const keep = { keep: config.keepCheckpoints, ...(best ? { best: best.step } : {}) };
      await this.#store.save(id, step, checkpointFiles(run.trained, state), keep);
      this.#savedStep = step;
      this.#bestIsNew = false;
      this.#told = false;
      this.#emit({ type: 'saved', runId: id, name, step });
    } catch (error) {
      this.#tell(`The checkpoint of step ${step} could not be written`, error);
      await this.#store.discard(id, step).catch(() => undefined);
    }
  }

  #tell(what: string, error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    const message = `${what}: ${describeError(error)}`;
    this.#emit({ type: 'error', message, hint: `${FREE_SPACE} Training goes on.`, fatal: false });
  }

  /** Lets other tabs have the run. */
  async release(): Promise<void> {
    await this.#release();
  }
}
