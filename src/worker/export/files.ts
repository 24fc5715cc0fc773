import { type CardReward, modelCard, type RunFacts } from '../../io/formats/model-card.ts';
import { withManifest } from '../../io/sealed/manifest.ts';
import { blobFile, type FileToWrite, inFolder, jsonFile, textFile } from '../../io/writing/file-to-write.ts';
import { type Config, type ConfigKey, defaultConfig, diffConfig } from '../../protocol/config.ts';
import { scoreName, scoreOf } from '../../protocol/evaluation.ts';
import type { EvalResult, ExportParts, MergedDtype } from '../../protocol/messages.ts';
import { optimizerSteps } from '../../protocol/trl-settings.ts';
import type { Run } from '../run.ts';
import { adapterFiles } from './adapter.ts';
import { changedTensors } from './changed.ts';
import { handoffBundle } from './handoff.ts';
import { reportFile } from './report/report.ts';
import { type LoggedRun, trackerLogs } from './tracker-logs.ts';
import { checkpointProblem, trlCheckpoint } from './trl-checkpoint.ts';
import { STUDIO_VERSION } from './version.ts';
import { mergedCheckpoint } from './weights.ts';

/**
 * Everything that was asked for: the folders `model`, `adapter`, `checkpoint-N` and `handoff`, the run's settings and logs,
 * and the manifest, which must be written last. Nothing is made yet. `logged`: the name and the time that logs for other tools bear.
 */
export async function exportFiles(run: Run, parts: ExportParts, logged?: LoggedRun): Promise<FileToWrite[]> {
  const { policy, config, step, start } = run;
  const files: FileToWrite[] = [];
  if (parts.handoff) files.push(...(await handoffBundle(run, { clips: parts.clips })));
  if (parts.merged) {
    const weights = await mergedCheckpoint(run.parts.model, changedTensors(policy), parts.merged);
    files.push(...inFolder('model', weights), cardFile(run, 'model', parts.merged));
  }
  // On the published weights, an adapter that was trained on others would be worthless.
  const adapter = parts.adapter && !start?.changed.length ? adapterFiles(policy) : [];
  if (adapter.length > 0) files.push(...inFolder('adapter', adapter), cardFile(run, 'adapter'));
  if (parts.checkpoint && checkpointProblem(run) === undefined) files.push(...(await trlCheckpoint(run)));
  if (parts.metrics) files.push(blobFile('metrics.jsonl', run.metricsLog.blob()));
  if (parts.rollouts) files.push(blobFile('rollouts.jsonl', run.rolloutsLog.blob()));
  const predictions = parts.predictions ? run.predictionsLog.blob() : undefined;
  if (predictions?.size) files.push(blobFile('predictions.jsonl', predictions));
  if (parts.logs && step > 0) files.push(...trackerLogs(run, logged ?? unkept(run)));
  if (parts.report)
    files.push(reportFile(run, logged ?? unkept(run), modelCard(runFacts(run, parts.merged ?? undefined))));
  files.push(jsonFile('run.json', runRecord(run)));
  const facts = { studio: STUDIO_VERSION, base_model: policy.files.name, step: optimizerSteps(config, step) };
  return withManifest(files, facts);
}

/** A run that nothing keeps has no name and no time of its own. */
const unkept = ({ policy }: Run): LoggedRun => ({ name: policy.files.name, createdAt: Date.now() });

/** What it takes to do the run again. */
function runRecord(run: Run) {
  const { config, step, parts, prompts } = run;
  const { model, data, gpu } = parts;
  return {
    studio: STUDIO_VERSION,
    base_model: model.files.name,
    data_set: { name: data.name, format: data.format, examples: data.examples.length },
    steps_done: step,
    config,
    prompt: prompts.shown.rendered,
    chat_template: model.text.template.source,
    scores: scoresOf(run),
    device: gpu.info,
  };
}

/** The score of every evaluation, by what was asked and when; a later one of the same kind replaces the earlier. */
function scoresOf({ evaluations, parts }: Run): Record<string, number> {
  return Object.fromEntries(
    evaluations.map((result) => {
      const { split, n, mute, step } = result;
      const name = `${scoreName(result)}${drawn(result)}`;
      return [
        `${name} on ${n} ${parts.data.kind} of ${split}${mute ? ` without ${mute}` : ''}, step ${step}`,
        scoreOf(result, 'auto'),
      ];
    }),
  );
}

/** Of several answers labels take the vote, and scores the mean. */
function drawn({ sampled, scores }: EvalResult): string {
  if (!sampled) return '';
  return scores ? ` (mean of ${sampled.samples} answers)` : ` (maj@${sampled.samples})`;
}

function cardFile(run: Run, folder: string, merged?: MergedDtype): FileToWrite {
  return textFile(`${folder}/README.md`, modelCard(runFacts(run, merged)));
}

/** Settings that a model card tells as its rewards. */
const OF_REWARDS: readonly ConfigKey[] = ['rewards', 'rewardWeights', 'rewardSources', 'rewardModels'];

function cardRewards({ stage, rewards, rewardWeights, rewardSources, rewardModels }: Config): CardReward[] {
  if (stage === 'sft') return [];
  return rewards.map((name, at) => {
    const known = { name, weight: rewardWeights[at] ?? 1 };
    const program = rewardSources.find((each) => each.name === name);
    const model = rewardModels.find((each) => each.name === name);
    if (program) {
      const { language, source, hash } = program;
      return { ...known, source, kind: `a program, ${name}.${language}, SHA-256 ${hash}` };
    }
    const kind = model ? `a model, ${model.model}, SHA-256 of its files ${model.identity}` : 'built in';
    return { ...known, kind };
  });
}

function runFacts(run: Run, merged: MergedDtype | undefined): RunFacts {
  const { config, step, parts, prompts } = run;
  const { model, data } = parts;
  const changed = diffConfig(defaultConfig(), config)
    .filter(({ key }) => !OF_REWARDS.includes(key))
    .map(({ key, to }) => [key, to] as const);
  const precision = merged ? { 'weights stored as': merged } : {};
  return {
    name: `${model.files.name}-${config.stage}`,
    baseModel: model.files.name,
    method: config.stage.toUpperCase(),
    steps: step,
    seed: config.seed,
    rewards: cardRewards(config),
    settings: { ...Object.fromEntries(changed), ...precision },
    dataset: {
      name: data.name,
      examples: data.examples.length,
      kind: data.kind,
      labels: [...new Set(data.examples.map(({ label }) => label))].sort(),
    },
    scores: scoresOf(run),
    prompt: prompts.shown.rendered,
    chatTemplate: model.text.template.source,
    studioVersion: STUDIO_VERSION,
    isAdapter: merged === undefined,
  };
}
