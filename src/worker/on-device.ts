import type { Gpu } from '../gpu/index.ts';
import type { FileToWrite } from '../io/file-to-write.ts';
import type { Config } from '../protocol/config.ts';
import type { CommandOf, EvalResult, KeptWeights } from '../protocol/messages.ts';
import { exportFiles } from './export/files.ts';
import { demandSame } from './export/same-weights.ts';
import type { SessionHost } from './host.ts';
import type { Inputs, Opened } from './inputs.ts';
import { measuring } from './measuring.ts';
import { isAsOpened, reportLoaded } from './model.ts';
import { type Emit, progressOf } from './progress.ts';
import { Run } from './run.ts';
import type { Recorder } from './runs/recorder.ts';

/** Whether a run is loaded to train or only to be measured, and whether to give its loading up. */
export type Purpose = Pick<Run['parts'], 'trains' | 'stopped'>;

const TO_MEASURE: Purpose = { trains: false, stopped: () => false };

/** What a question about the weights on the device may ask. */
export type Measurement = Omit<CommandOf<'evaluate'>, 'type' | 'requestId'> & { requestId?: number };

/**
 * The run that lies on the device, and all that is done with its weights beside training them: they are measured, exported,
 * let go of. Whoever calls has the device to itself.
 */
export class OnDevice {
  readonly #gpu: Gpu;
  readonly #emit: Emit;
  readonly #host: SessionHost;
  readonly #inputs: Inputs;
  #run?: Run;
  /** The settings of a `#run` that only measures the weights as loaded. */
  #measuring?: string;
  /** What the weights as loaded scored on the present data. */
  #before: readonly EvalResult[] = [];
  /** What keeps the run in storage while it trains. */
  recorder?: Recorder;

  constructor(gpu: Gpu, emit: Emit, host: SessionHost, inputs: Inputs) {
    this.#gpu = gpu;
    this.#emit = emit;
    this.#host = host;
    this.#inputs = inputs;
  }

  /** The run, whether it trains or only measures. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** The run, where it trains and does not only measure. */
  get trained(): Run | undefined {
    return this.#measuring === undefined ? this.#run : undefined;
  }

  /** The run as it is kept, and where it stands. */
  get kept(): KeptWeights | undefined {
    const [run, record] = [this.trained, this.recorder?.kept];
    return run && record && { id: record.id, name: record.name, step: run.step };
  }

  /** With another model or data set, what was measured before says nothing any more. */
  forgetBefore(): void {
    this.#before = [];
  }

  /** A run that was taken up brings along what its weights as loaded scored. */
  adoptBefore({ start, evaluations }: Run): void {
    if (!start) this.#before = evaluations.filter(({ step }) => step === 0);
  }

  clipReports(requestId?: number) {
    return {
      weights: progressOf(this.#emit, 'Loading the towers', 'bytes', requestId),
      clips: progressOf(this.#emit, 'Preparing clips', 'clips', requestId),
    };
  }

  /** Puts a run's weights on the device, in the place of what was there. */
  async load(opened: Opened, config: Config, purpose: Purpose): Promise<Run> {
    await this.drop();
    const run = await Run.load({
      ...opened,
      ...purpose,
      gpu: this.#gpu,
      config,
      before: isAsOpened(opened.model) ? this.#before : [],
      report: {
        weights: progressOf(this.#emit, 'Loading the model', 'bytes'),
        kernels: progressOf(this.#emit, 'Compiling kernels', 'kernels'),
        clips: progressOf(this.#emit, 'Preparing clips', 'clips'),
      },
    });
    this.#run = run;
    reportLoaded(this.#emit, opened.model, run.policy);
    return run;
  }

  /** The latest run; before one, the weights as loaded, prepared for these settings. */
  async #toMeasure(opened: Opened, settings: Config): Promise<Run> {
    const config = measuring(settings);
    const key = JSON.stringify(config);
    if (this.#run && (this.#measuring === undefined || this.#measuring === key)) return this.#run;
    const run = await this.load(opened, config, TO_MEASURE);
    this.#measuring = key;
    return run;
  }

  /** Measures the weights as they are: those of the latest run, or as loaded. */
  async measure(opened: Opened, settings: Config, question: Measurement): Promise<void> {
    await this.evaluate(await this.#toMeasure(opened, settings), question);
  }

  /** Measures a run, writes down what it scored, and tells the page. */
  async evaluate(run: Run, question: Measurement): Promise<EvalResult> {
    const { requestId } = question;
    const result = await run.evaluate(question, {
      ...this.clipReports(requestId),
      answers: progressOf(this.#emit, 'Asking about held-out clips', 'clips', requestId),
    });
    if (result.step === 0 && isAsOpened(run.parts.model)) this.#before = [...this.#before, result];
    await this.recorder?.evaluation(result);
    this.#inputs.reportIssues(requestId);
    this.#emit({ type: 'eval', ...(requestId === undefined ? {} : { requestId }), result });
    return result;
  }

  /** Says which files an export would have, and how large; nothing before there is a run. */
  async planExport({ requestId, parts }: CommandOf<'planExport'>): Promise<void> {
    const files = this.#run ? await exportFiles(this.#run, parts) : [];
    const planned = files.map(({ path, bytes }) => ({ path, bytes }));
    this.#emit({ type: 'exportPlan', requestId, files: planned });
  }

  /** Exports the latest run; before one, the weights as loaded. */
  async export(command: CommandOf<'export'>, opened: Opened, settings: Config): Promise<void> {
    const { requestId, parts, place, run: wanted } = command;
    if (wanted) demandSame(wanted, this.kept);
    const run = await this.#toMeasure(opened, settings);
    const report = progressOf(this.#emit, 'Writing files', 'bytes', requestId);
    const archive = `${opened.model.files.name}-step-${run.step}.zip`;
    const { kept } = this;
    const target = { place, archive, ...(kept ? { request: { parts, place, run: kept } } : {}) };
    const files = await this.#host.writeExport(await exportFiles(run, parts), target, report);
    const folder = place.kind === 'folder' ? place.folder.name : '';
    this.#emit({ type: 'exported', requestId, files, place: folder });
  }

  /** Puts files into one archive in the browser's storage. */
  async archive(files: readonly FileToWrite[], archive: string, requestId: number): Promise<void> {
    const report = progressOf(this.#emit, 'Writing files', 'bytes', requestId);
    const written = await this.#host.writeExport(files, { place: { kind: 'archive' }, archive }, report);
    this.#emit({ type: 'exported', requestId, files: written, place: '' });
  }

  async drop(): Promise<void> {
    await this.recorder?.release();
    this.recorder = undefined;
    this.#run?.[Symbol.dispose]();
    this.#run = undefined;
    this.#measuring = undefined;
  }
}
