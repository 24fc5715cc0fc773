/** What the worker does with each command of src/protocol/commands.ts. The answer to a question is what its handler returns. */
import { treeFromDirectory, treeFromFiles } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import type { AnswerOf, CommandOf, CommandType } from '../protocol/messages.ts';
import type { RewardRunner } from '../rewards/contract.ts';
import { clipFiles } from './clips/clip-files.ts';
import type { Bench } from './gpu/bench.ts';
import type { ModelsAtHand } from './inputs/models-at-hand.ts';
import { checkSources } from './rewards.ts';
import type { Session } from './session.ts';

export interface Servants {
  readonly session: Session;
  readonly atHand: ModelsAtHand;
  /** Runs the person's own rewards. */
  readonly rewards: RewardRunner;
  /** Only in a browser. */
  readonly bench?: Pick<Bench, 'run' | 'stop'>;
}

export type Handlers = {
  readonly [K in CommandType]: (
    servants: Servants,
    command: CommandOf<K>,
  ) => AnswerOf<K> | Promise<AnswerOf<K>>;
};

export const HANDLERS: Handlers = {
  openDemo: ({ session }, command) => session.openDemo(command),
  openData: ({ session }, command) => session.openData(command),
  openModel: ({ session }, command) => session.openModel(command),
  openModelFolder: ({ session }, { requestId, folder }) =>
    session.openModelTree(requestId, () => treeFromDirectory(folder)),
  openStoredModel: ({ session, atHand }, { requestId, key }) =>
    session.openModelTree(requestId, () => atHand.open(key)),
  openModelPart: ({ session }, command) => session.openModelPart(command),
  listModels: ({ atHand }, { requestId }) => atHand.list(requestId),
  downloadModel: ({ atHand }, command) => atHand.download(command),
  stopDownload: ({ atHand }) => atHand.stopDownload(),
  removeModel: ({ session, atHand }, command) => atHand.remove(command, session.inputs.model?.dropped),
  openRewardModel: ({ session }, { files }) => session.openRewardModel(treeFromFiles(files)),
  openRewardModelFolder: async ({ session }, { folder }) =>
    session.openRewardModel(await treeFromDirectory(folder)),
  openStoredRewardModel: async ({ session, atHand }, { key }) =>
    session.openRewardModel(await atHand.open(key)),
  closeRewardModel: ({ session }, { identity }) => session.closeRewardModel(identity),
  preview: ({ session }, command) => session.preview(command),
  clipFiles: ({ session }, { exampleId }) => clipFiles(exampleId, session.inputs.data),
  plan: ({ session }, command) => session.plan(command),
  prompts: ({ session }, command) => session.prompts(command),
  checkRewards: ({ rewards }, { config }) => checkSources(config, rewards),
  forecast: ({ session }, command) => session.forecast(command),
  start: ({ session }, command) => session.start(command),
  pause: ({ session }) => session.pause(),
  resume: ({ session }) => session.resume(),
  step: ({ session }, command) => session.step(command),
  stop: ({ session }) => session.stop(),
  mendReward: ({ session }, command) => session.mendReward(command),
  changeSettings: ({ session }, command) => session.changeSettings(command),
  evaluate: ({ session }, command) => session.evaluate(command),
  resumeRun: ({ session }, command) => session.resumeRun(command),
  prolongRun: ({ session }, command) => session.prolongRun(command),
  forkRun: ({ session }, command) => session.forkRun(command),
  aboutRun: ({ session }, command) => session.runs.about(command),
  deleteRun: ({ session }, command) => session.runs.delete(command),
  importRun: ({ session }, command) => session.runs.import(command),
  saveRunFiles: ({ session }, command) => session.runs.saveFiles(command),
  scoreAgain: ({ session }, command) => session.scoreAgain(command),
  stopScoring: ({ session }) => session.stopScoring(),
  tokenValues: ({ session }, command) => session.answers.tokens(command),
  runMetrics: ({ session }, command) => session.runMetrics(command),
  alternatives: ({ session }, command) => session.alternatives(command),
  stepAnswers: ({ session }, command) => session.answers.ofStep(command),
  findAnswers: ({ session }, command) => session.answers.find(command),
  clipAnswers: ({ session }, command) => session.answers.ofClip(command),
  stopFinding: ({ session }) => session.answers.stop(),
  planExport: ({ session }, command) => session.planExport(command),
  export: ({ session }, command) => session.export(command),
  bench({ session, bench }, command) {
    if (!bench) throw new InputError('There is no bench here.', { hint: 'Use npm run bench.' });
    return bench.run(session, command);
  },
  stopBench: ({ bench }) => bench?.stop(),
};
