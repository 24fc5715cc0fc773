/** What a bundle's rewards.py makes of reward models by transformers, beside what the studio's own kernels made of them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openClassifier } from '../../src/classifiers/open.ts';
import { trainersPython } from '../../src/cli/setup/trainers.mjs';
import { textFile } from '../../src/io/writing/file-to-write.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { RewardBatch } from '../../src/rewards/contract.ts';
import { rewardsPython } from '../../src/rewards/python.ts';
import { ownRewardsPython } from '../../src/worker/export/own-rewards.ts';
import { missingModels, modelLines, rewardModelFiles } from '../../src/worker/export/reward-models.ts';
import { Lane } from '../../src/worker/lane.ts';
import { modelReward } from '../../src/worker/model-reward.ts';
import { caseOf } from '../classifiers/cases.ts';
import { testGpu } from '../ops/harness.ts';
import { rewardBatch } from '../setup/reward-batch.ts';
import { writeFiles } from './write-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'studio-reward-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

const byAnswer = { happy: 1, '<answer>Sadness</answer>': 0 };
const share = { text: 'sentences', take: 'share', activation: 'sigmoid', label: { byAnswer }, neutral: 0 };
/** Every text, activation and way of taking, on an encoder of each tokenizer and on a decoder; some by names that Python has for itself. */
const MODELS: readonly [name: string, model: string, mapping: Record<string, unknown>][] = [
  ['chat', 'qwen2', {}],
  ['math', 'distilbert', { text: 'completion', activation: 'softmax', label: 1, maxTokens: 12 }],
  ['sum', 'bert', { text: 'chat', activation: 'sigmoid' }],
  ['thought', 'roberta', { text: 'thinking', activation: 'sigmoid' }],
  ['None', 'distilbert', { text: 'answer' }],
  ['shares', 'roberta', { ...share, threshold: 0.5, topK: 2 }],
  [
    'mafw',
    'distilbert',
    { ...share, answers: 'mafw', label: { byAnswer: { sadness: 1, happiness: 0 } }, threshold: 0.45 },
  ],
];
const TEXTS = [
  '<think>She smiles. "Is it so? Yes!" he said.\nA face! </think><answer>happy</answer>',
  '<think> No sound, and rain… It is grey.</think>\n<answer> Sad </answer>',
  '<answer>sad</answer>',
  '',
];
const CHAT = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: [{ type: 'video' }, { type: 'text', text: 'How does she feel?' }] },
];

function givenBatch(): RewardBatch {
  const prompts = TEXTS.map((_, at) => (at % 2 === 0 ? CHAT : 'How does he feel? '));
  return { ...rewardBatch(TEXTS), prompts, labels: ['happy', 'sad', 'happy', null] };
}

it('gives what the studio gave, to 1e-4', async () => {
  const gpu = await testGpu();
  const given = givenBatch();
  const config: Config = parseConfig({
    rewards: MODELS.map(([name]) => name),
    rewardModels: MODELS.map(([name, model, mapping]) => ({ name, model, identity: model, mapping })),
  });
  const ours: Record<string, readonly (number | null)[]> = {};
  const opened = new Map<string, Awaited<ReturnType<typeof openClassifier>>>();
  for (const model of config.rewardModels) {
    const known = opened.get(model.model) ?? (await openClassifier(await caseOf(model.model)));
    opened.set(model.model, known);
    const reward = await modelReward(model, { gpu, opened: known, stays: false, lane: new Lane() });
    ours[model.name] = (await reward.score(given, AbortSignal.timeout(60_000))).values;
  }
  const files = rewardModelFiles(config, ({ model }) => opened.get(model)!.files.tree);
  expect(files.map(({ path }) => path)).toContain('reward_models/chat/model.safetensors');
  await writeFiles(folder, [...files, textFile('rewards.py', rewardsPython() + ownRewardsPython(config))]);
  writeFileSync(join(folder, 'given.json'), JSON.stringify({ ...given, names: config.rewards }));
  const env = { ...process.env, PYTHONPATH: '', HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1' };
  const script = join(import.meta.dirname, 'score_models.py');
  const said = execFileSync(trainersPython(), [script], {
    ...{ cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  });
  const theirs = JSON.parse(said.trim().split('\n').at(-1)!) as typeof ours;
  for (const [name, values] of Object.entries(ours)) {
    expect(
      theirs[name]!.map((value) => value === null),
      name,
    ).toEqual(values.map((value) => value === null));
    for (const [at, value] of values.entries())
      expect(Math.abs((theirs[name]![at] ?? 0) - (value ?? 0)), `${name} ${at}`).toBeLessThan(1e-4);
  }
  // They say something: no reward is the same for all answers.
  for (const [name, values] of Object.entries(ours)) expect(new Set(values).size, name).toBeGreaterThan(1);
}, 300_000);

it('says what has to be put where, in the bundle and by rewards.py, where files are not at hand', async () => {
  const models = [{ name: 'liked', model: 'some/model', identity: 'x', mapping: {} }];
  const config = parseConfig({ rewards: ['liked'], rewardModels: models });
  expect(rewardModelFiles(config, () => undefined)).toEqual([]);
  const missing = missingModels(config, () => undefined);
  expect(missing).toEqual([
    'The files of the reward model liked are not in this bundle: put config.json, tokenizer and weights of some/model into reward_models/liked/.',
  ]);
  expect(modelLines(config, missing)).toEqual(expect.arrayContaining(missing));
  expect(modelLines(parseConfig({}), [])).toEqual([]);
  const alone = join(folder, 'alone');
  await writeFiles(alone, [textFile('rewards.py', rewardsPython() + ownRewardsPython(config))]);
  const run = () =>
    execFileSync(trainersPython(), ['rewards.py'], { cwd: alone, encoding: 'utf8', stdio: 'pipe' });
  expect(run).toThrow(
    /The reward liked is a model, and .*liked has no config.json: put the files of some\/model/,
  );
});
