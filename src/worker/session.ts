import { readDataset } from '../data/read.ts';
import { summarise } from '../data/summary.ts';
import type { Dataset } from '../data/types.ts';
import type { Gpu } from '../gpu/index.ts';
import { type FileTree, treeFromFiles } from '../io/files.ts';
import { InputError } from '../math/errors.ts';
import { type Config, defaultConfig } from '../protocol/config.ts';
import type { CommandOf, DataSummary, EvalResult, RunState } from '../protocol/messages.ts';
import { presetConfig } from '../protocol/presets.ts';
import { preparePrompt } from '../rl/prepare.ts';
import { openDemoTrees } from './demo.ts';
import { exportFiles } from './export/files.ts';
import { failureEvent } from './failure.ts';
import { FeatureStore } from './features.ts';
import { Lane } from './lane.ts';
import { measuring } from './measuring.ts';
import { type OpenModel, openModel, summariseModel } from './model.ts';
import { makePreview } from './preview.ts';
import { type Emit, progressOf } from './progress.ts';
import { Run, type RunParts } from './run.ts';
import { checkSameInputs } from './runs/identity.ts';
import type { Recorder } from './runs/recorder.ts';
import type { RunStore } from './runs/run-store.ts';
import { RunShelf, type TakenRun } from './runs/shelf.ts';
import { Training, type Wish } from './training.ts';

const ACTIVE: readonly RunState[] = ['loading', 'running', 'pausing', 'paused'];
/** A data set without splits is divided the same way for every run. */
const SPLIT_SEED = 42;

/**
 * The life of a model, a data set and a run on one device. Steps, evaluations and exports take turns in one lane, so that
 * each of them sees whole steps; between two steps waiting commands are heard.
 */
export class Session {
  readonly #gpu: Gpu;
  readonly #emit: Emit;
  readonly #shelf: RunShelf;
  readonly #lane = new Lane();
  /** Folders are opened in the order in which they were given, so that the last one stays. */
  readonly #opens = new Lane();
  #model?: OpenModel;
  #features?: FeatureStore;
  #data?: Dataset;
  /** Whether model and data are the embedded ones. */
  #demo = false;
  #run?: Run;
  /** What keeps `#run` on this device while it trains. */
  #recorder?: Recorder;
  /** The loop around `#run`, from its begin on. */
  #training?: Training;
  #state: RunState = 'empty';
  #steps = 0;
  /** Settings that evaluation and preview use: those of the latest run. */
  #config: Config = defaultConfig();
  #reportedIssues = 0;
  /** What the weights as loaded scored on the present data. */
  #before: readonly EvalResult[] = [];

  constructor(gpu: Gpu, emit: Emit, store?: RunStore) {
    this.#gpu = gpu;
    this.#emit = emit;
    this.#shelf = new RunShelf(store, emit, gpu.info);
  }

  openDemo({ requestId }: CommandOf<'openDemo'>): Promise<void> {
    return this.#open(() => this.#takeDemo(requestId));
  }

  async #takeDemo(requestId: number): Promise<void> {
    const { model, data } = await openDemoTrees();
    this.#config = presetConfig('demo');
    await this.#takeModel(model, requestId);
    await this.#takeData(data, requestId);
    this.#demo = true;
  }

  openModel({ requestId, files }: CommandOf<'openModel'>): Promise<void> {
    return this.#open(() => this.#takeModel(treeFromFiles(files), requestId));
  }

  openData({ requestId, files }: CommandOf<'openData'>): Promise<void> {
    return this.#open(() => this.#takeData(treeFromFiles(files), requestId));
  }

  #open(work: () => Promise<void>): Promise<void> {
    return this.#opens.run(async () => {
      this.#refuseWhileActive();
      return work();
    });
  }

  async #takeModel(tree: FileTree, requestId: number): Promise<void> {
    const model = await openModel(this.#gpu, tree);
    await this.#lane.run(() => this.#dropRun());
    this.#model = model;
    this.#demo = false;
    this.#features = new FeatureStore(model.media);
    const summary = summariseModel(model, { trainable: 0, unusedTensors: [] });
    this.#emit({ type: 'model', requestId, summary });
    this.#becomeReady();
  }

  async #takeData(tree: FileTree, requestId: number): Promise<void> {
    this.#emit({
      type: 'progress',
      requestId,
      what: 'Reading the data set',
      done: 0,
      total: tree.files.length,
      unit: 'files',
    });
    const data = await readDataset(tree, { seed: SPLIT_SEED });
    await this.#lane.run(() => this.#dropRun());
    this.#data = data;
    this.#demo = false;
    this.#features?.clear();
    this.#emit({ type: 'data', requestId, summary: this.#summary(data) });
    this.#becomeReady();
  }

  #summary(data: Dataset): DataSummary {
    const unreadable = this.#features?.issues ?? [];
    this.#reportedIssues = unreadable.length;
    const summary = summarise(data);
    return { ...summary, issues: [...summary.issues, ...unreadable] };
  }

  /** Tells the page about clips that turned out to be unreadable. */
  #reportIssues(requestId = 0): void {
    if (!this.#data || (this.#features?.issues.length ?? 0) === this.#reportedIssues) return;
    this.#emit({ type: 'data', requestId, summary: this.#summary(this.#data) });
  }

  /** With another model or data set, what was measured before says nothing any more. */
  #becomeReady(): void {
    this.#before = [];
    this.#steps = 0;
    this.#setState(this.#model && this.#data ? 'ready' : 'empty');
  }

  async preview({ requestId, exampleId }: CommandOf<'preview'>): Promise<void> {
    const { model, data } = this.#opened();
    const example = data.examples.find(({ id }) => id === exampleId);
    if (!example) {
      throw new InputError(`There is no clip "${exampleId}" in ${data.name}.`, {
        hint: 'Choose one from the list.',
      });
    }
    const prompt = preparePrompt(model.text, this.#config, model.counts);
    const preview = await makePreview(example, model.media, prompt);
    this.#emit({ type: 'preview', requestId, preview }, preview.frames);
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
    return this.#open(async () => {
      const description = await this.#shelf.describe(runId);
      if (description.demo && !this.#demo) await this.#takeDemo(requestId);
      await checkSameInputs(description, this.#opened());
      const { taken, shown } = await this.#shelf.take(description);
      const { config } = description;
      this.#emit({ type: 'resumed', requestId, run: shown, config });
      this.#begin(config, 'go on', taken);
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
    const opened = this.#opened();
    this.#config = config;
    this.#steps = config.steps;
    // The run before is let go of inside the lane; no step of it may be shown for the new one.
    this.#state = 'loading';
    this.#emit({
      type: 'state',
      state: 'loading',
      step: taken?.checkpoint.state.step ?? 0,
      steps: config.steps,
    });
    const training = new Training(wish, {
      lane: this.#lane,
      emit: this.#emit,
      ledger: this.#gpu.ledger,
      measure: (run) => this.#evaluate(run, { split: 'val' }),
      show: (what) => this.#show(what),
    });
    this.#training = training;
    void this.#drive(training, { ...opened, config }, taken).catch((error: unknown) => this.#fail(error));
  }

  /** A run from the first byte to its last step. */
  async #drive(
    training: Training,
    parts: Pick<RunParts, 'model' | 'data' | 'config'>,
    taken?: TakenRun,
  ): Promise<void> {
    const run = await this.#lane.run(async () => {
      const loaded = await this.#load(parts, training);
      await loaded.prepareTraining();
      if (!training.isOver) this.#recorder = await this.#shelf.record(loaded, this.#demo, taken);
      return loaded;
    });
    const recorder = this.#recorder;
    try {
      this.#reportIssues();
      if (training.isOver) return this.#setState('ready');
      if (taken) this.#before = run.evaluations.filter(({ step }) => step === 0);
      this.#setState(training.wants('pause') ? 'pausing' : 'running');
      await training.drive(run, recorder);
      this.#setState(run.step < run.config.steps ? 'stopped' : 'finished');
    } finally {
      // A run that has ended may be taken up by any tab.
      await recorder?.release();
      await this.#shelf.list();
    }
  }

  /** After a step the state is shown again with the new count. */
  #show(what: 'step' | 'paused'): void {
    if (what === 'paused') this.#setState('paused');
    else if (this.#state === 'running' || this.#state === 'pausing') this.#setState(this.#state);
  }

  async #load(
    { model, data, config }: Pick<RunParts, 'model' | 'data' | 'config'>,
    training?: Training,
  ): Promise<Run> {
    await this.#dropRun();
    const run = await Run.load({
      gpu: this.#gpu,
      model,
      data,
      config,
      features: this.#features!,
      before: this.#before,
      report: {
        weights: progressOf(this.#emit, 'Loading the model', 'bytes'),
        clips: progressOf(this.#emit, 'Preparing clips', 'clips'),
      },
      stopped: () => this.#state === 'loading' && training?.isOver === true,
    });
    this.#run = run;
    const { store, unusedTensors } = run.policy;
    this.#emit({ type: 'model', summary: summariseModel(model, { trainable: store.size, unusedTensors }) });
    return run;
  }

  /** Measures the weights as they are: those of the latest run, or as loaded. */
  async evaluate(command: CommandOf<'evaluate'>): Promise<void> {
    const opened = this.#opened();
    await this.#lane.run(async () => {
      const run = this.#run ?? (await this.#load({ ...opened, config: measuring(this.#config) }));
      await this.#evaluate(run, command);
    });
  }

  async #evaluate(run: Run, command: Pick<CommandOf<'evaluate'>, 'split' | 'mute'> & { requestId?: number }) {
    const { split, mute, requestId } = command;
    const result = await run.evaluate(split, mute, {
      clips: progressOf(this.#emit, 'Preparing clips', 'clips', requestId),
      answers: progressOf(this.#emit, 'Asking about held-out clips', 'clips', requestId),
    });
    if (result.step === 0) this.#before = [...this.#before, result];
    await this.#recorder?.evaluation(result);
    this.#reportIssues(requestId);
    this.#emit({ type: 'eval', ...(requestId === undefined ? {} : { requestId }), result });
    return result;
  }

  async export({ requestId, parts }: CommandOf<'export'>): Promise<void> {
    const opened = this.#opened();
    await this.#lane.run(async () => {
      const run = this.#run ?? (await this.#load({ ...opened, config: measuring(this.#config) }));
      const report = progressOf(this.#emit, 'Writing weights', 'tensors', requestId);
      this.#emit({ type: 'exported', requestId, files: await exportFiles(run, parts, report) });
    });
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

  #opened(): { model: OpenModel; data: Dataset } {
    const model = this.#model;
    const data = this.#data;
    if (model && data) return { model, data };
    const missing = model ? 'data set' : data ? 'model' : 'model and no data set';
    throw new InputError(`There is no ${missing} yet.`, {
      hint: 'Drop its folder on the page, or open the demo.',
    });
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
