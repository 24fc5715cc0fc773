/** The page's one store: state that events change, and the acts a person can do. No React in here. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { InputError } from '../math/errors.ts';
import {
  type Config,
  type ConfigKey,
  type ConfigProblem,
  checkConfig,
  parseConfig,
} from '../protocol/config.ts';
import { decodingOf } from '../protocol/evaluation.ts';
import type {
  Args,
  Command,
  CommandType,
  Event,
  HubSource,
  Mute,
  OrderType,
  Split,
} from '../protocol/messages.ts';
import type { PresetName, SettingsKey } from '../protocol/presets.ts';
import { whyNoneIsAsked } from '../protocol/prompt-report.ts';
import { type Ask, asking } from './asking.ts';
import type { Port } from './port.ts';
import { withProblem } from './problems.ts';
import { promptsKey, promptsOf } from './prompts.ts';
import { type DataControls, dataControls, type ReadingKeeper } from './reading.ts';
import { type RewardModelControls, rewardModelControls, unopened } from './reward-models.ts';
import { canStart } from './run-state.ts';
import {
  choosePreset,
  type Draft,
  dropEdits,
  type Edits,
  editField,
  editFields,
  followModel,
  soundEdits,
  undoFollowing,
} from './settings.ts';
import {
  freshRun,
  initialState,
  isOpening,
  OPENS_DATA,
  OPENS_MODEL,
  reduce,
  type StudioState,
} from './state.ts';

export interface Studio extends DataControls, RewardModelControls {
  readonly store: StoreApi<StudioState>;
  /**
   * Sends a command under a number; the promise settles with its answer, or with the worker's error. The error is also in the
   * state, so a caller that shows it from there may ignore the rejection. The acts below ask with what the state says.
   */
  readonly ask: Ask;
  /** Sends a command that nothing answers. */
  tell<T extends OrderType>(type: T, ...fields: Args<T>): void;
  /**
   * Downloads a model, or goes on with it. When it is whole it is opened: as one that scores where that is its `use`, and else as
   * the run's, unless a run's weights would be lost by that or it is a classifier.
   */
  downloadModel(source: HubSource, token?: string, use?: ModelUse): Promise<void>;
  /** Asks what the model gets to see of a clip. */
  preview(exampleId: string): Promise<void>;
  /** Asks what the prompts of the data come to under the draft; nothing where there is nothing to ask about. */
  readPrompts(): Promise<void>;
  /** Asks for the memory that a run with the draft would take; with `whatIf`, for that of other settings, too. */
  plan(whatIf: boolean): Promise<void>;
  /** A new run with the draft; does nothing while one is under way or something is missing. */
  start(): void;
  pause(): void;
  resume(): void;
  /** One step and a pause; begins a run when there is none. */
  step(): void;
  /** Measures held-out clips with the draft's way of decoding; with `start`, the weights that the run began with. */
  evaluate(split: Split, options?: { mute?: Mute | undefined; start?: boolean }): Promise<void>;
  edit(key: ConfigKey, value: unknown): void;
  /** Several settings at once, that are checked against each other. */
  editAll(values: Edits): void;
  /** Lays a preset over the form, but for settings that are to stay as they are. */
  applyPreset(name: PresetName | 'defaults', except?: readonly ConfigKey[]): void;
  /** Takes the form back to what it was before it followed the model that is open. */
  undoSettings(): void;
  /** Lets go of what the person set: the form is that of what is open. */
  resetSettings(): void;
  /** Shows an error that no command is to blame for, such as a dropped file that cannot be read, beside what it is about. */
  report(error: unknown, about?: CommandType): void;
  dismiss(problemId: number): void;
  close(): void;
}

/** What a model is opened for: to be trained, or to score answers. */
export type ModelUse = 'run' | 'reward';

/** Keeps what a person set from visit to visit, for each kind of model. */
export interface SettingsKeeper {
  load(key: SettingsKey): unknown;
  save(key: SettingsKey, edits: Edits): void;
  /** The same for how data sets are read. */
  readonly reading?: ReadingKeeper;
}

/** The studio over a line to a worker. */
export function createStudio(port: Port, keeper?: SettingsKeeper): Studio {
  const store = createStore<StudioState>()(initialState);
  const { ask, settle } = asking(store, port);
  store.subscribe(releaseFrames);
  if (keeper) store.subscribe((now, before) => keepEdits(keeper, now, before));

  port.listen((event) => {
    const state = store.getState();
    const form = formAfter(state, event, keeper);
    store.setState({ ...reduce(state, event), ...form });
    settle(event);
  });

  const tell = <T extends OrderType>(type: T, ...[fields]: Args<T>): void =>
    port.post({ ...fields, type } as unknown as Command);

  const scorers = rewardModelControls(store, ask, (identity) => tell('closeRewardModel', { identity }));

  return {
    store,
    ask,
    tell,
    ...runControls(store, tell),
    ...draftControls(store),
    ...dataControls(store, ask, keeper?.reading),
    ...draftQuestions(store, ask),
    ...scorers,
    async downloadModel(source, token, use = 'run') {
      await ask('downloadModel', { source, ...(token ? { token } : {}) });
      const { download, run, storedModels = [] } = store.getState();
      if (download?.phase !== 'complete') return;
      const { key } = download;
      if (use === 'reward') return scorers.openRewardModel({ key });
      const isUntouched = run.state === 'empty' || run.state === 'ready';
      const isScorer = storedModels.find((model) => model.key === key)?.isClassifier;
      if (isUntouched && !isScorer) await ask('openStoredModel', { key });
    },
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

/** Questions about what the form says. */
function draftQuestions(
  store: StoreApi<StudioState>,
  ask: Ask,
): Pick<Studio, 'preview' | 'plan' | 'evaluate' | 'readPrompts'> {
  return {
    preview: (exampleId) => ask('preview', { exampleId, ...soundConfig(store) }),
    async plan(whatIf) {
      const { config } = soundConfig(store);
      if (config) await ask('plan', { config, whatIf });
    },
    async readPrompts() {
      const { data, model, draft } = store.getState();
      const { config } = soundConfig(store);
      if (!data || !model || !config) return;
      const answer = await ask('prompts', { config });
      if (!answer?.report) return;
      store.setState({ prompts: { data, model, key: promptsKey(draft), report: answer.report } });
    },
    evaluate(split, { mute, start = false } = {}) {
      const draft = store.getState().draft as Config;
      const sampled = decodingOf(draft);
      return ask('evaluate', {
        split,
        metric: draft.evalMetric,
        ...(mute === undefined ? {} : { mute }),
        ...(sampled ? { sampled } : {}),
        ...(start ? { start } : {}),
        ...soundConfig(store),
      });
    },
  };
}

/** What went wrong in these says nothing of the next run. */
const BEGINS: readonly CommandType[] = ['start', 'step'];

type RunControls = Pick<Studio, 'start' | 'pause' | 'resume' | 'step'>;

function runControls(store: StoreApi<StudioState>, tell: Studio['tell']): RunControls {
  const stateOf = () => store.getState().run.state;
  /** Begins a run with the draft by the given command. */
  function begin(type: 'start' | 'step'): void {
    const state = store.getState();
    if (startHindrance(state) !== undefined) return;
    const problems = state.problems.filter(({ command }) => command && !BEGINS.includes(command));
    store.setState({ ...freshRun(state), problems });
    tell(type, { config: parseConfig(state.draft) });
  }
  return {
    start: () => begin('start'),
    pause() {
      if (stateOf() === 'running') tell('pause');
    },
    resume() {
      if (stateOf() === 'paused') tell('resume');
    },
    step() {
      if (stateOf() === 'paused') tell('step');
      else begin('step');
    },
  };
}

type DraftControls = Pick<Studio, 'edit' | 'editAll' | 'applyPreset' | 'undoSettings' | 'resetSettings'>;

function draftControls(store: StoreApi<StudioState>): DraftControls {
  return {
    edit: (key, value) => store.setState((state) => editField(state, key, value)),
    editAll: (values) => store.setState((state) => editFields(state, values)),
    applyPreset: (name, except) =>
      store.setState((state) => choosePreset(state, name, state.rewardModels, except)),
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
  const isText = model.senses.length === 0;
  const things = isText ? 'questions' : 'clips';
  if (!data) return `There are no ${things} yet: open a folder on the Data screen.`;
  if (data.kind !== things) {
    return isText
      ? `${model.name} is a language model: open a set of questions and answers on the Data screen, or a model that takes clips.`
      : `${data.name} holds questions without clips: open a set of clips on the Data screen, or a language model.`;
  }
  const [asked] = data.reading?.asks ?? [];
  if (asked) return `Something is asked of ${data.name} on the Data screen: ${asked.question}`;
  if (data.splits.train === 0)
    return `${data.name} has no ${things.slice(0, -1)} to train on: all of them are held out.`;
  if (!canStart({ data, model, run })) return 'A run is under way.';
  const [problem] = draftProblems(draft);
  if (problem) return problem.message;
  const missing = draft.stage === 'grpo' ? unopened(state, draft) : undefined;
  if (missing) {
    return `The reward ${missing.name} is the model "${missing.model}", which is not open: open it among the reward models on the Train screen, or take the reward out.`;
  }
  const report = promptsOf(state);
  return report && whyNoneIsAsked(report);
}

/** Frames hold memory outside the heap: those no longer in the state are let go of. */
function releaseFrames(now: StudioState, before: StudioState): void {
  if (now.clip?.preview === before.clip?.preview) return;
  for (const frame of before.clip?.preview?.frames ?? []) frame.close();
}
