/** The page's one store: state that events change, and the acts a person can do. No React in here. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { InputError } from '../math/errors.ts';
import type { BenchGroup, BenchLibrary } from '../protocol/bench.ts';
import {
  type Config,
  type ConfigKey,
  type ConfigProblem,
  checkConfig,
  parseConfig,
} from '../protocol/config.ts';
import { decodingOf } from '../protocol/evaluation.ts';
import type {
  Command,
  CommandType,
  Event,
  ExportParts,
  ExportPlace,
  HubSource,
  KeptWeights,
  ModelChoice,
  Mute,
  SourceFile,
  Split,
} from '../protocol/messages.ts';
import type { PresetName, SettingsKey } from '../protocol/presets.ts';
import type { Port } from './port.ts';
import { withProblem } from './problems.ts';
import {
  choosePreset,
  type Draft,
  dropEdits,
  type Edits,
  editField,
  followModel,
  soundEdits,
  undoFollowing,
} from './settings.ts';
import {
  canStart,
  freshRun,
  initialState,
  isOpening,
  OPENS_DATA,
  OPENS_MODEL,
  promptOf,
  reduce,
  type StudioState,
} from './state.ts';

export interface Studio {
  readonly store: StoreApi<StudioState>;
  openDemo(): Promise<void>;
  openData(files: SourceFile[]): Promise<void>;
  /** Opens the present data set again with another of its folds. */
  chooseFold(fold: number): Promise<void>;
  openModel(files: SourceFile[]): Promise<void>;
  openModelFolder(folder: FileSystemDirectoryHandle): Promise<void>;
  /** Asks for the models in the browser's storage. */
  listModels(): Promise<void>;
  /** Downloads a model, or goes on with it; opens it when it is whole and no run's weights would be lost by that. */
  downloadModel(source: HubSource, token?: string): Promise<void>;
  stopDownload(): void;
  openStoredModel(key: string): Promise<void>;
  /** The folder of the model that is open once more, with another choice of what lies in it. */
  openModelPart(choice: ModelChoice): Promise<void>;
  removeModel(key: string): Promise<void>;
  /** Asks what the model gets to see of a clip. */
  preview(exampleId: string): Promise<void>;
  /** Asks for the memory that a run with the draft would take; with `whatIf`, for that of other settings, too. */
  plan(whatIf: boolean): Promise<void>;
  /** A new run with the draft; does nothing while one is under way or something is missing. */
  start(): void;
  pause(): void;
  resume(): void;
  /** One step and a pause; begins a run when there is none. */
  step(): void;
  stop(): void;
  /** Goes on with a run that is kept on this device. */
  resumeRun(runId: string): Promise<void>;
  /** Opens a kept checkpoint, to be measured, exported or gone on from; no step is taken yet. */
  openCheckpoint(runId: string, step: number): Promise<void>;
  deleteRun(runId: string): Promise<void>;
  /** Puts the files of a kept run, as they lie there, into one archive. */
  saveRunFiles(runId: string): Promise<void>;
  /** Measures held-out clips with the draft's way of decoding; with `start`, the weights that the run began with. */
  evaluate(split: Split, options?: { mute?: Mute | undefined; start?: boolean }): Promise<void>;
  /** Asks which files an export would have. */
  planExport(parts: ExportParts): Promise<void>;
  /** Exports the present weights; with `run`, those of a kept run, which is opened first unless it is on the device. */
  exportRun(parts: ExportParts, place: ExportPlace, run?: KeptWeights): Promise<void>;
  /** Times kernels against libraries on this device; what was found before goes. */
  runBench(groups: BenchGroup[], libraries: BenchLibrary[]): Promise<void>;
  stopBench(): void;
  edit(key: ConfigKey, value: unknown): void;
  applyPreset(name: PresetName | 'defaults'): void;
  /** Takes the form back to what it was before it followed the model that is open. */
  undoSettings(): void;
  /** Lets go of what the person set: the form is that of what is open. */
  resetSettings(): void;
  /** Shows an error that no command is to blame for, such as a dropped file that cannot be read, beside what it is about. */
  report(error: unknown, about?: CommandType): void;
  dismiss(problemId: number): void;
  close(): void;
}

/** Keeps what a person set from visit to visit, for each kind of model. */
export interface SettingsKeeper {
  load(key: SettingsKey): unknown;
  save(key: SettingsKey, edits: Edits): void;
}

type Asking = Extract<Command, { requestId: number }>;
/** A command before it has its number. */
type Question = Asking extends infer C ? (C extends Asking ? Omit<C, 'requestId'> : never) : never;
type Waiting = { resolve: () => void; reject: (error: Error) => void };

/**
 * The studio over a line to a worker. Promises of acts settle with the worker's `done` or `error`; the error is also in
 * the state, so a caller that shows it from there may ignore the rejection.
 */
export function createStudio(port: Port, keeper?: SettingsKeeper): Studio {
  const store = createStore<StudioState>()(initialState);
  const waiting = new Map<number, Waiting>();
  let lastRequest = 0;
  /** Those of the data set that is open. */
  let dataFiles: SourceFile[] = [];
  store.subscribe(releaseFrames);
  if (keeper) store.subscribe((now, before) => keepEdits(keeper, now, before));

  port.listen((event) => {
    const state = store.getState();
    const form = formAfter(state, event, keeper);
    store.setState({ ...reduce(state, event), ...form });
    settle(waiting, event);
  });

  function ask(
    question: Question,
    change: (requestId: number) => Partial<StudioState> = () => ({}),
  ): Promise<void> {
    const requestId = ++lastRequest;
    const { pending, problems } = store.getState();
    store.setState({
      ...change(requestId),
      pending: new Map(pending).set(requestId, question.type),
      problems: problems.filter((problem) => problem.command !== question.type),
    });
    const answer = new Promise<void>((resolve, reject) => waiting.set(requestId, { resolve, reject }));
    port.post({ ...question, requestId } as Command);
    return answer;
  }

  /** Begins a run with the draft by the given command. */
  function begin(type: 'start' | 'step'): void {
    const state = store.getState();
    if (startHindrance(state) !== undefined) return;
    const problems = state.problems.filter((problem) => problem.command !== undefined);
    store.setState({ ...freshRun(state), problems });
    port.post({ type, config: parseConfig(state.draft) });
  }

  return {
    store,
    ...runControls(store, port, begin),
    ...draftControls(store),
    ...modelControls(store, port, ask),
    openDemo: () => ask({ type: 'openDemo' }),
    async openData(files) {
      await ask({ type: 'openData', files });
      dataFiles = files;
    },
    chooseFold: (fold) => ask({ type: 'openData', files: dataFiles, fold }),
    openModel: (files) => ask({ type: 'openModel', files }),
    openModelPart: (choice) => ask({ type: 'openModelPart', choice }),
    preview(exampleId) {
      const prompt = promptOf(store.getState().draft);
      return ask({ type: 'preview', exampleId, ...soundConfig(store) }, () => ({
        clip: { exampleId, prompt },
      }));
    },
    async plan(whatIf) {
      const { draft, plan } = store.getState();
      const { config } = soundConfig(store);
      if (!config) return;
      const known = plan?.draft === draft && plan.plan ? { plan: plan.plan } : {};
      await ask({ type: 'plan', config, whatIf }, (requestId) => ({ plan: { requestId, draft, ...known } }));
    },
    evaluate(split, { mute, start = false } = {}) {
      const sampled = decodingOf(store.getState().draft as Config);
      const config = soundConfig(store);
      const optional = {
        ...(mute === undefined ? {} : { mute }),
        ...(sampled ? { sampled } : {}),
        ...(start ? { start } : {}),
        ...config,
      };
      return ask({ type: 'evaluate', split, ...optional });
    },
    planExport: (parts) => ask({ type: 'planExport', parts }),
    exportRun: (parts, place, run) =>
      ask({ type: 'export', parts, place, ...(run ? { run } : {}) }, () => ({ exported: undefined })),
    resumeRun: (runId) => ask({ type: 'resumeRun', runId }),
    openCheckpoint: (runId, step) => ask({ type: 'resumeRun', runId, step, rest: true }),
    deleteRun: (runId) => ask({ type: 'deleteRun', runId }),
    saveRunFiles: (runId) => ask({ type: 'saveRunFiles', runId }, () => ({ exported: undefined })),
    runBench: (groups, libraries) => ask({ type: 'bench', groups, libraries }, () => ({ bench: undefined })),
    stopBench: () => port.post({ type: 'stopBench' }),
    report(error, about) {
      const hint = error instanceof InputError ? error.hint : undefined;
      const message = error instanceof Error ? error.message : String(error);
      store.setState((state) => withProblem(state, about, { message, hint }));
    },
    dismiss(problemId) {
      store.setState(({ problems }) => ({ problems: problems.filter(({ id }) => id !== problemId) }));
    },
    close: () => port.close(),
  };
}

type Ask = (question: Question) => Promise<void>;
type ModelControls = Pick<
  Studio,
  'openModelFolder' | 'listModels' | 'downloadModel' | 'stopDownload' | 'openStoredModel' | 'removeModel'
>;

function modelControls(store: StoreApi<StudioState>, port: Port, ask: Ask): ModelControls {
  return {
    openModelFolder: (folder) => ask({ type: 'openModelFolder', folder }),
    listModels: () => ask({ type: 'listModels' }),
    async downloadModel(source, token) {
      await ask({ type: 'downloadModel', source, ...(token ? { token } : {}) });
      const { download, run } = store.getState();
      const isUntouched = run.state === 'empty' || run.state === 'ready';
      if (download?.phase === 'complete' && isUntouched)
        await ask({ type: 'openStoredModel', key: download.key });
    },
    stopDownload: () => port.post({ type: 'stopDownload' }),
    openStoredModel: (key) => ask({ type: 'openStoredModel', key }),
    removeModel: (key) => ask({ type: 'removeModel', key }),
  };
}

type RunControls = Pick<Studio, 'start' | 'pause' | 'resume' | 'step' | 'stop'>;

function runControls(
  store: StoreApi<StudioState>,
  port: Port,
  begin: (type: 'start' | 'step') => void,
): RunControls {
  const stateOf = () => store.getState().run.state;
  return {
    start: () => begin('start'),
    pause() {
      if (stateOf() === 'running') port.post({ type: 'pause' });
    },
    resume() {
      if (stateOf() === 'paused') port.post({ type: 'resume' });
    },
    step() {
      if (stateOf() === 'paused') port.post({ type: 'step' });
      else begin('step');
    },
    stop: () => port.post({ type: 'stop' }),
  };
}

type DraftControls = Pick<Studio, 'edit' | 'applyPreset' | 'undoSettings' | 'resetSettings'>;

function draftControls(store: StoreApi<StudioState>): DraftControls {
  return {
    edit: (key, value) => store.setState((state) => editField(state, key, value)),
    applyPreset: (name) => store.setState((state) => choosePreset(state, name)),
    undoSettings: () => store.setState(undoFollowing),
    resetSettings: () => store.setState(dropEdits),
  };
}

/** The form, where another model has just been opened. */
function formAfter(
  state: StudioState,
  event: Event,
  keeper: SettingsKeeper | undefined,
): Partial<StudioState> {
  if (event.type !== 'model' || !isOpening(state, event, OPENS_MODEL)) return {};
  return followModel(state, event.summary, (key) => soundEdits(keeper?.load(key)));
}

function keepEdits(keeper: SettingsKeeper, { settings }: StudioState, before: StudioState): void {
  const { basis, edits } = settings;
  if (basis.key === undefined || edits === before.settings.edits) return;
  keeper.save(basis.key, soundEdits(edits));
}

/** The draft as a command takes it; nothing where it cannot be run as it is. */
function soundConfig(store: StoreApi<StudioState>): { config?: Config } {
  const { draft } = store.getState();
  return draftProblems(draft).length === 0 ? { config: parseConfig(draft) } : {};
}

/** What keeps a draft from being run. */
export function draftProblems(draft: Draft): ConfigProblem[] {
  return checkConfig(draft as Config);
}

/** Why no run can be started now, for people; undefined where one can. */
export function startHindrance(state: StudioState): string | undefined {
  const { data, model, run, draft, pending } = state;
  const opening = [...pending.values()].some((command) => [...OPENS_DATA, ...OPENS_MODEL].includes(command));
  if (opening) return 'A folder is being opened.';
  if (!model)
    return data
      ? 'There is no model yet: open one on the Model screen.'
      : 'There is no model and no data yet.';
  if (!data) return 'There are no clips yet: open a folder on the Data screen.';
  if (data.splits.train === 0) return `${data.name} has no clip to train on: all of them are held out.`;
  if (!canStart({ data, model, run })) return 'A run is under way.';
  return draftProblems(draft)[0]?.message;
}

function settle(waiting: Map<number, Waiting>, event: Event): void {
  if ((event.type !== 'done' && event.type !== 'error') || event.requestId === undefined) return;
  const asked = waiting.get(event.requestId);
  waiting.delete(event.requestId);
  if (event.type === 'done') asked?.resolve();
  else asked?.reject(new InputError(event.message, { hint: event.hint }));
}

/** Frames hold memory outside the heap: those no longer in the state are let go of. */
function releaseFrames(now: StudioState, before: StudioState): void {
  if (now.clip?.preview === before.clip?.preview) return;
  for (const frame of before.clip?.preview?.frames ?? []) frame.close();
}
