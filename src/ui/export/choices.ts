/** What the export screen offers, and how large each of it is. Pure. */
import type { Config } from '../../protocol/config.ts';
import type { ExportParts, MergedDtype, PlannedFile } from '../../protocol/messages.ts';

export type Part = keyof ExportParts;

export interface Choice {
  readonly part: Part;
  readonly label: string;
  readonly help: string;
  /** What it is of a language model, where that is something else. */
  readonly textHelp?: string;
  /** Where its files lie. */
  readonly paths: RegExp;
}

export const CHOICES: readonly Choice[] = [
  {
    part: 'merged',
    label: 'Merged weights',
    help: 'a model folder under the published names, with configuration and tokenizer',
    paths: /^model\//,
  },
  { part: 'adapter', label: 'LoRA adapter', help: 'PEFT names and adapter_config.json', paths: /^adapter\// },
  {
    part: 'checkpoint',
    label: 'TRL checkpoint',
    help: 'adapter, Adam and schedule, as resume_from_checkpoint reads them',
    paths: /^checkpoint-/,
  },
  {
    part: 'handoff',
    label: 'Hand-off bundle',
    help: 'to go on elsewhere with TRL, R1-Omni or verl: checkpoint, launchers, rewards, data, merged weights',
    textHelp: 'to go on elsewhere with TRL or verl: checkpoint, launchers, rewards, data',
    paths: /^handoff\/(?!media\/)/,
  },
  {
    part: 'clips',
    label: 'Clips in the bundle',
    help: 'the files themselves, so that it goes on without the data folder',
    paths: /^handoff\/media\//,
  },
  {
    part: 'metrics',
    label: 'metrics.jsonl',
    help: "one line per step, TRL's names",
    paths: /^metrics\.jsonl$/,
  },
  {
    part: 'rollouts',
    label: 'rollouts.jsonl',
    help: 'every answer of every step',
    paths: /^rollouts\.jsonl$/,
  },
  {
    part: 'predictions',
    label: 'predictions.jsonl',
    help: 'every answer of every evaluation, with its score',
    paths: /^predictions\.jsonl$/,
  },
  {
    part: 'logs',
    label: 'Logs for other tools',
    help: 'the metrics as a table (.csv), for TensorBoard, for Weights & Biases and for trackio',
    paths: /^logs\//,
  },
  {
    part: 'report',
    label: 'Report',
    help: 'one page to read and to print, without the studio: charts, answers with stills, scores, settings',
    paths: /^report\.html$/,
  },
];

/** A choice as it is for a language model. */
export const forText = (choice: Choice): Choice => ({ ...choice, help: choice.textHelp ?? choice.help });

/** What a person chose, before it is known what the run allows. */
export interface Draft {
  readonly parts: Readonly<Record<Part, boolean>>;
  readonly dtype: MergedDtype;
}

export function firstDraft(publishedDtype: string): Draft {
  return {
    parts: {
      merged: true,
      adapter: true,
      checkpoint: false,
      handoff: false,
      clips: false,
      metrics: true,
      rollouts: true,
      predictions: true,
      logs: true,
      report: true,
    },
    dtype: publishedDtype === 'F32' ? 'f32' : 'bf16',
  };
}

/** Everything there could be, to learn the sizes. */
export function everything(dtype: MergedDtype): ExportParts {
  return {
    merged: dtype,
    adapter: true,
    checkpoint: true,
    handoff: true,
    clips: true,
    metrics: true,
    rollouts: true,
    predictions: true,
    logs: true,
    report: true,
  };
}

/** Why a part is not to be had from this run, beside what else was chosen; undefined when it is. */
export function unavailable(
  part: Part,
  config: Config | undefined,
  step: number,
  chosen?: Draft['parts'],
): string | undefined {
  if (part === 'clips' && chosen?.handoff === false) return 'they lie in the hand-off bundle';
  if (part !== 'adapter' && part !== 'checkpoint') return undefined;
  if (!config) return 'no run yet';
  if (config.loraRank === 0) return 'the run has no LoRA';
  if (part === 'adapter') return undefined;
  if (config.stage !== 'grpo') return 'the run is not GRPO';
  const { trainProjectors, trainGate, trainBert, trainVision } = config;
  if (trainProjectors || trainGate || trainBert || trainVision) return 'the run trains more than the adapter';
  if (config.loraVision)
    return 'its adapter sits on the vision tower, too, and TRL trains the language model';
  return step === 0 ? 'no step has been taken' : undefined;
}

/** Why there is nothing to write of a part that the run's settings allow; undefined where there is, or none is planned yet. */
export function nothingOf(choice: Choice, plan: readonly PlannedFile[]): string | undefined {
  const isAdapter = choice.part === 'adapter' || choice.part === 'checkpoint';
  if (!isAdapter || plan.length === 0 || filesOf(choice, plan).length > 0) return undefined;
  return 'the run began from weights that are not the published ones: take the merged weights';
}

/** The draft as a command asks for it: without what the run does not have. */
export function partsOf({ parts, dtype }: Draft, config: Config | undefined, step: number): ExportParts {
  const wants = (part: Part): boolean => parts[part] && unavailable(part, config, step, parts) === undefined;
  return {
    merged: wants('merged') ? dtype : null,
    adapter: wants('adapter'),
    checkpoint: wants('checkpoint'),
    handoff: wants('handoff'),
    clips: wants('clips'),
    metrics: wants('metrics'),
    rollouts: wants('rollouts'),
    predictions: wants('predictions'),
    logs: wants('logs'),
    report: wants('report'),
  };
}

/** The planned files of one part. */
export function filesOf({ paths }: Choice, plan: readonly PlannedFile[]): PlannedFile[] {
  return plan.filter(({ path }) => paths.test(path));
}

/** The planned files of all chosen parts. */
export function chosenFiles(parts: ExportParts, plan: readonly PlannedFile[]): PlannedFile[] {
  return CHOICES.filter(({ part }) => parts[part]).flatMap((choice) => filesOf(choice, plan));
}

export function bytesOf(files: readonly PlannedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
