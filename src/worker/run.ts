import { type Example, hasClip } from '../data/types.ts';
import { InputError } from '../math/errors.ts';
import { deriveSeed, shuffled } from '../math/random.ts';
import type { AdamW } from '../optim/adamw.ts';
import type { Alarm } from '../protocol/alarms.ts';
import type { Config } from '../protocol/config.ts';
import { markBest, withoutTexts } from '../protocol/evaluation.ts';
import type { LiveValues } from '../protocol/live-settings.ts';
import type { CommandOf, EvalResult, RolloutGroup } from '../protocol/messages.ts';
import type { MetricValues } from '../protocol/metrics.ts';
import { predictionLines } from '../protocol/predictions.ts';
import type { RewardSource } from '../rewards/contract.ts';
import { evaluate } from '../rl/evaluate.ts';
import { answerFigures } from '../rl/health/answer-figures.ts';
import { brokenValues, Health } from '../rl/health/health.ts';
import { causeOf } from '../rl/health/not-finite.ts';
import { type Scoring, scoringOf } from '../rl/measure/row-kinds.ts';
import { type Specimen, Specimens } from '../rl/measure/specimens.ts';
import type { AnswerTokens } from '../rl/measure/token-values.ts';
import type { GateRows } from '../rl/media/gate.ts';
import type { Policy } from '../rl/policy/policy.ts';
import type { Start } from '../rl/policy/start-weights.ts';
import { withStartWeights } from '../rl/policy/start-weights-shown.ts';
import { muteExample, prepareExample } from '../rl/prepare.ts';
import type { RunPrompts } from '../rl/prompts.ts';
import { demandKnownIds } from '../rl/rollout/known-ids.ts';
import type { LiveAnswers } from '../rl/rollout/live-answer.ts';
import { RunContext, type RunExample, type SamplingContext } from '../rl/run-context.ts';
import { sftStep } from '../rl/sft.ts';
import { grpoStep } from '../rl/step.ts';
import { askedRows, heldOut } from './asked-rows.ts';
import { type PrepareReport, QUIET } from './clips/features.ts';
import { LineLog } from './line-log.ts';
import { MeasuredRewards } from './measured-rewards.ts';
import type { Report } from './progress.ts';
import { openRewards, openSource, withSource } from './rewards.ts';
import { type Loaded, putOnDevice } from './run-loading.ts';
import type { RunParts, Standing, StepResult } from './run-parts.ts';
import { AnswerLog } from './runs/answer-log.ts';
import type { Trained } from './runs/checkpoint.ts';
import { TokenLog } from './runs/token-log.ts';
import { withReasoning } from './thinking-judge.ts';
import type { TrainingRows } from './training-rows.ts';

/** What an evaluation is asked for. */
type Measured = Pick<CommandOf<'evaluate'>, 'split' | 'mute' | 'sampled' | 'metric' | 'start'>;

/** Texts that the gate's encoder reads at a time: it is loaded for them. */
const GATE_TEXTS = 256;

/**
 * Weights on the device, with everything that evaluates them and, where they are going to train, trains them. It lives until the next
 * run takes its place.
 */
export class Run {
  #parts: RunParts;
  readonly prompts: RunPrompts;
  readonly policy: Policy;
  /** One line per step, and one per answer of every step. */
  readonly metricsLog = new LineLog();
  readonly rolloutsLog = new AnswerLog();
  /** What is known of the tokens of answers. */
  readonly tokenLog = new TokenLog();
  /** Every evaluation of these weights, and those of the weights as loaded; one line per answer of each. */
  readonly evaluations: EvalResult[] = [];
  predictionsLog = new LineLog();
  readonly #specimens = new Specimens();
  /** How it started from what another run left. */
  readonly start?: Start;
  /** Whether it is well, by its steps so far. */
  readonly health: Health;
  readonly #context: SamplingContext;
  readonly #gate: GateRows;
  /** Whether the latest step was broken. */
  #broken = false;
  /** What it trains on, in its order. */
  readonly rows: TrainingRows;
  readonly #measured = new MeasuredRewards();
  readonly #scorings = new Map<Config['evalMetric'], Scoring>();
  #step = 0;
  /** Settings that the next step is the first to have. */
  #changed: LiveValues = {};
  #tokens = 0;

  private constructor(
    parts: RunParts,
    prompts: RunPrompts,
    { policy, context, gate, rows }: Loaded,
    start: Start | undefined,
  ) {
    this.#parts = parts;
    if (start) this.start = start;
    this.prompts = prompts;
    this.policy = policy;
    this.#context = context;
    this.#gate = gate;
    this.rows = rows;
    for (const result of parts.before) this.recordEvaluation(result);
    this.health = new Health(parts.config);
  }

  /** Loads the weights and records what runs on them. With `begins`, the clips of a first step are read meanwhile. */
  static async load(parts: RunParts, options: { begins?: boolean } = {}): Promise<Run> {
    const { trains, config, openers = {} } = parts;
    // A program that cannot be run is said before weights are loaded.
    const rewards = trains && config.stage === 'grpo' ? await openRewards(config, openers) : undefined;
    try {
      const { files, prompts, loaded, start } = await putOnDevice(parts, rewards, options);
      return new Run({ ...parts, model: { ...parts.model, files } }, prompts, loaded, start);
    } catch (error) {
      rewards?.[Symbol.dispose]();
      throw error;
    }
  }

  get parts(): RunParts {
    return this.#parts;
  }

  get config(): Config {
    return this.#parts.config;
  }

  /** Puts another program in the place of an own reward's. @throws InputError where there is none of its name, or it cannot be run */
  async mendReward(source: RewardSource): Promise<Config> {
    const { openers = {} } = this.#parts;
    const config = withSource(this.config, source);
    this.training.rewards.replace(await openSource(source, openers));
    this.#parts = { ...this.#parts, config };
    return config;
  }

  /** Goes on with other numbers from the next step on. */
  change(config: Config): void {
    this.training.change(config);
    this.#parts = { ...this.#parts, config };
  }

  /** The next step says that it is the first to have these settings. */
  noteChange(changed: LiveValues): void {
    this.#changed = { ...this.#changed, ...changed };
  }

  /** Holds Adam's moments, for a checkpoint. */
  get optimizer(): AdamW {
    return this.training.updater.optimizer;
  }

  get training(): RunContext {
    if (this.#context instanceof RunContext) return this.#context;
    throw new Error('Run: these weights were loaded to be measured, not to be trained.');
  }

  /** Optimizer steps taken. */
  get step(): number {
    return this.#step;
  }

  /** Makes the first step ready: its clips are decoded and encoded. @throws InputError when no row can be used */
  async prepareTraining(report: PrepareReport = QUIET): Promise<void> {
    const { features, stopped } = this.parts;
    if (!features)
      demandKnownIds(
        this.rows.all.map((row) => this.#exampleOf(row)),
        ...this.#vocabulary,
      );
    await this.makeReady(stopped, report);
  }

  /** Makes the clips of the next step ready; returns whether they are, which they may not be where it was stopped. */
  async makeReady(stopped: () => boolean, report: PrepareReport = QUIET): Promise<boolean> {
    if (!(await this.rows.makeReady(report, stopped))) return false;
    const textsOf = (rows: readonly Example[]) => rows.map((row) => this.prompts.of(row).gateIds);
    const { promptsPerStep } = this.config;
    const isMissing = (ids: readonly number[]) => ids.length > 0 && this.#gate.of(ids) === undefined;
    if (textsOf(this.rows.coming(promptsPerStep)).some(isMissing))
      await this.#gate.prepare(textsOf(this.rows.coming(Math.max(promptsPerStep, GATE_TEXTS))));
    return true;
  }

  /** Lets go of what makes clips ready ahead of the steps, as no step follows for now. */
  rest(): void {
    this.parts.features?.letGo();
  }

  get #vocabulary(): [vocabulary: number, model: string] {
    return [this.policy.config.decoder.vocabSize, this.policy.files.name];
  }

  /** Rows as a step takes them, where their clips can be read. */
  async prepare(examples: readonly Example[], report: PrepareReport = QUIET): Promise<RunExample[]> {
    const { features, stopped } = this.parts;
    await features?.prepare(examples.filter(hasClip), report, stopped);
    const read = examples.filter((example) => !hasClip(example) || features?.has(example));
    await this.#gate.prepare(read.map((example) => this.prompts.of(example).gateIds));
    return read.map((example) => this.#exampleOf(example));
  }

  /** A row as a step takes it; its clip, if it has one, is ready, and so is what steers the gate. */
  #exampleOf(row: Example): RunExample {
    const { features, model } = this.parts;
    const prompt = this.prompts.of(row);
    if (!features || !hasClip(row)) return prepareExample(model.text, prompt, row);
    return prepareExample(model.text, prompt, row, {
      features: () => features.load(row),
      shown: features.shownOf(row),
      unencoded: model.clips?.unencoded,
      gate: this.#gate.of(prompt.gateIds),
    });
  }

  /** What of this run lies on the device and changes from step to step. */
  get trained(): Trained {
    return { store: this.policy.store, optimizer: this.optimizer };
  }

  /** What the next step depends on beside `trained`. */
  get standing(): Standing {
    return {
      step: this.#step,
      adamSteps: this.trained.optimizer.stepCount,
      tokens: this.#tokens,
      ...this.rows.dealt,
    };
  }

  /** Stands where a stored run stood; `trained` is restored apart. @throws InputError when other clips can be read now */
  stand({ step, adamSteps, tokens, ...dealt }: Standing): void {
    this.rows.stand(dealt);
    this.#step = step;
    this.#tokens = tokens;
    this.trained.optimizer.stepCount = adamSteps;
  }

  /** The next rows of the order, made ready. */
  async #deal(count: number): Promise<RunExample[]> {
    await this.makeReady(() => false);
    const examples = this.rows.deal(count).map((row) => this.#exampleOf(row));
    if (this.parts.features) demandKnownIds(examples, ...this.#vocabulary);
    return examples;
  }

  /** Takes one optimizer step on the next clips; `live` tells an answer while it is sampled. */
  async takeStep(live?: LiveAnswers): Promise<StepResult> {
    const { config } = this.parts;
    const before = { epoch: this.rows.epochs, tokens: this.#tokens };
    const examples = await this.#deal(config.promptsPerStep);
    if (this.#step + 1 < config.steps) this.rows.lookAhead();
    const take = config.stage === 'sft' ? sftStep : grpoStep;
    const updates = this.optimizer.stepCount;
    const more = (count: number) => this.#deal(count);
    const taken = await take(this.training, examples, this.#step, { live, more, ...before });
    const { metrics, groups, notFinite, ...rest } = taken;
    this.#step++;
    this.#tokens += metrics.num_tokens ?? 0;
    const broken = notFinite ?? brokenValues(metrics);
    const cause =
      broken && !this.#broken
        ? await causeOf(broken, { policy: this.policy, examples, updates, learningRate: config.learningRate })
        : undefined;
    this.#broken = broken !== undefined;
    const changed = this.#changed;
    this.#changed = {};
    return {
      ...rest,
      step: this.#step,
      metrics: { ...metrics, num_tokens: this.#tokens, epoch: this.rows.epochs } as MetricValues,
      groups: [...groups],
      ...(Object.keys(changed).length > 0 ? { changed } : {}),
      ...(cause ? { notFinite: cause } : {}),
    };
  }

  /** Keeps a step's numbers for the export; says what is not well in the run since then. */
  recordStep(result: Pick<StepResult, 'step' | 'metrics' | 'seconds'> & Partial<StepResult>): Alarm[] {
    const { step, metrics, seconds, changed, groups = [], notFinite, troubles } = result;
    this.metricsLog.append({ step, ...metrics, seconds, ...(changed ? { changed } : {}) });
    return this.health.take({ step, metrics, notFinite, troubles, answers: answerFigures(groups) });
  }

  /** Keeps a step's answers for the export, and what is known of their tokens to be asked for. */
  recordAnswers(step: number, groups: readonly RolloutGroup[], tokens: readonly AnswerTokens[] = []): void {
    this.rolloutsLog.add(step, groups);
    if (tokens.length > 0) this.tokenLog.append(step, tokens);
  }

  /** Rows as they are asked beside training, those of them that can be read, and what asks them. */
  async ready(rows: readonly Example[], report: PrepareReport) {
    return { context: this.#context, examples: await this.prepare(rows, report) };
  }

  /** Numbers of the first training rows whose clips can be read, by the weights as they are: made once a step. */
  specimens(count: number): Promise<readonly Specimen[]> {
    const rows = this.rows.usable.filter(hasClip).slice(0, count);
    return this.#specimens.at(this.#step, this.#context, () => this.prepare(rows, QUIET));
  }

  /** Keeps an evaluation to compare others with, and its answers for the export. */
  recordEvaluation(result: EvalResult): void {
    this.evaluations.push(withoutTexts(result));
    this.predictionsLog.append(...predictionLines(result));
  }

  forgetEvaluations(): void {
    this.evaluations.splice(0);
    this.predictionsLog = new LineLog();
  }

  /** How answers are scored: as labels, or row by row. */
  #scoringBy(metric: Config['evalMetric']): Scoring {
    const known = this.#scorings.get(metric) ?? scoringOf(this.parts.data.examples, metric);
    this.#scorings.set(metric, known);
    return known;
  }

  /** Measures the weights as they are, or as the run began; the next step is the same either way. */
  evaluate(question: Measured, progress: PrepareReport & { answers: Report }): Promise<EvalResult> {
    if (!question.start || this.#step === 0) return this.#evaluate(question, progress, this.#step);
    return withStartWeights(this.policy, () => this.#evaluate(question, progress, 0));
  }

  /** Answers on at most `evalLimit` clips of a split, always the same ones; `test` falls back to `val`. */
  async #evaluate(
    { split, mute, sampled, metric = this.config.evalMetric }: Measured,
    progress: PrepareReport & { answers: Report },
    step: number,
  ): Promise<EvalResult> {
    const { data, features, model } = this.parts;
    if (mute && !(features && model.clips?.empty)) {
      const senses = features ? 'only sees: without its one sense' : 'sees and hears nothing:';
      throw new InputError(`${model.files.name} ${senses} there is nothing to compare.`, {
        hint: 'Evaluate without muting.',
      });
    }
    const found = heldOut(data, split);
    const asked = found.examples.filter(this.prompts.asks);
    const chosen = shuffled(asked, deriveSeed(0, 'evaluation')).slice(0, this.config.evalLimit);
    const examples = await this.prepare(chosen, progress);
    if (examples.length === 0) {
      const thing = data.kind === 'clips' ? 'clip' : 'question';
      throw new InputError(`${data.name}: no ${thing} of the split "${found.split}" can be used.`, {
        hint: 'Look at the issues of the data set, or mark some rows with "split": "test".',
      });
    }
    const nothing = mute ? await features?.empty(progress) : undefined;
    // An evaluation samples more answers together than a step does, and needs the memory.
    features?.letGoOfTowers();
    if (this.parts.trains && this.#step < this.config.steps) this.rows.lookAhead();
    const result = await evaluate(
      this.#context,
      mute && nothing ? examples.map((example) => muteExample(example, mute, nothing)) : examples,
      {
        split: found.split,
        step,
        ...(mute ? { mute } : {}),
        ...(sampled ? { sampled } : {}),
        ...askedRows(this.#scoringBy(metric), chosen, this.prompts),
        ...this.#measured.of(this.parts, this.#context, step),
        progress: progress.answers,
      },
    );
    const { judge } = this.parts.openers ?? {};
    const read = judge ? await withReasoning(result, judge) : result;
    const judged = markBest(read, this.evaluations, this.config.bestMetric);
    this.recordEvaluation(judged);
    return judged;
  }

  [Symbol.dispose](): void {
    this.rest();
    this.#measured[Symbol.dispose]();
    this.#context[Symbol.dispose]();
    this.policy[Symbol.dispose]();
  }
}
