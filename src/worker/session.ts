import { familyOf } from '../families/index.ts';
import type { Gpu } from '../gpu/index.ts';
import { type FileTree, treeFromFiles } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import { type Config, defaultConfig } from '../protocol/config.ts';
import { decodingOf } from '../protocol/evaluation.ts';
import { type AnswerOf, type CommandOf, RUN_UNDER_WAY } from '../protocol/messages.ts';
import { settingsFor } from '../protocol/presets.ts';
import { demandMetric } from './asked-rows.ts';
import { Driver } from './driver.ts';
import { failureEvent } from './failure.ts';
import { type GpuLost, HeldGpu } from './gpu/held-gpu.ts';
import { Losses } from './gpu/losses.ts';
import { OnDevice } from './gpu/on-device.ts';
import { Halted } from './halted.ts';
import { Handover } from './handover.ts';
import type { SessionHost } from './host.ts';
import { Inputs } from './inputs/inputs.ts';
import type { OpenModel } from './inputs/model.ts';
import { KeptRuns } from './kept-runs.ts';
import { Lane } from './lane.ts';
import { changeSettings, mendReward, type RunChange } from './live-settings.ts';
import { planRun } from './plan-run.ts';
import type { Emit } from './progress.ts';
import { RunAnswers } from './run-answers.ts';
import type { TakenRun } from './runs/run-store.ts';
import { RunShelf } from './runs/shelf.ts';
import type { Over, Stage, UnderWay } from './stage.ts';
import { type TakenUp, TakingUp } from './taking-up.ts';
import { Training, type Wish } from './training.ts';

/**
 * The life of a model, a data set and a run. Steps, evaluations and exports take turns on the device in one lane, so that each
 * of them sees whole steps; between two steps waiting commands are heard. What a lost device interrupts goes on on a new one.
 */
export class Session {
  readonly #held: HeldGpu;
  readonly #emit: Emit;
  readonly #shelf: RunShelf;
  readonly #inputs: Inputs;
  readonly #lane = new Lane();
  /** Folders are opened in the order in which they were given, so that the last one stays. */
  readonly #opens = new Lane();
  /** Folders given whose opening has not ended. */
  #opening = 0;
  readonly #device: OnDevice;
  readonly #driver: Driver;
  readonly runs: KeptRuns;
  readonly answers: RunAnswers;
  readonly #stored: TakingUp;
  readonly #handover = new Handover();
  #scoring?: AbortController;
  #stage: Stage = { state: 'empty', steps: 0 };
  /** Settings of the latest run on the model that is open. */
  #config?: Config;

  constructor(gpu: Gpu, emit: Emit, host: SessionHost) {
    this.#held = new HeldGpu(gpu, host.openGpu, (loss) => this.#gpuLost(loss));
    this.#emit = emit;
    this.#shelf = new RunShelf(host.runs, emit, () => this.#held.gpu.info);
    this.#inputs = new Inputs(this.#held, host, {
      emit,
      release: (replaced) => this.#lane.run(() => this.#release(replaced)),
      changed: () => this.#becomeReady(),
    });
    const shared = { held: this.#held, inputs: this.#inputs, emit };
    this.#device = new OnDevice({ ...shared, host, broughtBack: (step) => this.#broughtBack(step) });
    this.#stored = new TakingUp(this.#shelf, this.#inputs, emit);
    this.runs = new KeptRuns(this.#shelf, this.#device, emit);
    this.answers = new RunAnswers(this.#device, this.#shelf, emit);
    this.#driver = new Driver({
      ...shared,
      device: this.#device,
      shelf: this.#shelf,
      handover: this.#handover,
      lane: this.#lane,
      underWay: (training, state, message) => this.#enterUnderWay(training, state, message),
      ended: (state, message) => this.#enterOver(state, message),
    });
  }

  openDemo({ requestId }: CommandOf<'openDemo'>): Promise<void> {
    return this.#openInputs(() => this.#inputs.openDemo(requestId));
  }

  /** Settings that evaluation and preview use where none are given: those of the latest run, else those of such a model. */
  get #settings(): Config {
    const { model } = this.#inputs;
    if (this.#config || !model) return this.#config ?? defaultConfig();
    return settingsFor({ usual: familyOf(model.files.family).usual, ...(model.demo ? { demo: true } : {}) });
  }

  openModel({ requestId, files, choice }: CommandOf<'openModel'>): Promise<void> {
    return this.#openInputs(() => this.#inputs.openModel(treeFromFiles(files), requestId, choice));
  }

  openModelPart({ requestId, choice }: CommandOf<'openModelPart'>): Promise<void> {
    return this.#openInputs(() => this.#inputs.openModelPart(requestId, choice));
  }

  /** Opens a model that lies in storage or in a folder known from before. */
  openModelTree(requestId: number, open: () => Promise<FileTree>): Promise<void> {
    return this.#openInputs(async () => this.#inputs.openModel(await open(), requestId));
  }

  /** The model and the data set that are open. */
  get inputs(): Pick<Inputs, 'model' | 'data'> {
    return this.#inputs;
  }

  /** Opens a model that scores answers; what is open beside it stays open. @throws InputError */
  async openRewardModel(tree: FileTree): Promise<AnswerOf<'openRewardModel'>> {
    return { model: await this.#inputs.rewardModels.open(tree) };
  }

  closeRewardModel(identity: string): void {
    this.#inputs.rewardModels.close(identity);
  }

  openData({ requestId, files, type: _, ...how }: CommandOf<'openData'>): Promise<void> {
    return this.#openInputs(() => this.#inputs.openData(treeFromFiles(files), requestId, how));
  }

  /** Work that has the device to itself, while no run is under way. */
  readonly alone = (work: (gpu: Gpu) => Promise<void>) =>
    this.#open(() => this.#lane.run(() => this.#alone(work)));

  async #alone(work: (gpu: Gpu) => Promise<void>): Promise<void> {
    const gpu = await this.#held.demand();
    await this.#held.during(() => work(gpu));
  }

  /** A run that began while a folder is read would be on what that folder is about to replace. */
  async #openInputs(work: () => Promise<void>): Promise<void> {
    this.#opening++;
    try {
      await this.#open(work);
    } finally {
      this.#opening--;
    }
  }

  #open(work: () => Promise<void>): Promise<void> {
    return this.#opens.run(async () => {
      this.#refuseWhileActive();
      return work();
    });
  }

  /** With another model or data set, what was measured before says nothing any more. */
  #becomeReady(): void {
    this.#device.forgetBefore();
    this.#enter({ state: this.#inputs.areComplete ? 'ready' : 'empty', steps: 0 });
  }

  /** Weights outlive the data they were trained on, for a second stage on other clips. */
  async #release(replaced: 'model' | 'data'): Promise<void> {
    if (replaced === 'model') {
      this.#handover.forget();
      this.#config = undefined;
    } else if (this.#device.isTrained) await this.#device.use((run) => this.#handover.keep(run));
    await this.#device.drop();
  }

  /** Clips are prepared on the device, too. */
  async preview(command: CommandOf<'preview'>): Promise<void> {
    await this.#held.demand();
    await this.#held.during(() => this.#inputs.preview(command, command.config ?? this.#settings));
  }

  /** Says what a run would take. The steps of a run under way go first. */
  plan({ config, whatIf }: CommandOf<'plan'>): Promise<AnswerOf<'plan'>> {
    const { trained } = this.#device;
    const planned = (model: OpenModel) => this.#handover.planned(model, config, trained);
    return this.#lane.run(() => planRun(this.#held.gpu, this.#inputs, { config, whatIf, planned }));
  }

  /** What a run would find at its start. @throws InputError where there are weights of another */
  async forecast(command: CommandOf<'forecast'>): Promise<AnswerOf<'forecast'>> {
    this.#refuseWhileActive();
    const opened = this.#inputs.demandAnswered(command.config);
    this.#scoring = new AbortController();
    const { signal } = this.#scoring;
    return this.#lane.run(() => this.#device.forecast(opened, command, () => signal.aborted));
  }

  /** What the prompts of the data come to; nothing where others have been asked about since. */
  async prompts({ config }: CommandOf<'prompts'>): Promise<AnswerOf<'prompts'>> {
    const report = await this.#inputs.promptReport(config);
    return report ? { report } : {};
  }

  runMetrics = ({ runId }: CommandOf<'runMetrics'>) => this.#shelf.metrics(runId);

  /** Goes on with a stored run. Returns when it has been found and checked; the run reports by events. @throws InputError */
  resumeRun = (command: CommandOf<'resumeRun'>) => this.#takeUp(() => this.#stored.resume(command));
  prolongRun = (command: CommandOf<'prolongRun'>) => this.#takeUp(() => this.#stored.prolong(command));
  forkRun = (command: CommandOf<'forkRun'>) => this.#takeUp(() => this.#stored.fork(command));

  #takeUp(find: () => Promise<TakenUp>): Promise<void> {
    return this.#open(async () => {
      const { config, wish, taken } = await find();
      this.#begin(config, wish, taken);
    });
  }

  /** Begins a run; returns at once, the run reports by events. */
  start({ config }: CommandOf<'start'>): void {
    this.#beginNew(config, 'go on');
  }

  step({ config }: CommandOf<'step'>): void {
    const stage = this.#stage;
    if (stage.state === 'paused') this.#continue(stage.training, 'one step');
    else if (config) this.#beginNew(config, 'one step');
    else throw new InputError('There is no paused run to take a step in.', { hint: 'Start a run first.' });
  }

  pause(): void {
    const { state, training } = this.#stage;
    if (state !== 'loading' && state !== 'running') return;
    training.ask('pause');
    if (state === 'running') this.#enterUnderWay(training, 'pausing');
  }

  resume(): void {
    const stage = this.#stage;
    if (stage.state === 'paused') this.#continue(stage.training, 'go on');
  }

  mendReward = (asked: CommandOf<'mendReward'>) => this.#change(mendReward, asked);
  changeSettings = (asked: CommandOf<'changeSettings'>) => this.#change(changeSettings, asked);

  async #change<A>(change: RunChange<A>, asked: A): Promise<{ config: Config }> {
    this.#config = await change(asked, [() => this.#stage, this.#lane, this.#device]);
    return { config: this.#config };
  }

  stop(): void {
    const { state, training } = this.#stage;
    training?.ask('stop');
    if (state === 'loading') this.#leaveLoading(training);
  }

  /** What is being loaded ends by itself; nobody waits for it. */
  #leaveLoading({ isUnderWay }: Training): void {
    // A run that was under way stands at its newest checkpoint, from where its weights come back when they are asked for.
    const step = isUnderWay ? this.#device.settle() : undefined;
    if (isUnderWay) this.#emit({ type: 'rewound', step: step ?? 0 });
    this.#enterOver(step === undefined ? 'ready' : 'stopped');
  }

  #continue(training: Training, wish: Wish): void {
    this.#enterUnderWay(training, 'running');
    training.ask(wish);
  }

  #beginNew(config: Config, wish: Wish): void {
    if (this.#opening > 0)
      throw new InputError('A folder is still being opened.', { hint: 'Start again when it is open.' });
    demandMetric(config, this.#inputs.demand().data.examples);
    this.#begin(config, wish);
  }

  #begin(config: Config, wish: Wish, taken?: TakenRun): void {
    this.#refuseWhileActive();
    const opened = this.#inputs.demandAnswered(config);
    this.#inputs.rewardModels.demandAll(config);
    const { steps } = config;
    const training: Training = new Training(wish, {
      emit: this.#emit,
      progress: () => ({ step: this.#device.step, steps }),
      work: (use) => this.#lane.run(() => this.#device.train(use, () => training.isOver)),
      newIssues: () => this.#inputs.reportIssues(),
      measure: (run) => this.#device.evaluate(run, { split: 'val', sampled: decodingOf(run.config) }),
      measureStart: (run, stopped) => this.#device.measureStart(run, stopped),
      show: (what, why) => this.#show(training, what, why),
    });
    this.#config = config;
    this.#stage = { state: 'loading', steps, training };
    // The run before is let go of inside the lane; no step of it may be shown for the new one.
    const step = taken && !taken.fork?.anew ? taken.checkpoint.state.step : 0;
    this.#emit({ type: 'state', state: 'loading', step, steps });
    void this.#driver
      .drive(training, opened, config, taken)
      .catch((error: unknown) => this.#fail(training, error));
  }

  /** After a step the state is shown again with the new count. */
  #show(training: Training, what: 'step' | 'paused', why?: string): void {
    const { state } = this.#stage;
    if (what === 'paused') this.#enterUnderWay(training, 'paused', why);
    else if (state === 'running' || state === 'pausing') this.#enter(this.#stage);
  }

  /** The run is on a new device, and stands at that step. */
  #broughtBack(step: number): void {
    this.#emit({ type: 'rewound', step });
    const { state, steps, training } = this.#stage;
    if (state === 'loading') this.#enterUnderWay(training, training.wants('pause') ? 'pausing' : 'running');
    else if (state === 'finished' && step < steps) this.#enterOver('stopped');
    else this.#enter(this.#stage);
  }

  /** Measures the weights as they are: those of the latest run, or as loaded. */
  async evaluate(command: CommandOf<'evaluate'>): Promise<void> {
    const settings = command.config ?? this.#settings;
    const opened = this.#inputs.demand(settings);
    await this.#again('the evaluation', () => this.#device.measure(opened, settings, command));
  }

  scoreAgain(command: CommandOf<'scoreAgain'>): Promise<AnswerOf<'scoreAgain'>> {
    this.#scoring = new AbortController();
    const { signal } = this.#scoring;
    return this.#again('the scores', () => this.#device.scoreAgain(command, signal));
  }

  stopScoring = (): void => this.#scoring?.abort();

  alternatives = (asked: CommandOf<'alternatives'>) =>
    this.#again('the alternatives', async () => this.#device.alternatives(asked));

  planExport(command: CommandOf<'planExport'>): Promise<AnswerOf<'planExport'>> {
    return this.#again('the plan', () => this.#device.planExport(command));
  }

  async export(command: CommandOf<'export'>): Promise<void> {
    const { requestId, run: wanted } = command;
    // To open it puts its loading into the lane, ahead of what follows here.
    if (wanted && this.#device.kept?.id !== wanted.id) {
      await this.resumeRun({ type: 'resumeRun', requestId, runId: wanted.id, step: wanted.step, rest: true });
    }
    const opened = this.#inputs.demand(this.#settings);
    await this.#again('the export', () => this.#device.export(command, opened, this.#settings));
  }

  /** Work that changes no weights: it is done once more where its device is lost, and these weights can be brought back. */
  #again<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { isOnlyHere } = this.#device;
    return new Losses(what, () => this.#device.step).survive(
      () => this.#lane.run(work),
      (loss) => {
        if (isOnlyHere) throw loss;
      },
    );
  }

  /** Work under way hears of it by itself. Else there is something to say only where weights cannot come back. */
  #gpuLost(loss: GpuLost): void {
    if (this.#stage.training || !this.#device.isOnlyHere) return;
    this.#device.forget();
    const message = `${loss.message} The weights of the run were nowhere else and are lost.`;
    const hint =
      'What it reported stays on the page. The same settings and seed train the same weights again.';
    this.#emit({ type: 'error', message, hint, fatal: false });
    this.#enterOver('ready');
  }

  #fail(training: Training, error: unknown): void {
    if (error instanceof Halted) {
      if (training === this.#stage.training && this.#stage.state === 'loading') this.#leaveLoading(training);
      return;
    }
    const event = failureEvent(error);
    this.#emit(event);
    this.#enterOver('failed', event.message);
  }

  #refuseWhileActive(): void {
    if (!this.#stage.training) return;
    throw new InputError(RUN_UNDER_WAY, { hint: 'Stop it first.' });
  }

  #enterUnderWay(training: Training, state: UnderWay['state'], message?: string): void {
    this.#enter({ state, steps: this.#stage.steps, training }, message);
  }

  #enterOver(state: Over['state'], message?: string): void {
    this.#enter({ state, steps: this.#stage.steps }, message);
  }

  #enter(stage: Stage, message?: string): void {
    const { state, steps } = stage;
    if (this.#stage.state === 'failed' && state !== 'ready' && state !== 'empty') return;
    this.#stage = stage;
    const step = state === 'empty' || state === 'ready' ? 0 : this.#device.step;
    this.#emit({ type: 'state', state, step, steps, ...(message === undefined ? {} : { message }) });
  }
}
