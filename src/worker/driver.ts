import type { Config } from '../protocol/config.ts';
import { leftOutNote } from '../rl/prompts.ts';
import { endingWith } from './ending.ts';
import type { HeldGpu } from './gpu/held-gpu.ts';
import { Losses } from './gpu/losses.ts';
import type { OnDevice } from './gpu/on-device.ts';
import { Halted, haltIf } from './halted.ts';
import type { Handover } from './handover.ts';
import type { Inputs, Opened } from './inputs/inputs.ts';
import type { OpenModel } from './inputs/model.ts';
import type { Lane } from './lane.ts';
import { demandRoom, type Room } from './make-room.ts';
import type { Emit } from './progress.ts';
import type { Run } from './run.ts';
import { runTexts } from './run-options.ts';
import { restoreWeights } from './runs/checkpoint.ts';
import type { Recorder } from './runs/recorder.ts';
import type { TakenRun } from './runs/run-store.ts';
import type { RunShelf } from './runs/shelf.ts';
import type { EndState, Training } from './training.ts';
import { TrainingRows } from './training-rows.ts';

export interface DriverParts {
  readonly held: HeldGpu;
  readonly inputs: Inputs;
  readonly device: OnDevice;
  readonly shelf: RunShelf;
  readonly handover: Handover;
  readonly lane: Lane;
  readonly emit: Emit;
  /** Shows where a run is on its way. */
  underWay(training: Training, state: 'loading' | 'running' | 'pausing', message?: string): void;
  ended(state: EndState, message?: string): void;
}

/** Takes a run from the first byte to its last step, over devices that are lost on the way. */
export class Driver {
  readonly #parts: DriverParts;

  constructor(parts: DriverParts) {
    this.#parts = parts;
  }

  /** @throws Halted when it was stopped before it had anything to show */
  async drive(training: Training, opened: Opened, config: Config, taken?: TakenRun): Promise<void> {
    const { device, inputs, lane, shelf, underWay, ended } = this.#parts;
    const losses = new Losses('the run', () => device.step);
    const survive = (work: () => Promise<void>): Promise<void> =>
      losses.survive(work, (loss) => {
        if (training.isOver) throw new Halted();
        underWay(training, 'loading', loss.message);
      });
    let recorder: Recorder | undefined;
    // A run that has ended may be taken up by any tab.
    const release = async (): Promise<void> => {
      await recorder?.release();
      await shelf.list();
    };
    await endingWith(release, async () => {
      await survive(async () => {
        recorder = await lane.run(() => this.#prepare(training, opened, config, taken));
      });
      inputs.reportIssues();
      underWay(training, training.wants('pause') ? 'pausing' : 'running');
      await survive(() => training.drive());
      const { state, message } = training.endOf(device.trained!);
      ended(state, message);
    });
  }

  /** Puts a run on the device, ready for its next step; returns what keeps it. */
  async #prepare(
    training: Training,
    opened: Opened,
    config: Config,
    taken?: TakenRun,
  ): Promise<Recorder | undefined> {
    const { device, inputs, shelf } = this.#parts;
    // What is asked once the run is under way ends no preparation any more.
    const stopped = (): boolean => training.isOver && !training.isUnderWay;
    try {
      haltIf(stopped);
      if (taken?.fork?.anew) await this.#loadOrigin(opened, taken, stopped);
      // Of such a run weights are taken over as from the run before.
      const goesOn = taken?.fork?.anew ? undefined : taken;
      const started = { ...opened, model: await this.#modelFor(opened.model, config, goesOn) };
      const room = await this.#prepareDevice(started, config, stopped, goesOn);
      const run = await device.load(started, config, stopped, { begins: goesOn === undefined, ...room });
      const recorder = await shelf.record(run, inputs.isDemo, taken);
      device.recorder = recorder;
      haltIf(stopped);
      if (goesOn) device.adoptBefore(run);
      return recorder;
    } catch (error) {
      if (error instanceof Halted) await device.drop();
      throw error;
    }
  }

  /** Puts the run that a fork takes its weights from on the device, at its checkpoint. */
  async #loadOrigin(opened: Opened, taken: TakenRun, stopped: () => boolean): Promise<void> {
    const { device } = this.#parts;
    const { config } = taken.description;
    const model = await this.#modelFor(opened.model, config, taken);
    const run = await device.load({ ...opened, model }, config, stopped, {
      begins: false,
      rewardsStay: false,
    });
    await restoreWeights(run.trained, taken.checkpoint.files);
  }

  /** The model as the run takes it up; for that, the weights of the run before may have to be brought back. */
  #modelFor(model: OpenModel, config: Config, taken?: TakenRun): Promise<OpenModel> {
    const { device, handover } = this.#parts;
    const take = (run?: Run) => handover.modelFor(model, config, run, taken);
    const isWanted = device.isTrained && !taken && config.startFrom !== 'published';
    return isWanted ? device.use(take) : take();
  }

  /**
   * Makes sure that the run fits. Its clips, if it has any, are encoded between its steps; while the device holds nothing but
   * towers, where those do not fit beside the run, or where its order needs all clips to be known.
   */
  async #prepareDevice(
    opened: Opened,
    config: Config,
    stopped: () => boolean,
    taken?: TakenRun,
  ): Promise<Room> {
    const { device, held, emit, inputs } = this.#parts;
    const { model, data, features } = opened;
    await device.drop();
    const gpu = await held.demand();
    return held.during(async () => {
      const texts = runTexts(model, config, data.examples, gpu);
      const note = leftOutNote(texts.prompts.leftOut);
      if (note) emit({ type: 'note', ...note });
      const scorers = inputs.rewardModels.ofRun(config);
      const room = await demandRoom(gpu, model, config, texts, scorers);
      const { besideRun, rewardsStay } = room;
      if (scorers.length > 0 && !rewardsStay) emit({ type: 'note', ...EACH_STEP });
      haltIf(stopped);
      const rows = new TrainingRows({ data, features, config, prompts: texts.prompts });
      if (!features || (besideRun && (taken?.fork || rows.canStand(taken?.checkpoint.state)))) return room;
      if (!besideRun) emit({ type: 'note', ...BEFOREHAND });
      await features.prepare(rows.clips, device.clipReports(undefined, stopped), stopped);
      haltIf(stopped);
      return room;
    });
  }
}

const EACH_STEP = {
  message:
    'The reward models do not fit on the GPU beside the run: they are loaded for the answers of each step, and let go of.',
  hint: 'Settings that take less memory leave room for them: the Model screen says what each would save.',
};

const BEFOREHAND = {
  message:
    'The towers do not fit on the GPU beside the run: all clips are encoded before its first step, and not between the steps.',
  hint: 'Settings that take less memory leave room for them: the Model screen says what each would save.',
};
