/** The hand-off bundle: one folder from which the run goes on elsewhere. */

import { DECODERS, targetRegex } from '../../io/formats/peft.ts';
import { withManifest } from '../../io/sealed/manifest.ts';
import { type FileToWrite, inFolder, jsonFile, textFile } from '../../io/writing/file-to-write.ts';
import { rewardsPython } from '../../rewards/python.ts';
import type { Run } from '../run.ts';
import { changedTensors } from './changed.ts';
import { completionFiles } from './completions.ts';
import { grpoYaml } from './grpo-yaml.ts';
import { clipFiles, type HandoffData, handoffData, r1OmniData, trlData } from './handoff-data.ts';
import { handoffReadme, type ReadmeFacts } from './handoff-readme.ts';
import baseModelPy from './python/base_model.py?raw';
import r1OmniLaunchPy from './python/r1omni_launch.py?raw';
import resumePy from './python/resume.py?raw';
import textOnlyPy from './python/text_only.py?raw';
import verlRewardPy from './python/verl_reward.py?raw';
import verlToParquetPy from './python/verl_to_parquet.py?raw';
import { checkpointProblem, trlCheckpoint } from './trl-checkpoint.ts';
import { optimizerSteps, trlSettings } from './trl-settings.ts';
import { verlData, verlScript } from './verl.ts';
import { STUDIO_VERSION } from './version.ts';
import { mergedCheckpoint } from './weights.ts';

/** `handoff/…`, its manifest last; with the clips themselves where `clips` says so. */
export async function handoffBundle(
  run: Run,
  { clips = false }: { clips?: boolean | undefined } = {},
): Promise<FileToWrite[]> {
  const { config, step, parts, policy, prompt } = run;
  const data = dataOf(run);
  const files = [
    ...(await trainerFiles(run, data, clips)),
    ...(clips ? clipFiles(data) : []),
    ...(await completionFiles(run.rolloutsLog.blob(), config, prompt.rendered)),
    ...inFolder('r1omni', await mergedCheckpoint(parts.model, changedTensors(policy), 'bf16')),
  ];
  const facts = {
    studio: STUDIO_VERSION,
    base_model: policy.files.name,
    base_revision: null,
    step: optimizerSteps(config, step),
    notes: ['r1omni: trained from there, the KL is measured from the merged model.'],
  };
  return withManifest(inFolder('handoff', files), facts, 'handoff/manifest.json');
}

/** Launchers, settings, rewards, data and the checkpoint. */
async function trainerFiles(run: Run, data: HandoffData, clips: boolean): Promise<FileToWrite[]> {
  const { config, policy, step, prompt } = run;
  const { name: baseModel, family } = policy.files;
  const problem = checkpointProblem(run);
  const folder = `checkpoint-${optimizerSteps(config, step)}`;
  const adapter = problem === undefined ? { adapter: `../${folder}` } : {};
  const start = { baseModel, family, ...adapter, step, longestPrompt: prompt.longest, data };
  return [
    textFile('README.md', readmeOf(run, problem === undefined ? { folder } : { problem }, data, clips)),
    textFile('grpo.yaml', grpoYaml(config, adapterSettings(run))),
    jsonFile('settings.json', settingsOf(run, problem === undefined ? folder : null)),
    textFile('rewards.py', rewardsPython()),
    textFile('text_only.py', textOnlyPy),
    textFile('base_model.py', baseModelPy),
    ...(problem === undefined ? [textFile('resume.py', resumePy), ...(await trlCheckpoint(run))] : []),
    ...trlData(data),
    ...r1OmniData(data),
    textFile('r1omni/launch.py', r1OmniLaunchPy),
    ...verlData(data, family),
    textFile('verl/run.sh', verlScript(config, start)),
    textFile('verl/reward.py', verlRewardPy),
    textFile('verl/to_parquet.py', verlToParquetPy),
  ];
}

function readmeOf(
  run: Run,
  checkpoint: ReadmeFacts['checkpoint'],
  { next }: HandoffData,
  clips: boolean,
): string {
  const { config, step, policy, parts } = run;
  const { name: baseModel, family } = policy.files;
  const dealtSteps = Math.floor(next.length / config.promptsPerStep);
  return handoffReadme({
    ...{ baseModel, family, config, step, checkpoint, dealtSteps, clips, dataSet: parts.data.name },
  });
}

/** What the Python files of the bundle read. */
function settingsOf({ config, policy, parts, step }: Run, checkpoint: string | null): object {
  return {
    base_model: policy.files.name,
    family: policy.files.family,
    checkpoint,
    steps_left: optimizerSteps(config, config.steps > step ? config.steps - step : config.steps),
    question: config.question,
    chat_template: parts.model.text.template.source,
    rewards: config.rewards,
    reward_weights: config.rewardWeights,
    studio: config,
    grpo: trlSettings(config),
  };
}

/** For a base model as it is, and for its text part alone. */
function adapterSettings({ policy }: Run) {
  const { lora } = policy.options;
  return lora && { rank: lora.rank, alpha: lora.alpha, targets: targetRegex(lora.targets, ...DECODERS) };
}

/** Clips that could not be read take no part, as in the run. */
function dataOf({ config, parts, prompt, step }: Run): HandoffData {
  const { data, features } = parts;
  const usable = data.examples.filter((example) => features.has(example) || example.split !== 'train');
  const examples = usable.some(({ split }) => split === 'train') ? usable : data.examples;
  return handoffData(examples, { config, step, content: prompt.content, dataSet: data.name });
}
