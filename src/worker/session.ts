import { readDataset } from '../data/read.ts';
import { summarise } from '../data/summary.ts';
import type { Dataset } from '../data/types.ts';
import type { Gpu } from '../gpu/index.ts';
import { type FeatureCache, openFeatureCache } from '../io/feature-cache.ts';
import { type FileTree, treeFromFiles } from '../io/files.ts';
import { InputError } from '../math/errors.ts';
import { type Config, defaultConfig } from '../protocol/config.ts';
import { decodingOf } from '../protocol/evaluation.ts';
import type { CommandOf, DataSummary, EvalResult, RunState } from '../protocol/messages.ts';
import { presetConfig } from '../protocol/presets.ts';
import { preparePrompt } from '../rl/prepare.ts';
import { decodeExample } from './clips.ts';
import { openDemoTrees } from './demo.ts';
import { exportFiles } from './export/files.ts';
import { writeExport } from './export/write.ts';
import { failureEvent } from './failure.ts';
import { type Decode, FeatureStore } from './features.ts';
import { Lane, nextMacrotask } from './lane.ts';
import { demandRoom, planAlternatives } from './make-room.ts';
import { planMemory } from './memory-plan.ts';
import { type OpenModel, openModel, summariseModel } from './model.ts';
import { makePreview } from './preview.ts';
import { type Emit, progressOf } from './progress.ts';
import { Run, type RunParts } from './run.ts';
import { longestAnswerOf } from './run-options.ts';

/** What a session takes from where it runs. */
export interface SessionHost {
  readonly decode: Decode;
  openFeatureCache(): Promise<FeatureCache>;
  readonly writeExport: typeof writeExport;
}

const BROWSER: SessionHost = { decode: decodeExample, openFeatureCache, writeExport };

/** What the person wants of the run under way. */
type Wish = 'go on' | 'one step' | 'pause' | 'stop';

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
  readonly #host: SessionHost;
  readonly #lane = new Lane();
  /** Folders are opened in the order in which they were given, so that the last one stays. */
  readonly #opens = new Lane();
  #model?: OpenModel;
  #features?: FeatureStore;
  #data?: Dataset;
  #run?: Run;
  /** The settings of a run that only measures the weights as loaded. */
  #measuring?: string;
  #state: RunState = 'empty';
  #steps = 0;
  #wish: Wish = 'go on';
  /** Ends the wait of a paused run. */
  #wake: () => void = () => undefined;
  /** Settings that evaluation and preview use: those of the latest run. */
  #config: Config = defaultConfig();
  #reportedIssues = 0;
  /** What the weights as loaded scored on the present data. */
  #before: readonly EvalResult[] = [];

  constructor(gpu: Gpu, emit: Emit, host: SessionHost = BROWSER) {
    this.#gpu = gpu;
    this.#emit = emit;
    this.#host = host;
  }

  openDemo({ requestId }: CommandOf<'openDemo'>): Promise<void> {
    return this.#open(async () => {
      const { model, data } = await openDemoTrees();
      this.#config = presetConfig('demo');
      await this.#takeModel(model, requestId);
      await this.#takeData(data, requestId);
    });
  }

  openModel({ requestId, files }: CommandOf<'openModel'>): Promise<void> {
    return this.#open(() => this.#takeModel(treeFromFiles(files), requestId));
  }

  /** Opens a model that lies in storage or in a folder known from before. */
  openModelTree(requestId: number, open: () => Promise<FileTree>): Promise<void> {
    return this.#open(async () => this.#takeModel(await open(), requestId));
  }

  /** The folder of the model that is open. */
  get modelTree(): FileTree | undefined {
    return this.#model?.tree;
  }

  openData({ requestId, files, fold }: CommandOf<'openData'>): Promise<void> {
    return this.#open(() => this.#takeData(treeFromFiles(files), requestId, fold));
  }

  #open(work: () => Promise<void>): Promise<void> {
    return this.#opens.run(async () => {
      this.#refuseWhileActive();
      return work();
    });
  }

  async #takeModel(tree: FileTree, requestId: number): Promise<void> {
    const model = await openModel(tree);
    await this.#lane.run(async () => this.#dropRun());
    this.#model = model;
    this.#features = new FeatureStore(
      this.#gpu,
      model,
      await this.#host.openFeatureCache(),
      this.#host.decode,
    );
    const summary = summariseModel(model, { trainable: 0 });
    this.#emit({ type: 'model', requestId, summary });
    this.#becomeReady();
  }

  async #takeData(tree: FileTree, requestId: number, fold = 1): Promise<void> {
    this.#emit({
      type: 'progress',
      requestId,
      what: 'Reading the data set',
      done: 0,
      total: tree.files.length,
      unit: 'files',
    });
    const data = await readDataset(tree, { seed: SPLIT_SEED, fold });
    await this.#lane.run(async () => this.#dropRun());
    this.#data = data;
    this.#features?.clear();
    this.#emit({ type: 'data', requestId, summary: this.#summary(data) });
    this.#becomeReady();
  }

  #summary(data: Dataset): DataSummary {
    const unreadable = this.#features?.issues ?? [];
    this.#reportedIssues = unreadable.length;
    return summarise(data, unreadable);
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

  /** Says what a run would take. The steps of a run under way go first. */
  async plan({ requestId, config, whatIf }: CommandOf<'plan'>): Promise<void> {
    const model = this.#model;
    if (!model) throw new InputError('There is no model yet.', { hint: 'Drop its folder on the page.' });
    await this.#lane.run(async () => {
      const longest = longestAnswerOf(model, config, this.#data?.examples ?? []);
      const plan = await planMemory(model, config, longest, this.#gpu.device);
      const others = whatIf && (await planAlternatives(model, config, longest, this.#gpu.device));
      this.#emit({ type: 'plan', requestId, plan, ...(others ? { whatIf: others } : {}) });
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
    if (this.#state === 'loading') this.#wish = 'pause';
    if (this.#state !== 'running') return;
    this.#wish = 'pause';
    this.#setState('pausing');
  }

  resume(): void {
    if (this.#state === 'paused') this.#continue('go on');
  }

  stop(): void {
    if (!ACTIVE.includes(this.#state)) return;
    this.#wish = 'stop';
    this.#wake();
  }

  #continue(wish: Wish): void {
    this.#wish = wish;
    this.#setState('running');
    this.#wake();
  }

  #begin(config: Config, wish: Wish): void {
    this.#refuseWhileActive();
    const opened = this.#opened();
    this.#wish = wish;
    this.#config = config;
    this.#steps = config.steps;
    // The run before is let go of inside the lane; no step of it may be shown for the new one.
    this.#state = 'loading';
    this.#emit({ type: 'state', state: 'loading', step: 0, steps: config.steps });
    void this.#drive({ ...opened, config }).catch((error: unknown) => this.#fail(error));
  }

  /** A run from the first byte to its last step. */
  async #drive(parts: Pick<RunParts, 'model' | 'data' | 'config'>): Promise<void> {
    const run = await this.#lane.run(async () => {
      await this.#prepareDevice(parts);
      const loaded = await this.#load(parts);
      await loaded.prepareTraining();
      return loaded;
    });
    this.#reportIssues();
    if (this.#wants('stop')) return this.#setState('ready');
    this.#setState(this.#wants('pause') ? 'pausing' : 'running');
    while (run.step < run.config.steps && !this.#wants('stop')) {
      if (this.#wants('pause')) {
        await this.#pauseHere();
        continue;
      }
      await this.#lane.run(() => this.#takeStep(run));
      if (this.#wants('one step')) this.#wish = 'pause';
      await nextMacrotask();
    }
    this.#setState(run.step < run.config.steps ? 'stopped' : 'finished');
  }

  /** Reads the wish anew: it changes while a step is under way. */
  #wants(wish: Wish): boolean {
    return this.#wish === wish;
  }

  async #pauseHere(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#setState('paused');
    await woken;
  }

  /** Makes sure that the run fits, and encodes its clips while the device holds nothing but towers. */
  async #prepareDevice({ model, data, config }: Pick<RunParts, 'model' | 'data' | 'config'>): Promise<void> {
    this.#dropRun();
    const longest = longestAnswerOf(model, config, data.examples);
    const plan = await planMemory(model, config, longest, this.#gpu.device);
    await demandRoom(this.#gpu, model, config, plan, longest);
    await this.#features!.prepare(
      data.examples.filter(({ split }) => split === 'train'),
      {
        weights: progressOf(this.#emit, 'Loading the towers', 'bytes'),
        clips: progressOf(this.#emit, 'Preparing clips', 'clips'),
      },
      () => this.#wants('stop'),
    );
  }

  async #load({ model, data, config }: Pick<RunParts, 'model' | 'data' | 'config'>): Promise<Run> {
    this.#dropRun();
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
      stopped: () => this.#wants('stop'),
    });
    this.#run = run;
    this.#emit({ type: 'model', summary: summariseModel(model, { trainable: run.policy.store.size }) });
    const { notQuantised } = run.policy;
    if (notQuantised.length > 0) {
      const message = `${notQuantised.length} frozen matrices stay as published, as 32 does not divide their columns: ${notQuantised[0]}, for example.`;
      this.#emit({ type: 'error', message, fatal: false });
    }
    return run;
  }

  async #takeStep(run: Run): Promise<void> {
    const result = await run.takeStep();
    const { step, seconds, groups, warning } = result;
    const { evalEvery } = run.config;
    const metrics = { ...result.metrics };
    if (evalEvery > 0 && step % evalEvery === 0) {
      const scores = await this.#evaluate(run, { split: 'val', sampled: decodingOf(run.config) });
      metrics['eval/war'] = scores.war;
      metrics['eval/uar'] = scores.uar;
    }
    run.record({ ...result, metrics });
    this.#emit({ type: 'step', step, metrics, seconds });
    if (groups.length > 0) this.#emit({ type: 'rollouts', step, groups });
    const { ledger } = this.#gpu;
    this.#emit({ type: 'memory', parts: ledger.parts(), peak: ledger.peak });
    if (warning)
      this.#emit({
        type: 'error',
        message: `Step ${step}: ${warning}`,
        hint: 'Lower the learning rate if it happens again.',
        fatal: false,
      });
    if (this.#state === 'running' || this.#state === 'pausing') this.#setState(this.#state);
  }

  /** Measures the weights as they are: those of the latest run, or as loaded. */
  async evaluate(command: CommandOf<'evaluate'>): Promise<void> {
    const opened = this.#opened();
    await this.#lane.run(async () => {
      await this.#evaluate(await this.#runToMeasure(opened, command.config ?? this.#config), command);
    });
  }

  /** The latest run; before one, the weights as loaded, prepared for these settings. */
  async #runToMeasure(opened: Pick<RunParts, 'model' | 'data'>, settings: Config): Promise<Run> {
    const config = measuring(settings);
    const key = JSON.stringify(config);
    if (this.#run && (this.#measuring === undefined || this.#measuring === key)) return this.#run;
    const run = await this.#load({ ...opened, config });
    this.#measuring = key;
    return run;
  }

  async #evaluate(
    run: Run,
    command: Omit<CommandOf<'evaluate'>, 'type' | 'requestId'> & { requestId?: number },
  ) {
    const { requestId } = command;
    const result = await run.evaluate(command, {
      weights: progressOf(this.#emit, 'Loading the towers', 'bytes', requestId),
      clips: progressOf(this.#emit, 'Preparing clips', 'clips', requestId),
      answers: progressOf(this.#emit, 'Asking about held-out clips', 'clips', requestId),
    });
    if (result.step === 0) this.#before = [...this.#before, result];
    this.#reportIssues(requestId);
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

  async export({ requestId, parts, place }: CommandOf<'export'>): Promise<void> {
    const opened = this.#opened();
    await this.#lane.run(async () => {
      const run = await this.#runToMeasure(opened, this.#config);
      const report = progressOf(this.#emit, 'Writing files', 'bytes', requestId);
      const archive = `${opened.model.files.name}-step-${run.step}.zip`;
      const files = await this.#host.writeExport(await exportFiles(run, parts), place, archive, report);
      const folder = place.kind === 'folder' ? place.folder.name : '';
      this.#emit({ type: 'exported', requestId, files, place: folder });
    });
  }

  /** The device is gone: nothing of this session can go on. */
  deviceLost(message: string): void {
    this.#wish = 'stop';
    this.#wake();
    this.#setState('failed', message);
    this.#emit({
      type: 'error',
      message,
      hint: 'Reload the page; try fewer clips per step or shorter answers.',
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

  #dropRun(): void {
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

/** Settings under which weights are measured without a run: as little as possible is set up for training. */
function measuring(config: Config): Config {
  return {
    ...config,
    stage: 'grpo',
    promptsPerStep: 1,
    groupSize: 2,
    loraRank: 1,
    loraTargets: ['q_proj'],
    beta: 0,
    trainDecoder: false,
    trainProjectors: false,
    trainGate: false,
    trainBert: false,
  };
}
