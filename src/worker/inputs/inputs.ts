import { type ReadOptions, readDataset } from '../../data/read.ts';
import { demandExamples, demandModelFolder } from '../../data/refusal.ts';
import { summarise } from '../../data/summary.ts';
import { type Dataset, hasClip } from '../../data/types.ts';
import type { FeatureCache } from '../../io/features/feature-cache.ts';
import type { FileTree } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import type { Config } from '../../protocol/config.ts';
import type { CommandOf, DataIssue, DataSummary, ModelChoice } from '../../protocol/messages.ts';
import type { PromptReport } from '../../protocol/prompt-report.ts';
import { leftOutLine } from '../../rl/prompts.ts';
import { FeatureStore } from '../clips/features.ts';
import { makePreview, questionPreview } from '../clips/preview.ts';
import type { HeldGpu } from '../gpu/held-gpu.ts';
import type { SessionHost } from '../host.ts';
import type { Emit } from '../progress.ts';
import { readTexts, runTexts } from '../run-options.ts';
import { openDemoTrees } from './demo.ts';
import { demandFitting, type Fitting, fittingFor } from './fitting.ts';
import { modelUnder, type OpenModel, openModel, summariseModel } from './model.ts';
import { promptReport } from './prompt-report.ts';
import { RewardModels } from './reward-models.ts';

/** A data set without splits is divided the same way for every run. */
export const SPLIT_SEED = 42;

/** A model and the rows of a data set that it takes. */
export interface Opened {
  readonly model: OpenModel;
  readonly data: Dataset;
  /** What the towers make of the clips; absent where nothing is asked about clips. */
  readonly features?: FeatureStore;
}

/** What a person chose of how a data set is read. */
export type ReadingWanted = Omit<ReadOptions, 'seed'>;

export interface InputHooks {
  readonly emit: Emit;
  /** Lets go of what was made from the model or the data that are about to be replaced. */
  release(replaced: 'model' | 'data'): Promise<void>;
  /** Another model or data set is open. */
  changed(): void;
}

/** The model and the data set that are open. */
export class Inputs {
  readonly #held: Pick<HeldGpu, 'gpu'>;
  readonly #host: SessionHost;
  readonly #hooks: InputHooks;
  /** Models that score answers. */
  readonly rewardModels = new RewardModels();
  #model?: OpenModel;
  /** What the towers make of clips, by how these are shown. */
  readonly #features = new Map<string, FeatureStore>();
  #cache: FeatureCache | undefined;
  #data?: Dataset;
  /** Of the data set what the model takes, once both are open. */
  #fitting?: Fitting | undefined;
  /** Whether model and data are the embedded ones. */
  #demo = false;
  #reportedIssues = 0;
  #promptsAsked = 0;

  constructor(held: Pick<HeldGpu, 'gpu'>, host: SessionHost, hooks: InputHooks) {
    this.#held = held;
    this.#host = host;
    this.#hooks = hooks;
  }

  get model(): OpenModel | undefined {
    return this.#model;
  }

  get data(): Dataset | undefined {
    return this.#data;
  }

  /** What the model takes of the data set; nothing while one of them is not open. */
  get fitting(): Dataset | undefined {
    return this.#fitting?.data;
  }

  get isDemo(): boolean {
    return this.#demo;
  }

  get areComplete(): boolean {
    return this.#model !== undefined && this.#data !== undefined;
  }

  /** Both, clips shown as these settings say, or an error that says which is missing. @throws InputError */
  demand(config?: Config): Opened {
    const [opened, fitting] = [this.#model, this.#fitting];
    if (opened && fitting) {
      demandFitting(opened, fitting);
      const model = config ? modelUnder(opened, config) : opened;
      const features = this.#featuresOf(model);
      return { model, data: fitting.data, ...(features ? { features } : {}) };
    }
    const missing = opened ? 'data set' : this.#data ? 'model' : 'model and no data set';
    throw new InputError(`There is no ${missing} yet.`, {
      hint: 'Drop its folder on the page, or open the demo.',
    });
  }

  /** Both, as a run takes them: with nothing left that can be meant in several ways. @throws InputError */
  demandAnswered(config?: Config): Opened {
    const opened = this.demand(config);
    const [open] = opened.data.asks ?? [];
    if (!open) return opened;
    const choices = open.choices.map(({ choice, rows }) => `${choice} (${rows})`).join(', ');
    throw new InputError(`${opened.data.name}: ${open.question}`, {
      hint: `Answer it on the Data screen, or by command: --answer ${open.what}=… (${choices}).`,
    });
  }

  #featuresOf(model: OpenModel): FeatureStore | undefined {
    const { clips } = model;
    if (!clips || !this.#cache) return undefined;
    const key = JSON.stringify(clips.identity);
    const store =
      this.#features.get(key) ??
      new FeatureStore(this.#held, { ...model, clips }, this.#cache, this.#host.decode);
    // Last used goes last: its issues are those that are told.
    this.#features.delete(key);
    this.#features.set(key, store);
    return store;
  }

  /** Clips that could not be read, in the way they were shown last. */
  get #unreadable(): readonly DataIssue[] {
    return [...this.#features.values()].at(-1)?.issues ?? [];
  }

  async openDemo(requestId: number): Promise<void> {
    const { model, data } = await openDemoTrees();
    await this.#openModel(model, requestId, { demo: true });
    await this.openData(data, requestId);
    this.#demo = true;
  }

  /** The folder that is open once more, with another choice of what lies in it. @throws InputError */
  async openModelPart(requestId: number, choice: ModelChoice): Promise<void> {
    const { model } = this;
    if (!model) throw new InputError('There is no model yet.', { hint: 'Drop its folder on the page.' });
    await this.openModel(model.dropped, requestId, choice);
  }

  /** What is open stays open until the folder has turned out to be a model. @throws InputError */
  async openModel(tree: FileTree, requestId: number, choice: ModelChoice = {}): Promise<void> {
    try {
      demandModelFolder(tree);
      await this.#openModel(tree, requestId, { choice, demo: false });
    } catch (error) {
      throw staying(error, 'model', this.#model?.files.name);
    }
  }

  async #openModel(
    tree: FileTree,
    requestId: number,
    { choice, demo }: { readonly choice?: ModelChoice; readonly demo: boolean },
  ): Promise<void> {
    const { emit, release, changed } = this.#hooks;
    const model = { ...(await openModel(tree, choice)), demo };
    const { clips } = model;
    const cache = clips && (await this.#host.openFeatureCache());
    await release('model');
    this.#model = model;
    this.#demo = false;
    this.#features.clear();
    this.#cache = cache;
    emit({ type: 'model', requestId, summary: summariseModel(model, { trainable: 0 }) });
    const before = this.#fitting?.refused.size ?? 0;
    this.#fit();
    if (this.#data && (this.#fitting?.refused.size ?? 0) + before > 0)
      emit({ type: 'data', requestId: 0, summary: this.#summary(this.#data) });
    changed();
  }

  #fit(): void {
    this.#fitting = this.#model && this.#data && fittingFor(this.#model, this.#data);
  }

  /**
   * `how`: of a data set that comes in folds, the one wanted; which columns say what; what was asked of it. What is open stays open until a labelled clip, or a question with
   * its answer, has been found in the folder. @throws InputError
   */
  async openData(tree: FileTree, requestId: number, how: ReadingWanted = {}): Promise<void> {
    const { emit, release, changed } = this.#hooks;
    const what = 'Reading the data set';
    emit({ type: 'progress', requestId, what, done: 0, total: tree.files.length, unit: 'files' });
    const data = await this.#read(tree, how);
    await release('data');
    this.#data = data;
    this.#demo = false;
    for (const store of this.#features.values()) store.clear();
    this.#fit();
    emit({ type: 'data', requestId, summary: this.#summary(data) });
    changed();
  }

  async #read(tree: FileTree, how: ReadingWanted): Promise<Dataset> {
    try {
      const data = await readDataset(tree, { ...how, seed: SPLIT_SEED });
      demandExamples(data, data.opened ?? tree);
      return data;
    } catch (error) {
      throw staying(error, 'data set', this.#data?.name);
    }
  }

  #summary(data: Dataset): DataSummary {
    const unreadable = this.#unreadable;
    this.#reportedIssues = unreadable.length;
    return summarise(data, { unreadable, refused: this.#fitting?.refused });
  }

  /** Tells the page about clips that turned out to be unreadable. */
  reportIssues(requestId = 0): void {
    if (!this.#data || this.#unreadable.length === this.#reportedIssues) return;
    this.#hooks.emit({ type: 'data', requestId, summary: this.#summary(this.#data) });
  }

  /**
   * What the prompts come to with these settings; nothing where there is no model that takes the data, and where others are asked
   * about, or another folder opened, before they are read.
   */
  async promptReport(config: Config): Promise<PromptReport | undefined> {
    const asked = ++this.#promptsAsked;
    const [model, data] = [this.#model, this.fitting];
    if (!model || !data || data.examples.length === 0) return undefined;
    const isWanted = () => asked === this.#promptsAsked && model === this.#model && data === this.fitting;
    const what = [modelUnder(model, config), config, data.examples, this.#held.gpu] as const;
    const texts = await readTexts(what, isWanted);
    return texts && promptReport(texts.prompts, data.examples);
  }

  /** Shows what the model gets to see of a clip under these settings. */
  async preview({ requestId, exampleId }: CommandOf<'preview'>, config: Config): Promise<void> {
    const refused = this.#fitting?.refused.get(exampleId);
    if (refused) throw new InputError(refused.message, refused);
    const { model, data } = this.demand(config);
    const example = data.examples.find(({ id }) => id === exampleId);
    if (!example) {
      throw new InputError(
        `There is no ${data.kind === 'clips' ? 'clip' : 'question'} "${exampleId}" in ${data.name}.`,
        {
          hint: 'Choose one from the list.',
        },
      );
    }
    const { prompts } = runTexts(model, config, data.examples, this.#held.gpu);
    const prompt = prompts.of(example);
    const left = prompts.leftOut.find(({ id }) => id === exampleId);
    const notes = [...prompt.notes, ...(left ? [`A run leaves this row out: ${leftOutLine(left)}`] : [])];
    const shown =
      model.clips && hasClip(example)
        ? await makePreview(example, model.clips, prompt)
        : questionPreview(example, prompt);
    const preview = { ...shown, ...(notes.length > 0 ? { notes } : {}) };
    this.#hooks.emit({ type: 'preview', requestId, preview }, preview.frames);
  }
}

/** An error about a folder, with what is still open in spite of it. */
function staying(error: unknown, what: string, open: string | undefined): unknown {
  if (!(error instanceof InputError) || open === undefined) return error;
  const { message, hint, details } = error;
  return new InputError(message, {
    hint: [hint, `The ${what} "${open}" stays open.`].filter(Boolean).join(' '),
    ...(details === undefined ? {} : { details }),
    cause: error,
  });
}
