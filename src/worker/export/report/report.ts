/** `report.html`: gathers what a run told, when the file is written. */
import { jsonLines } from '../../../io/json/json-lines.ts';
import type { FileToWrite } from '../../../io/writing/file-to-write.ts';
import { CONFIG_KEYS, type Config, defaultConfig, diffConfig, fieldOf } from '../../../protocol/config.ts';
import type { Run } from '../../run.ts';
import { type AnswerLine, readAnswer } from '../../runs/answers.ts';
import type { LoggedRun } from '../tracker-logs.ts';
import { STUDIO_VERSION } from '../version.ts';
import { type ReportExample, type ReportFacts, reportPage } from './page.ts';
import { stillOf } from './stills.ts';

/** What of a run is told. */
export type ReportedRun = Pick<Run, 'metricsLog' | 'rolloutsLog' | 'evaluations' | 'config'> & {
  readonly parts: Pick<Run['parts'], 'model' | 'data' | 'gpu'>;
};

/** Rows whose answers are told, and answers of each at a step. */
const MOST_EXAMPLES = 8;
const MOST_ANSWERS = 4;
/** About what a report of the demo has; it is made when it is written. */
const USUAL_BYTES = 400_000;

export function reportFile(run: ReportedRun, logged: LoggedRun, card: string): FileToWrite {
  return {
    path: 'report.html',
    bytes: USUAL_BYTES,
    async *pieces() {
      yield new TextEncoder().encode(reportPage(await factsOf(run, logged, card)));
    },
  };
}

async function factsOf(run: ReportedRun, { name, createdAt }: LoggedRun, card: string): Promise<ReportFacts> {
  const { config, parts, evaluations } = run;
  const { model, data, gpu } = parts;
  return {
    ...{ name, card, evaluations, studio: STUDIO_VERSION, model: model.files.name },
    data: { name: data.name, kind: data.kind, examples: data.examples.length },
    ...{ stage: config.stage.toUpperCase(), seed: config.seed },
    device: [gpu.info.description || gpu.info.vendor, gpu.info.architecture].filter(Boolean).join(' '),
    begun: new Date(createdAt).toISOString().slice(0, 10),
    steps: await stepsOf(run.metricsLog.blob()),
    examples: await examplesOf(run),
    settings: settingsOf(config),
  };
}

async function stepsOf(log: Blob): Promise<ReportFacts['steps']> {
  const steps: { step: number; metrics: Record<string, number> }[] = [];
  for await (const { value } of jsonLines(log)) {
    const {
      step,
      seconds: _,
      ...metrics
    } = value as { step: number; seconds: object } & Record<string, number>;
    steps.push({ step, metrics });
  }
  return steps;
}

/** Rows of the last step, with the answers they had when they first came: what has changed in between. */
async function examplesOf({ rolloutsLog, parts }: ReportedRun): Promise<ReportExample[]> {
  const log = rolloutsLog.blob();
  const last = await lastStep(log);
  const ids = [...new Set(last.map(({ exampleId }) => exampleId))].slice(0, MOST_EXAMPLES);
  const first = await firstAnswers(log, new Set(ids));
  const rows = new Map(parts.data.examples.map((row) => [row.id, row]));
  const examples: ReportExample[] = [];
  for (const id of ids) {
    const now = last.filter(({ exampleId }) => exampleId === id);
    const before = first.get(id) ?? [];
    const told = before[0]?.step === now[0]!.step ? [now] : [before, now];
    const { label, question } = now[0]!;
    examples.push({
      ...{ id, label, question },
      still: await stillOf(rows.get(id), parts.model.clips),
      told: told.map((answers) => ({ step: answers[0]!.step, answers: answers.slice(0, MOST_ANSWERS) })),
    });
  }
  return examples;
}

async function lastStep(log: Blob): Promise<AnswerLine[]> {
  let lines: AnswerLine[] = [];
  for await (const line of answersOf(log)) {
    if (lines[0] && lines[0].step !== line.step) lines = [];
    lines.push(line);
  }
  return lines;
}

async function firstAnswers(log: Blob, ids: ReadonlySet<string>): Promise<Map<string, AnswerLine[]>> {
  const first = new Map<string, AnswerLine[]>();
  for await (const line of answersOf(log)) {
    const { exampleId, step } = line;
    if (!ids.has(exampleId)) continue;
    const known = first.get(exampleId);
    if (!known) first.set(exampleId, [line]);
    else if (known[0]!.step === step) known.push(line);
  }
  return first;
}

async function* answersOf(log: Blob): AsyncGenerator<AnswerLine> {
  for await (const { value } of jsonLines(log)) yield readAnswer(value as Record<string, unknown>);
}

function settingsOf(config: Config): ReportFacts['settings'] {
  const changed = new Set(diffConfig(defaultConfig(), config).map(({ key }) => key));
  return CONFIG_KEYS.map((key) => ({
    label: fieldOf(key).label,
    value: wordOf(config[key]),
    isChanged: changed.has(key),
  }));
}

const wordOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');
