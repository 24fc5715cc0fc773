import type { FileToWrite } from '../../io/writing/file-to-write.ts';
import { InputError } from '../../math/errors.ts';
import type { Config } from '../../protocol/config.ts';
import { decodingOf } from '../../protocol/evaluation.ts';
import { type LiveValues, liveChanges, liveConfig, needsLoading } from '../../protocol/live-settings.ts';
import type { AnswerOf, CommandOf, EvalResult, KeptWeights } from '../../protocol/messages.ts';
import { STAGE_NAMES } from '../../protocol/stages.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import { findAlternatives } from '../alternatives.ts';
import { lacksStart } from '../asked-rows.ts';
import { exportFiles } from '../export/files.ts';
import { demandSame } from '../export/same-weights.ts';
import { forecastRun } from '../forecast.ts';
import { Halted, halting } from '../halted.ts';
import type { SessionHost } from '../host.ts';
import type { Inputs, Opened } from '../inputs/inputs.ts';
import { isAsOpened } from '../inputs/model.ts';
import { measuresAlike } from '../measuring.ts';
import { demandMoreRoom } from '../more-room.ts';
import { type Emit, progressOf } from '../progress.ts';
import type { Run } from '../run.ts';
import type { AnswerLog } from '../runs/answer-log.ts';
import { changeAt } from '../runs/changes.ts';
import type { Recorder } from '../runs/recorder.ts';
import { scoreAgain } from '../score-again.ts';
import type { HeldGpu } from './held-gpu.ts';
import { disposingOnError, type Loading, loadRun } from './load-run.ts';
import { comeBack } from './losses.ts';

/** A question about the weights on the device. */
export type Measurement = Omit<CommandOf<'evaluate'>, 'type' | 'requestId'> & { requestId?: number };

export interface OnDeviceParts {
  readonly held: HeldGpu;
  readonly emit: Emit;
  readonly host: SessionHost;
  readonly inputs: Inputs;
  /** Told where the run stands once it was brought back. */
  readonly broughtBack: (step: number) => void;
}

const ASKING = { clips: 'Asking about held-out clips', questions: 'Asking held-out questions' } as const;

const never = (): boolean => false;

/**
 * The run that lies on the device, and all that is done with its weights beside training them: they are measured, exported,
 * let go of, and brought back on a new device where theirs was lost. Whoever calls has the device to itself.
 */
export class OnDevice {
  readonly #parts: OnDeviceParts;
  #run?: Run;
  /** There is one exactly while there is a run, also where its device was lost. */
  #from?: Loading;
  /** How far a run had come whose device was lost, until it is brought back. */
  #lostAt?: number;
  /** What the weights as loaded scored on the present data. */
  #before: readonly EvalResult[] = [];
  /** A run whose start cannot be measured. */
  #startless?: Run;
  /** Answers of the latest run that trains or trained here, also where it has been let go of since. */
  answers?: AnswerLog;
  /** What keeps the run in storage while it trains. */
  recorder?: Recorder;

  constructor(parts: OnDeviceParts) {
    this.#parts = parts;
  }

  /** Whether there is a run that trains and does not only measure. */
  get isTrained(): boolean {
    return this.#from?.trains === true;
  }

  /** That run; absent also while it is brought back. Its device may be lost. */
  get trained(): Run | undefined {
    return this.isTrained ? this.#run : undefined;
  }

  /** Steps that the run has taken. */
  get step(): number {
    return this.#run?.step ?? this.#lostAt ?? 0;
  }

  /** Whether the run trains, and storage has nothing from which it could be brought back. */
  get isOnlyHere(): boolean {
    return this.isTrained && !this.recorder?.savedStep;
  }

  /** The run as it is kept, and where it stands. */
  get kept(): KeptWeights | undefined {
    const record = this.isTrained ? this.recorder?.kept : undefined;
    return record && { id: record.id, name: record.name, step: this.step };
  }

  /** With another model or data set, what was measured before says nothing any more. */
  forgetBefore(): void {
    this.#before = [];
  }

  /** A run that was taken up brings along what its weights as loaded scored. */
  adoptBefore({ start, evaluations }: Run): void {
    if (!start) this.#before = evaluations.filter(({ step }) => step === 0);
  }

  clipReports(requestId?: number, stopped = never) {
    const { emit } = this.#parts;
    return {
      weights: halting(progressOf(emit, STAGE_NAMES.towers, 'bytes', requestId), stopped),
      clips: halting(progressOf(emit, STAGE_NAMES.clips, 'clips', requestId), stopped),
    };
  }

  /** Puts a run on the device that is going to train, in the place of what was there. With `begins`, ready for its first step. */
  async load(
    opened: Opened,
    config: Config,
    stopped: () => boolean,
    { begins, rewardsStay }: { readonly begins: boolean; readonly rewardsStay: boolean },
  ): Promise<Run> {
    await this.drop();
    const from = { opened, config, before: this.#beforeOf(opened), trains: true, rewardsStay };
    this.#run = await this.#load(from, stopped, begins);
    this.#from = from;
    this.answers = this.#run.rolloutsLog;
    return this.#run;
  }

  #beforeOf({ model }: Opened): readonly EvalResult[] {
    return isAsOpened(model) ? this.#before : [];
  }

  #load(from: Loading, stopped: () => boolean, begins = false): Promise<Run> {
    return loadRun(this.#parts, from, {
      ...{ stopped, begins },
      clipReports: () => this.clipReports(undefined, stopped),
    });
  }

  /** Does work with the run, which is brought back first where its device was lost. */
  async use<T>(work: (run: Run) => Promise<T>, stopped = never): Promise<T> {
    const { held } = this.#parts;
    const isThere = this.#run && !held.loss && this.#run.parts.gpu === held.gpu;
    if (!isThere) await this.#bringBack(stopped);
    return held.during(() => work(this.#run!));
  }

  /** Does a part of the training of the run. */
  train(
    work: (run: Run, recorder: Recorder | undefined) => Promise<void>,
    stopped: () => boolean,
  ): Promise<void> {
    return this.use((run) => work(run, this.recorder), stopped);
  }

  /** Another program in the place of an own reward's of the run, also where it is loaded again. */
  async mendReward(source: RewardSource): Promise<Config> {
    const config = await this.use((run) => run.mendReward(source));
    if (this.#from) this.#from = { ...this.#from, config };
    await this.recorder?.mended(config, this.step);
    return config;
  }

  /**
   * Other settings for the run from its next step on. It is written down where it stands first: whoever goes on with it later
   * goes on from there. What lies on the device otherwise is loaded again.
   */
  async changeSettings(values: LiveValues): Promise<Config> {
    const { inputs } = this.#parts;
    const from = this.#from;
    if (!from?.trains) throw new Error('OnDevice.changeSettings: no run trains.');
    const changed = liveChanges(from.config, values);
    const config = liveConfig(from.config, changed);
    if (Object.keys(changed).length === 0) return config;
    const isLoaded = needsLoading(from.config, config);
    await this.use(async (run) => {
      if (isLoaded) {
        const wanted = { from: from.config, to: config };
        await demandMoreRoom({ ...from.opened, gpu: run.parts.gpu }, wanted, inputs.rewardModels);
      }
      run.rest();
      await this.recorder?.save(run);
    });
    if (isLoaded) await this.#loadAgain({ ...from, config });
    else await this.use(async (run) => run.change(config));
    this.#from = { ...from, config };
    const step = this.step;
    await this.recorder?.changed(config, changeAt(step, from.config, changed));
    this.#run?.noteChange(changed);
    return config;
  }

  /** Loads the run with other settings, to stand where it stands. @throws InputError where that is written down nowhere */
  async #loadAgain(from: Loading): Promise<void> {
    const { step } = this;
    if (step > 0 && this.recorder?.savedStep !== step) {
      throw new InputError(`The run is loaded again for this, and step ${step} of it is not saved.`, {
        hint: 'Free some of the browser’s storage, or start a run of its own with these settings.',
      });
    }
    await this.#reload(from, never);
    this.#lostAt = undefined;
  }

  /** Puts a new device's run in the place of the one that was lost. */
  async #bringBack(stopped: () => boolean): Promise<void> {
    const { held, emit, broughtBack } = this.#parts;
    const from = this.#from;
    if (!from) throw new Error('OnDevice.use: there is no run.');
    const reason = held.loss?.reason;
    const { step } = await this.#reload(from, stopped);
    if (!from.trains) return;
    emit(comeBack(this.#lostAt!, step, reason));
    this.#lostAt = undefined;
    broughtBack(step);
  }

  /** Loads a run anew and sets it to its newest checkpoint; to its start where there is none. */
  async #reload(from: Loading, stopped: () => boolean): Promise<Run> {
    const { held } = this.#parts;
    this.#lostAt = this.step;
    this.#run?.[Symbol.dispose]();
    this.#run = undefined;
    const run = await this.#load(from, stopped);
    this.#run = await disposingOnError(run, () =>
      held.during(async () => {
        if (from.trains) this.recorder = await this.recorder?.rewound(run);
      }),
    );
    if (from.trains) this.answers = run.rolloutsLog;
    return run;
  }

  /** A lost run that nobody waits for any more stands where it would be brought back to. Undefined where it cannot be. */
  settle(): number | undefined {
    const step = this.recorder?.savedStep;
    if (!step) return this.forget();
    this.#run?.[Symbol.dispose]();
    this.#run = undefined;
    this.#lostAt = step;
    return step;
  }

  /** Measures the weights as they are: those of the latest run; before one, those as loaded. */
  async measure(opened: Opened, settings: Config, question: Measurement): Promise<void> {
    await this.#demandRun(opened, settings);
    await this.use((run) => this.evaluate(run, question));
  }

  /** What a run with these settings would find at its start. @throws InputError where weights of a run are on the device */
  async forecast(
    opened: Opened,
    { requestId, config }: CommandOf<'forecast'>,
    stopped: () => boolean,
  ): Promise<AnswerOf<'forecast'>> {
    if (this.isTrained) {
      throw new InputError('The weights of a run are on the device, and a forecast would take their place.', {
        hint: 'What the run tells of its groups says the same. Open the model again for a forecast of another run.',
      });
    }
    await this.#demandRun(opened, config);
    const answers = halting(
      progressOf(this.#parts.emit, 'Trying the first rows', 'rows', requestId),
      stopped,
    );
    const report = { ...this.clipReports(requestId, stopped), answers };
    return { forecast: await this.use((run) => forecastRun(run, config, report), stopped) };
  }

  /** Where there is no run, or one that measures under other settings, the weights as loaded take its place. */
  async #demandRun(opened: Opened, settings: Config): Promise<void> {
    const there = this.#from;
    if (there && (there.trains || measuresAlike(there.config, settings))) return;
    await this.drop();
    this.#from = {
      opened,
      config: settings,
      before: this.#beforeOf(opened),
      trains: false,
      rewardsStay: false,
    };
  }

  /** Measures a run, writes down what it scored, and tells the page. @throws Halted where it is stopped */
  async evaluate(run: Run, question: Measurement, stopped = never): Promise<EvalResult> {
    const { emit, inputs } = this.#parts;
    const { requestId } = question;
    const { kind } = run.parts.data;
    const result = await run.evaluate(question, {
      ...this.clipReports(requestId, stopped),
      answers: halting(progressOf(emit, ASKING[kind], kind, requestId), stopped),
    });
    if (result.step === 0 && isAsOpened(run.parts.model)) this.#before = [...this.#before, result];
    await this.recorder?.evaluation(result);
    inputs.reportIssues(requestId);
    emit({ type: 'eval', ...(requestId === undefined ? {} : { requestId }), result });
    return result;
  }

  /** Measures what a run began with, where its settings ask for it and it is not known. Left where it is stopped. */
  async measureStart(run: Run, stopped: () => boolean): Promise<void> {
    if (this.#startless === run || !lacksStart(run.parts.data, run)) return;
    const sampled = decodingOf(run.config);
    try {
      await this.evaluate(run, { split: 'val', start: true, ...(sampled ? { sampled } : {}) }, stopped);
    } catch (error) {
      if (error instanceof Halted) return;
      if (!(error instanceof InputError)) throw error;
      this.#startless = run;
      const message = `What the run began with was not measured. ${error.message}`;
      this.#parts.emit({ type: 'note', message, hint: error.hint });
    }
  }

  /** Says which files an export would have, and how large; nothing before there is a run. */
  async planExport({ parts }: CommandOf<'planExport'>): Promise<AnswerOf<'planExport'>> {
    const files = this.#from
      ? await this.use((run) => exportFiles(run, parts, this.recorder?.description))
      : [];
    return { files: files.map(({ path, bytes }) => ({ path, bytes })) };
  }

  /** The answers of the latest run, scored by the rewards of `config`. @throws InputError where there are none */
  async scoreAgain(
    { requestId, config }: CommandOf<'scoreAgain'>,
    stop: AbortSignal,
  ): Promise<AnswerOf<'scoreAgain'>> {
    if (!this.#from) {
      throw new InputError('No run is on the device.', {
        hint: 'Start one, or go on with one that is kept.',
      });
    }
    const report = progressOf(this.#parts.emit, 'Scoring answers', 'answers', requestId);
    return { answers: await this.use((run) => scoreAgain(run, config, { report, stop })) };
  }

  /** The likeliest tokens in an answer of the run that is here. @throws InputError where it is another, or its row is not at hand */
  alternatives(asked: CommandOf<'alternatives'>): Promise<AnswerOf<'alternatives'>> {
    const isHere = this.isTrained && (asked.runId === undefined || asked.runId === this.kept?.id);
    if (!isHere) {
      throw new InputError('The weights of this run are not on the device.', {
        hint: 'Go on with it, and pause it at once: then they are.',
      });
    }
    return this.use((run) => findAlternatives(run, asked));
  }

  /** Exports the latest run; before one, the weights as loaded. */
  async export(command: CommandOf<'export'>, opened: Opened, settings: Config): Promise<void> {
    const { requestId, parts, place, run: wanted } = command;
    const { emit, host } = this.#parts;
    await this.#demandRun(opened, settings);
    await this.use(async (run) => {
      const { kept } = this;
      if (wanted) demandSame(wanted, kept);
      const report = progressOf(emit, 'Writing files', 'bytes', requestId);
      const archive = `${opened.model.files.name}-step-${run.step}.zip`;
      const target = { place, archive, ...(kept ? { request: { parts, place, run: kept } } : {}) };
      const files = await host.writeExport(
        await exportFiles(run, parts, this.recorder?.description),
        target,
        report,
      );
      const folder = place.kind === 'folder' ? place.folder.name : '';
      emit({ type: 'exported', requestId, files, place: folder });
    });
  }

  /** Puts files into one archive in the browser's storage. */
  async archive(files: readonly FileToWrite[], archive: string, requestId: number): Promise<void> {
    const { emit, host } = this.#parts;
    const report = progressOf(emit, 'Writing files', 'bytes', requestId);
    const written = await host.writeExport(files, { place: { kind: 'archive' }, archive }, report);
    emit({ type: 'exported', requestId, files: written, place: '' });
  }

  async drop(): Promise<void> {
    await this.recorder?.release();
    this.forget();
  }

  /** Lets go of the run without a word to its record. */
  forget(): undefined {
    this.recorder = undefined;
    this.#run?.[Symbol.dispose]();
    this.#run = undefined;
    this.#from = undefined;
    this.#lostAt = undefined;
  }
}
