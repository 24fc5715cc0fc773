/** The hand-off bundle: one folder from which the run goes on elsewhere. */

import { hasClip } from '../../data/types.ts';
import { familyOf } from '../../families/index.ts';
import { DECODERS, targetRegex } from '../../io/formats/peft.ts';
import { withManifest } from '../../io/sealed/manifest.ts';
import { type FileToWrite, inFolder, jsonFile, textFile } from '../../io/writing/file-to-write.ts';
import type { Config } from '../../protocol/config.ts';
import { optimizerSteps, trlSettings } from '../../protocol/trl-settings.ts';
import { rewardsPython } from '../../rewards/python.ts';
import { templateVariables } from '../../text/words.ts';
import type { Run } from '../run.ts';
import { changedTensors } from './changed.ts';
import { completionFiles } from './completions.ts';
import { grpoYaml } from './grpo-yaml.ts';
import {
  clipFiles,
  type HandoffData,
  handoffData,
  isForR1Omni,
  r1OmniData,
  trlData,
  trlRow,
} from './handoff-data.ts';
import { handoffReadme, type ReadmeFacts } from './handoff-readme.ts';
import { callsOwn, namesOwn, ownRewardFiles, ownRewardsPython } from './own-rewards.ts';
import baseModelPy from './python/base_model.py?raw';
import namedRewardsPy from './python/named_rewards.py?raw';
import r1OmniLaunchPy from './python/r1omni_launch.py?raw';
import resumePy from './python/resume.py?raw';
import selfTestPy from './python/self_test.py?raw';
import textOnlyPy from './python/text_only.py?raw';
import verlRewardPy from './python/verl_reward.py?raw';
import verlToParquetPy from './python/verl_to_parquet.py?raw';
import { type ModelFiles, missingModels, rewardModelFiles } from './reward-models.ts';
import { SPECIMENS, selfTestFiles } from './self-test.ts';
import { checkpointProblem, trlCheckpoint } from './trl-checkpoint.ts';
import { twinFiles } from './twin.ts';
import { verlData, verlScript } from './verl.ts';
import { STUDIO_VERSION } from './version.ts';
import { mergedCheckpoint } from './weights.ts';

/** `handoff/…`, its manifest last; with the clips themselves where `clips` says so. */
export async function handoffBundle(
  run: Run,
  { clips = false }: { clips?: boolean | undefined } = {},
): Promise<FileToWrite[]> {
  const { config, step, parts, policy } = run;
  const { handoff } = familyOf(policy.files.family);
  const data = dataOf(run);
  const files = [
    ...(await trainerFiles(run, data, clips)),
    ...(clips ? clipFiles(data) : []),
    ...(await completionFiles(run.rolloutsLog.blob(), config, askedOf(run))),
    ...(handoff.shownByR1Omni
      ? inFolder('r1omni', await mergedCheckpoint(parts.model, changedTensors(policy), 'bf16'))
      : []),
  ];
  const facts = {
    studio: STUDIO_VERSION,
    base_model: policy.files.name,
    base_revision: null,
    step: optimizerSteps(config, step),
    notes: handoff.shownByR1Omni ? r1OmniNotes(data) : [],
  };
  return withManifest(inFolder('handoff', files), facts, 'handoff/manifest.json');
}

function r1OmniNotes({ train, evaluation }: HandoffData): string[] {
  const left = new Set([...train, ...evaluation].filter((example) => !isForR1Omni(example))).size;
  return [
    'r1omni: trained from there, the KL is measured from the merged model.',
    ...(left > 0
      ? [`r1omni: ${left} rows that do not show one whole video are left out; that trainer reads no others.`]
      : []),
  ];
}

/** What was asked about an example of the run's log. */
function askedOf({ prompts, parts }: Run) {
  const byId = new Map(parts.data.examples.map((example) => [example.id, example]));
  return (id: string) => {
    const example = byId.get(id);
    const prompt = (example ? prompts.of(example) : prompts.shown).rendered;
    return { prompt, ...(example && !hasClip(example) ? {} : { video: example?.media[0]?.path ?? id }) };
  };
}

/** Launchers, settings, rewards, data and the checkpoint. */
async function trainerFiles(run: Run, data: HandoffData, clips: boolean): Promise<FileToWrite[]> {
  const { policy, step, prompts, config } = run;
  const { name: baseModel, family } = policy.files;
  const { blindInTrl, shownByR1Omni, twin } = familyOf(family).handoff;
  const problem = checkpointProblem(run);
  const folder = `checkpoint-${optimizerSteps(config, step)}`;
  const adapter = problem === undefined ? { adapter: `../${folder}` } : {};
  const missing = missingModels(config, modelFilesOf(run));
  const start = { baseModel, family, ...adapter, step, longestPrompt: prompts.longest, data };
  return [
    textFile('README.md', readmeOf(run, problem === undefined ? { folder } : { problem }, data, clips)),
    textFile(
      'grpo.yaml',
      grpoYaml(config, adapterSettings(run), blindInTrl ? undefined : baseModel, missing),
    ),
    jsonFile('settings.json', settingsOf(run, problem === undefined ? folder : null)),
    textFile('rewards.py', rewardsPython() + ownRewardsPython(config)),
    ...(await ownRewardFiles(config)),
    ...rewardModelFiles(config, modelFilesOf(run)),
    ...(blindInTrl ? [textFile('text_only.py', textOnlyPy)] : []),
    ...(!blindInTrl && namesOwn(config) ? [textFile('named_rewards.py', namedRewardsPy)] : []),
    textFile('base_model.py', baseModelPy),
    ...twinFiles(familyOf(family).handoff),
    ...(problem === undefined ? [textFile('resume.py', resumePy), ...(await trlCheckpoint(run))] : []),
    ...(problem === undefined && twin ? await selfTest(run, data) : []),
    ...trlData(data, config.rewards, callsOwn(config)),
    ...(shownByR1Omni ? [...r1OmniData(data), textFile('r1omni/launch.py', r1OmniLaunchPy)] : []),
    ...verlData(data, family, config),
    textFile('verl/run.sh', verlScript(config, start)),
    textFile('verl/reward.py', verlRewardPy),
    textFile('verl/to_parquet.py', verlToParquetPy),
  ];
}

/** What a twin is compared by before it trains. */
async function selfTest(run: Run, { promptOf }: HandoffData): Promise<FileToWrite[]> {
  const byId = new Map(run.rows.all.map((row) => [row.id, row]));
  const specimens = await run.specimens(SPECIMENS);
  return [
    textFile('self_test.py', selfTestPy),
    ...selfTestFiles(specimens, (id) => trlRow(byId.get(id)!, promptOf)),
  ];
}

const modelFilesOf =
  ({ parts: { openers } }: Run): ModelFiles =>
  (model) =>
    openers?.modelFiles?.(model);

function readmeOf(
  run: Run,
  checkpoint: ReadmeFacts['checkpoint'],
  data: HandoffData,
  clips: boolean,
): string {
  const { config, step, policy, parts } = run;
  const { name: baseModel, family } = policy.files;
  const dealtSteps = Math.floor(data.next.length / config.promptsPerStep);
  return handoffReadme({
    ...{ baseModel, family, config, step, checkpoint, dealtSteps, dataSet: parts.data.name },
    ...(parts.data.kind === 'clips' ? { clips } : {}),
    ...{ chats: chatsOf(data, config), missing: missingModels(config, modelFilesOf(run)) },
  });
}

/** What the rows' chats have beside a question. */
function chatsOf(
  { train, evaluation, promptOf }: HandoffData,
  { chatTemplateKwargs }: Config,
): ReadmeFacts['chats'] {
  const prompts = [...train, ...evaluation].map(promptOf);
  const ofRun = JSON.stringify(templateVariables(chatTemplateKwargs));
  return {
    prefill: prompts.find(({ prefill }) => prefill !== '')?.prefill ?? '',
    turns: prompts.some(({ system, turns }) => system !== undefined || turns !== undefined),
    variables: prompts.some(({ variables = {} }) => JSON.stringify(variables) !== ofRun),
  };
}

/** What the Python files of the bundle read. */
function settingsOf({ config, policy, parts, step }: Run, checkpoint: string | null): object {
  return {
    base_model: policy.files.name,
    family: policy.files.family,
    blind: familyOf(policy.files.family).handoff.blindInTrl ?? null,
    twin: familyOf(policy.files.family).handoff.twin ?? null,
    checkpoint,
    steps_left: optimizerSteps(config, config.steps > step ? config.steps - step : config.steps),
    chat_template: parts.model.text.template.source,
    rewards: config.rewards,
    reward_weights: config.rewardWeights,
    studio: config,
    grpo: trlSettings(config),
  };
}

/** For a base model as it is, and for its text part alone. */
function adapterSettings({ config: { loraRank, loraAlpha, loraTargets } }: Run) {
  if (loraRank === 0 || loraTargets.length === 0) return undefined;
  return { rank: loraRank, alpha: loraAlpha, targets: targetRegex(loraTargets, ...DECODERS) };
}

/** Clips that could not be read take no part, as in the run. */
function dataOf({ config, parts, prompts, step, rows }: Run): HandoffData {
  const { examples, name } = parts.data;
  const asked = examples.filter(prompts.asks);
  return handoffData(asked, { rows, config, step, promptOf: prompts.of, dataSet: name });
}
