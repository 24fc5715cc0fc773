import { modelCard, type RunFacts } from '../../io/model-card.ts';
import { defaultConfig, diffConfig } from '../../protocol/config.ts';
import type { ExportedFile, ExportParts } from '../../protocol/messages.ts';
import type { Report } from '../progress.ts';
import type { Run } from '../run.ts';
import { adapterFiles } from './adapter.ts';
import { changedTensors } from './changed.ts';
import { STUDIO_VERSION } from './version.ts';
import { mergedCheckpoint } from './weights.ts';

/** Everything that was asked for, under the folders `model` and `adapter`, and the run's settings. */
export async function exportFiles(run: Run, parts: ExportParts, report: Report): Promise<ExportedFile[]> {
  const { policy } = run;
  const files: ExportedFile[] = [];
  if (parts.merged) {
    const weights = await mergedCheckpoint(run.parts.model, changedTensors(policy), report);
    files.push(...inFolder('model', weights), cardFile(run, 'model', false));
  }
  const adapter = parts.adapter ? await adapterFiles(policy) : [];
  if (adapter.length > 0) files.push(...inFolder('adapter', adapter), cardFile(run, 'adapter', true));
  if (parts.metrics) files.push({ name: 'metrics.jsonl', blob: run.metricsLog.blob() });
  if (parts.rollouts) files.push({ name: 'rollouts.jsonl', blob: run.rolloutsLog.blob() });
  files.push({ name: 'run.json', blob: new Blob([`${JSON.stringify(runRecord(run), null, 2)}\n`]) });
  return files;
}

function inFolder(folder: string, files: readonly ExportedFile[]): ExportedFile[] {
  return files.map(({ name, blob }) => ({ name: `${folder}/${name}`, blob }));
}

/** What it takes to do the run again. */
function runRecord(run: Run) {
  const { config, step, parts, prompt } = run;
  const { model, data, gpu } = parts;
  return {
    studio: STUDIO_VERSION,
    base_model: model.files.name,
    data_set: { name: data.name, format: data.format, examples: data.examples.length },
    steps_done: step,
    config,
    prompt: prompt.rendered,
    chat_template: model.text.template.source,
    scores: scoresOf(run),
    device: gpu.info,
  };
}

/** Share of right answers, by what was asked and when; a later evaluation of the same kind replaces the earlier. */
function scoresOf({ evaluations }: Run): Record<string, number> {
  return Object.fromEntries(
    evaluations.map(({ split, n, mute, sampled, step, war }) => [
      `WAR${sampled ? ` (maj@${sampled.samples})` : ''} on ${n} clips of ${split}${mute ? ` without ${mute}` : ''}, step ${step}`,
      war,
    ]),
  );
}

function cardFile(run: Run, folder: string, isAdapter: boolean): ExportedFile {
  return { name: `${folder}/README.md`, blob: new Blob([modelCard(runFacts(run, isAdapter))]) };
}

function runFacts(run: Run, isAdapter: boolean): RunFacts {
  const { config, step, parts, prompt } = run;
  const { model, data } = parts;
  const changed = diffConfig(defaultConfig(), config).map(({ key, to }) => [key, to] as const);
  const precision = isAdapter ? {} : { 'trained tensors': 'F32; all others as published' };
  return {
    name: `${model.files.name}-${config.stage}`,
    baseModel: model.files.name,
    method: config.stage.toUpperCase(),
    steps: step,
    seed: config.seed,
    settings: { ...Object.fromEntries(changed), ...precision },
    dataset: {
      name: data.name,
      examples: data.examples.length,
      labels: [...new Set(data.examples.map(({ label }) => label))].sort(),
    },
    scores: scoresOf(run),
    prompt: prompt.rendered,
    chatTemplate: model.text.template.source,
    studioVersion: STUDIO_VERSION,
    isAdapter,
  };
}
