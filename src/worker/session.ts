import { FULL_PACE, GENTLE_PACE, type Gpu } from '../gpu/index.ts';
import { type FileTree, treeFromFiles } from '../io/files.ts';
import { InputError } from '../math/errors.ts';
import { type Config, defaultConfig } from '../protocol/config.ts';
import { decodingOf } from '../protocol/evaluation.ts';
import type { CommandOf, EvalResult, KeptWeights, RunState } from '../protocol/messages.ts';
import { presetConfig } from '../protocol/presets.ts';
import { endingWith } from './ending.ts';
import { exportFiles } from './export/files.ts';
import { demandSame } from './export/same-weights.ts';
import { failureEvent } from './failure.ts';
import { Handover } from './handover.ts';
import type { SessionHost } from './host.ts';
import { Inputs, type Opened } from './inputs.ts';
import { Lane } from './lane.ts';
import { demandRoom, planAlternatives } from './make-room.ts';
import { measuring } from './measuring.ts';
import { planMemory } from './memory-plan.ts';
import { reportLoaded } from './model.ts';
import { type Emit, progressOf } from './progress.ts';
import { Run } from './run.ts';
import { longestAnswerOf } from './run-options.ts';
import { checkSameInputs } from './runs/identity.ts';
import type { Recorder } from './runs/recorder.ts';
import { RunShelf, type TakenRun } from './runs/shelf.ts';
import { Training, type Wish } from './training.ts';

const ACTIVE: readonly RunState[] = ['loading', 'running', 'pausing', 'paused'];

/**
 * The life of a model, a data set and a run on one device. Steps, evaluations and exports take turns in one lane, so that
 * each of them sees whole steps; between two steps waiting commands are heard.
 */
export class Session {
  readonly #gpu: Gpu;
  readonly #emit: Emit;
  readonly #host: SessionHost;
  readonly #shelf: RunShelf;
  readonly #inputs: Inputs;
  readonly #lane = new Lane();
  /** Folders are opened in the order in which they were given, so that the last one stays. */
  readonly #opens = new Lane();
  #run?: Run;
  /** The settings of a `#run` that only measures the weights as loaded. */
  #measuring?: string;
  readonly #handover = new Handover();
  /** What keeps `#run` on this device while it trains. */
  #recorder?: Recorder;
  /** The loop around `#run`, from its begin on. */
  #training?: Training;
  #state: RunState = 'empty';
  #steps = 0;
  /** Settings that evaluation and preview use: those of the latest run. */
  #config: Config = defaultConfig();
  /** What the weights as loaded scored on the present data. */
  #before: readonly EvalResult[] = [];

  constructor(gpu: Gpu, emit: Emit, host: SessionHost) {
    this.#gpu = gpu;
    this.#emit = emit;
    this.#host = host;
    this.#shelf = new RunShelf(host.runs, emit, gpu.info);
    this.#inputs = new Inputs(gpu, host, {
      emit,
      release: (replaced) => this.#lane.run(() => this.#release(replaced)),
      changed: () => this.#becomeReady(),
    });
  }

  openDemo({ requestId }: CommandOf<'openDemo'>): Promise<void> {
    return this.#open(() => this.#openDemo(requestId));
  }

  #openDemo(requestId: number): Promise<void> {
    this.#config = presetConfig('demo');
    return this.#inputs.openDemo(requestId);
  }

  openModel({ requestId, files }: CommandOf<'openModel'>): Promise<void> {
    return this.#open(() => this.#inputs.openModel(treeFromFiles(files), requestId));
  }

  /** Opens a model that lies in storage or in a folder known from before. */
  openModelTree(requestId: number, open: () => Promise<FileTree>): Promise<void> {
    return this.#open(async () => this.#inputs.openModel(await open(), requestId));
  }

  /** The folder of the model that is open. */
  get modelTree(): FileTree | undefined {
    return this.#inputs.model?.tree;
  }

  openData({ requestId, files, fold }: CommandOf<'openData'>): Promise<void> {
    return this.#open(() => this.#inputs.openData(treeFromFiles(files), requestId, fold));
  }

  /** Work that has the device to itself, while no run is under way. */
  readonly alone = (work: (gpu: Gpu) => Promise<void>) =>
    this.#open(() => this.#lane.run(() => work(this.#gpu)));

  #open(work: () => Promise<void>): Promise<void> {
    return this.#opens.run(async () => {
      this.#refuseWhileActive();
      return work();
    });
  }

  /** With another model or data set, what was measured before says nothing any more. */
  #becomeReady(): void {
    this.#before = [];
    this.#steps = 0;
    this.#setState(this.#inputs.areComplete ? 'ready' : 'empty');
  }

  /** Weights outlive the data they were trained on, for a second stage on other clips. */
  async #release(replaced: 'model' | 'data'): Promise<void> {
    if (replaced === 'model') this.#handover.forget();
    else await this.#handover.keep(this.#trainedRun);
    await this.#dropRun();
  }

  preview(command: CommandOf<'preview'>): Promise<void> {
    return this.#inputs.preview(command, this.#config);
  }

  /** Says what a run would take. The steps of a run under way go first. */
  async plan({ requestId, config, whatIf }: CommandOf<'plan'>): Promise<void> {
    const { model: published, data } = this.#inputs;
    if (!published) throw new InputError('There is no model yet.', { hint: 'Drop its folder on the page.' });
    await this.#lane.run(async () => {
      const model = this.#handover.planned(published, config, this.#trainedRun);
      const longest = longestAnswerOf(model, config, data?.examples ?? []);
      const plan = await planMemory(model, config, longest, this.#gpu);
      const others = whatIf && (await planAlternatives(model, config, longest, this.#gpu));
      this.#emit({ type: 'plan', requestId, plan, ...(others ? { whatIf: others } : {}) });
    });
  }

  /** Tells the page which runs are kept on this device. */
  listRuns(): Promise<void> {
    return this.#shelf.list();
  }

  deleteRun({ runId }: CommandOf<'deleteRun'>): Promise<void> {
    return this.#shelf.delete(runId);
  }

  /** Goes on with a stored run. Returns when it has been found and checked; the run reports by events. @throws InputError */
  resumeRun({ requestId, runId }: CommandOf<'resumeRun'>): Promise<void> {
    return this.#resumeRun(requestId, runId, 'go on');
  }

  #resumeRun(requestId: number, runId: string, wish: Wish): Promise<void> {
    return this.#open(async () => {
      const description = await this.#shelf.describe(runId);
      if (description.demo && !this.#inputs.isDemo) await this.#openDemo(requestId);
      await checkSameInputs(description, this.#inputs.demand());
      const { taken, shown } = await this.#shelf.take(description);
      this.#emit({ type: 'resumed', requestId, run: shown, config: description.config });
      this.#begin(description.config, wish, taken);
    });
  }

  /** Begins a run; returns at once, the run reports by events. */
  start({ config }: CommandOf<'start'>): void {
    this.#begin(config, 'go on');
  }

  step({ config }: CommandOf<'step'>): void {
    if (this.#state === 'paused') this.#continue('one step');
    else if (config) this.#begin(config, 'one step');
    else throw new InputError('There is no paused run to take a step in.', { hint: 'Start a run first.' });
  }

  pause(): void {
    if (this.#state !== 'loading' && this.#state !== 'running') return;
    this.#training?.ask('pause');
    if (this.#state === 'running') this.#setState('pausing');
  }

  resume(): void {
    if (this.#state === 'paused') this.#continue('go on');
  }

  stop(): void {
    if (ACTIVE.includes(this.#state)) this.#training?.ask('stop');
  }

  #continue(wish: Wish): void {
    this.#setState('running');
    this.#training?.ask(wish);
  }

  #begin(config: Config, wish: Wish, taken?: TakenRun): void {
    this.#refuseWhileActive();
    const opened = this.#inputs.demand();
    this.#config = config;
    this.#gpu.pace = config.gentle ? GENTLE_PACE : FULL_PACE;
    this.#steps = config.steps;
    // The run before is let go of inside the lane; no step of it may be shown for the new one.
    this.#state = 'loading';
    const step = taken?.checkpoint.state.step ?? 0;
    this.#emit({ type: 'state', state: 'loading', step, steps: config.steps });
    const training = new Training(wish, {
      lane: this.#lane,
      emit: this.#emit,
      ledger: this.#gpu.ledger,
      measure: (run) => this.#evaluate(run, { split: 'val', sampled: decodingOf(run.config) }),
      show: (what) => this.#show(what),
    });
    this.#training = training;
    void this.#drive(training, opened, config, taken).catch((error: unknown) => this.#fail(error));
  }

  /** A run from the first byte to its last step. */
  async #drive(training: Training, opened: Opened, config: Config, taken?: TakenRun): Promise<void> {
    const run = await this.#lane.run(async () => {
      const model = await this.#handover.modelFor(opened.model, config, this.#trainedRun, taken);
      const started = { ...opened, model };
      await this.#prepareDevice(started, config, training);
      const loaded = await this.#load(started, config, training);
      await loaded.prepareTraining();
      if (!training.isOver) this.#recorder = await this.#shelf.record(loaded, this.#inputs.isDemo, taken);
      return loaded;
    });
    const recorder = this.#recorder;
    // A run that has ended may be taken up by any tab.
    const release = async (): Promise<void> => {
      await recorder?.release();
      await this.#shelf.list();
    };
    await endingWith(release, async () => {
      this.#inputs.reportIssues();
      if (training.isOver) return this.#setState('ready');
      if (taken && !run.start) this.#before = run.evaluations.filter(({ step }) => step === 0);
      this.#setState(training.wants('pause') ? 'pausing' : 'running');
      await training.drive(run, recorder);
      this.#setState(run.step < run.config.steps ? 'stopped' : 'finished');
    });
  }

  /** After a step the state is shown again with the new count. */
  #show(what: 'step' | 'paused'): void {
    if (what === 'paused') this.#setState('paused');
    else if (this.#state === 'running' || this.#state === 'pausing') this.#setState(this.#state);
  }

  /** The run on the device, where it trains and does not only measure. */
  get #trainedRun(): Run | undefined {
    return this.#measuring === undefined ? this.#run : undefined;
  }

  /** Makes sure that the run fits, and encodes its clips while the device holds nothing but towers. */
  async #prepareDevice({ model, data, features }: Opened, config: Config, training: Training): Promise<void> {
    await this.#dropRun();
    await demandRoom(this.#gpu, model, config, longestAnswerOf(model, config, data.examples));
    const train = data.examples.filter(({ split }) => split === 'train');
    await features.prepare(train, this.#clipReports(), () => training.isOver);
  }

  #clipReports(requestId?: number) {
    return {
      weights: progressOf(this.#emit, 'Loading the towers', 'bytes', requestId),
      clips: progressOf(this.#emit, 'Preparing clips', 'clips', requestId),
    };
  }

  async #load(opened: Opened, config: Config, training?: Training): Promise<Run> {
    await this.#dropRun();
    const run = await Run.load({
      ...opened,
      gpu: this.#gpu,
      config,
      before: opened.model.left ? [] : this.#before,
      report: {
        weights: progressOf(this.#emit, 'Loading the model', 'bytes'),
        kernels: progressOf(this.#emit, 'Compiling kernels', 'kernels'),
        clips: progressOf(this.#emit, 'Preparing clips', 'clips'),
      },
      trains: training !== undefined,
      stopped: () => this.#state === 'loading' && training?.isOver === true,
    });
    this.#run = run;
    reportLoaded(this.#emit, opened.model, run.policy);
    return run;
  }

  /** Measures the weights as they are: those of the latest run, or as loaded. */
  async evaluate(command: CommandOf<'evaluate'>): Promise<void> {
    const opened = this.#inputs.demand();
    await this.#lane.run(async () => {
      await this.#evaluate(await this.#runToMeasure(opened, command.config ?? this.#config), command);
    });
  }

  /** The latest run; before one, the weights as loaded, prepared for these settings. */
  async #runToMeasure(opened: Opened, settings: Config): Promise<Run> {
    const config = measuring(settings);
    const key = JSON.stringify(config);
    if (this.#run && (this.#measuring === undefined || this.#measuring === key)) return this.#run;
    const run = await this.#load(opened, config);
    this.#measuring = key;
    return run;
  }

  async #evaluate(
    run: Run,
    command: Omit<CommandOf<'evaluate'>, 'type' | 'requestId'> & { requestId?: number },
  ): Promise<EvalResult> {
    const { requestId } = command;
    const result = await run.evaluate(command, {
      ...this.#clipReports(requestId),
      answers: progressOf(this.#emit, 'Asking about held-out clips', 'clips', requestId),
    });
    if (result.step === 0 && !run.start) this.#before = [...this.#before, result];
    await this.#recorder?.evaluation(result);
    this.#inputs.reportIssues(requestId);
    this.#emit({ type: 'eval', ...(requestId === undefined ? {} : { requestId }), result });
    return result;
  }

  /** Says which files an export would have, and how large; nothing before there is a run. */
  async planExport({ requestId, parts }: CommandOf<'planExport'>): Promise<void> {
    await this.#lane.run(async () => {
      const files = this.#run ? await exportFiles(this.#run, parts) : [];
      const planned = files.map(({ path, bytes }) => ({ path, bytes }));
      this.#emit({ type: 'exportPlan', requestId, files: planned });
    });
  }

  async export({ requestId, parts, place, run: wanted }: CommandOf<'export'>): Promise<void> {
    // To open it puts its loading into the lane, ahead of what follows here.
    if (wanted && this.#kept?.id !== wanted.id) await this.#resumeRun(requestId, wanted.id, 'pause');
    const opened = this.#inputs.demand();
    await this.#lane.run(async () => {
      if (wanted) demandSame(wanted, this.#kept);
      const run = await this.#runToMeasure(opened, this.#config);
      const report = progressOf(this.#emit, 'Writing files', 'bytes', requestId);
      const archive = `${opened.model.files.name}-step-${run.step}.zip`;
      const kept = this.#kept;
      const target = { place, archive, ...(kept ? { request: { parts, place, run: kept } } : {}) };
      const files = await this.#host.writeExport(await exportFiles(run, parts), target, report);
      const folder = place.kind === 'folder' ? place.folder.name : '';
      this.#emit({ type: 'exported', requestId, files, place: folder });
    });
  }

  /** The kept run that is on the device, and where it stands. */
  get #kept(): KeptWeights | undefined {
    const [run, record] = [this.#trainedRun, this.#recorder?.description];
    return run && record && { id: record.id, name: record.name, step: run.step };
  }

  /** The device is gone: nothing of this session can go on. */
  deviceLost(message: string): void {
    this.#training?.ask('give up');
    this.#setState('failed', message);
    this.#emit({
      type: 'error',
      message,
      hint: 'Reload the page and press Resume on the Train screen; try fewer clips per step or shorter answers.',
      fatal: true,
    });
  }

  #fail(error: unknown): void {
    const event = failureEvent(error);
    this.#emit(event);
    this.#setState('failed', event.message);
  }

  #refuseWhileActive(): void {
    if (!ACTIVE.includes(this.#state)) return;
    throw new InputError('A run is under way.', { hint: 'Stop it first.' });
  }

  async #dropRun(): Promise<void> {
    await this.#recorder?.release();
    this.#recorder = undefined;
    this.#run?.[Symbol.dispose]();
    this.#run = undefined;
    this.#measuring = undefined;
  }

  #setState(state: RunState, message?: string): void {
    if (this.#state === 'failed' && state !== 'ready' && state !== 'empty') return;
    this.#state = state;
    const step = state === 'empty' || state === 'ready' ? 0 : (this.#run?.step ?? 0);
    this.#emit({
      type: 'state',
      state,
      step,
      steps: this.#steps,
      ...(message === undefined ? {} : { message }),
    });
  }
}
