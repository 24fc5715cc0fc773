/** A classifier as a reward of a run: read, scored, planned, and asked for where it is not open. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Classifier } from '../../src/classifiers/classifier.ts';
import { openClassifier } from '../../src/classifiers/open.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { mean } from '../../src/math/stats.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import type { ClosedEval } from '../../src/protocol/messages.ts';
import type { ChatMessage, RewardBatch, RewardModel } from '../../src/rewards/contract.ts';
import { readClip, scoreClips } from '../../src/rl/measure/score-clips.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { openModel } from '../../src/worker/inputs/model.ts';
import { RewardModels } from '../../src/worker/inputs/reward-models.ts';
import { Lane } from '../../src/worker/lane.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import { chatText, modelReward } from '../../src/worker/model-reward.ts';
import { runTexts } from '../../src/worker/run-options.ts';
import { thinkingJudge, withReasoning } from '../../src/worker/thinking-judge.ts';
import { caseOf, changed } from '../classifiers/cases.ts';
import { relativeError, testGpu } from '../ops/harness.ts';
import { toyClassifier, trainToy } from '../reference/toy-classifier.ts';

const never = new AbortController().signal;

const named = (mapping: Readonly<Record<string, unknown>>, identity = ''): RewardModel => ({
  name: 'toy',
  model: 'toy',
  identity,
  mapping,
});

function batchOf(completions: readonly string[], prompt: RewardBatch['prompts'][number] = ''): RewardBatch {
  return {
    prompts: completions.map(() => prompt),
    completions,
    completion_ids: completions.map(() => []),
    columns: {},
    labels: completions.map(() => null),
    trainer_state: {
      ...{ global_step: 0, max_steps: 1, epoch: 0, num_input_tokens_seen: 0 },
      ...{ is_local_process_zero: true, is_world_process_zero: true },
    },
  };
}

const TEXTS = [
  '<think>a happy face.</think><answer>sad</answer>',
  '<think>a face</think><answer>Happy</answer>',
  '<answer>sad</answer>',
];

/** Near 1 where the word that the toy likes was read, 0 where it was not. */
async function readOf(mapping: Readonly<Record<string, unknown>>, stays = true): Promise<unknown[]> {
  const gpu = await testGpu();
  const opened = await openClassifier(await toyClassifier('happy', ['sad']));
  const reward = await modelReward(named(mapping), { gpu, opened, stays, lane: new Lane() });
  const { values } = await reward.score(batchOf(TEXTS), never);
  const before = gpu.ledger.total;
  expect((await reward.score(batchOf(TEXTS), never)).values).toEqual(values);
  expect(gpu.ledger.total).toBe(before);
  reward.close?.();
  for (const value of values) expect(value === null || Math.abs(value - Math.round(value)) < 0.02).toBe(true);
  return values.map((value) => (value === null ? null : Math.round(value) || 0));
}

it('a toy is trained: its loss falls, and texts that it has not seen are told apart, here as in float64', async () => {
  const toy = trainToy(['happy'], ['sad']);
  expect(mean(toy.losses.slice(0, 10))).toBeGreaterThan(0.1);
  expect(mean(toy.losses.slice(-10))).toBeLessThan(0.001);
  const texts = toy.heldOut(200);
  const held = texts.filter(({ wanted }) => wanted[0] === 1).length;
  expect(held).toBeGreaterThan(60);
  expect(held).toBeLessThan(140);
  const expected = texts.map(({ ids }) => toy.logits(ids)[0]!);
  for (const [at, { wanted }] of texts.entries()) expect(expected[at]).toBeCloseTo(wanted[0]!, 1);
  using classifier = await Classifier.load(await testGpu(), await openClassifier(await toy.tree));
  const logits = await classifier.logits(texts.map(({ ids }) => ids));
  expect(
    relativeError(
      logits.flatMap((values) => [...values!]),
      expected,
    ),
  ).toBeLessThan(1e-5);
});

describe('a model as a reward', () => {
  it('reads the whole answer, its thinking, what is in its answer tags, or each sentence', async () => {
    expect(await readOf({})).toEqual([1, 1, 0]);
    expect(await readOf({ text: 'completion' })).toEqual([1, 1, 0]);
    expect(await readOf({ text: 'answer' })).toEqual([0, 1, 0]);
    expect(await readOf({ text: 'thinking' })).toEqual([1, 0, null]);
    expect(await readOf({ text: 'sentences', take: 'share', threshold: 0.5 })).toEqual([1, 1, 0]);
  });

  it('gives the same where it is loaded for each step, and then leaves nothing on the device', async () => {
    const gpu = await testGpu();
    const before = gpu.ledger.total;
    expect(await readOf({ text: 'answer' }, false)).toEqual([0, 1, 0]);
    expect(gpu.ledger.total).toBe(before);
  });

  it('is refused where its weights make no number: NaN would pass for a text of which it says nothing', async () => {
    const tree = await changed('bert', {});
    const bytes = readFileSync('test/golden/reward-models/bert/model/model.safetensors');
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    const [from, to] = JSON.parse(bytes.toString('utf8', 8, start))['classifier.weight'].data_offsets;
    for (let at = start + from; at < start + to; at += 4) bytes.writeFloatLE(3e38, at);
    const damaged = treeFromMemory('m', { 'model.safetensors': new Uint8Array(bytes) }).files;
    const files = [...tree.files.filter(({ path }) => path !== 'model.safetensors'), ...damaged];
    const opened = await openClassifier({ ...tree, files });
    const parts = { gpu: await testGpu(), opened, stays: false, lane: new Lane() };
    const reward = await modelReward(named({}), parts);
    await expect(async () => reward.score(batchOf(TEXTS), never)).rejects.toThrow(
      /gives (NaN|-?Infinity) for LABEL_0 of text 1 of 3; expected a finite number/,
    );
  });

  it('is refused with a mapping that cannot be used', async () => {
    const gpu = await testGpu();
    const opened = await openClassifier(await toyClassifier('happy'));
    const open = (mapping: Readonly<Record<string, unknown>>) =>
      modelReward(named(mapping), { gpu, opened, stays: false, lane: new Lane() });
    await expect(open({ label: 'joy' })).rejects.toThrow(
      /no label "joy"; expected a number below 1, or one of happy/,
    );
    await expect(open({ neutral: 3 })).rejects.toThrow(/no label 3/);
    await expect(open({ text: 'all' })).rejects.toThrow(/"text" is "all"; expected chat, completion/);
    await expect(open({ labels: 0 })).rejects.toThrow(/has "labels"; expected some of text, activation/);
  });

  it('is no model to train, and who opens it as one is told where it belongs', async () => {
    await expect(openModel(await toyClassifier('happy'))).rejects.toMatchObject({
      message: 'toy: found a classifier, which scores texts; expected a model that answers.',
      hint: expect.stringContaining('open it on Train, among the reward models'),
    });
  });

  it('is told again by its files, and asked for where it is not open', async () => {
    const models = new RewardModels();
    const config = (identity: string) =>
      parseConfig({ rewards: ['toy'], rewardModels: [named({}, identity)], stage: 'grpo' });
    expect(() => models.demandAll(config('?'))).toThrow(/reward toy is the model "toy", which is not open/);
    const { identity, labels, bytes } = await models.open(await toyClassifier('happy'));
    expect([labels, bytes]).toEqual([['happy'], expect.any(Number)]);
    expect((await models.open(await toyClassifier('happy'))).identity).toBe(identity);
    expect((await models.open(await toyClassifier('sad'))).identity).not.toBe(identity);
    expect(() => models.demandAll(config(identity))).not.toThrow();
    expect(models.ofRun(config(identity))).toHaveLength(1);
    expect(models.ofRun({ ...config(identity), rewards: ['format'] })).toHaveLength(0);
    models.close(identity);
    expect(() => models.demandAll(config(identity))).toThrow(/not open/);
  });

  it('is counted in the plan of a run: beside it, and where it is loaded only to score', async () => {
    const model = await openModel(await treeFromDisk('test/golden/qwen-text/qwen2_5-tiny/model'));
    const config = parseConfig({ groupSize: 2, promptsPerStep: 1, maxCompletionLength: 8 });
    const texts = runTexts(model, config, []);
    const scorers = [await openClassifier(await caseOf('qwen2')), await openClassifier(await caseOf('bert'))];
    const without = await planMemory(model, config, texts);
    const { peak, rewards, training } = await planMemory(model, config, texts, undefined, scorers);
    expect(without.rewards).toBe(0);
    expect(rewards).toBeGreaterThan(431_280);
    expect(training['reward models']).toBe(rewards);
    expect(peak.withRewards).toBe(without.peak.withRewards + rewards);
    expect(peak.training).toBeLessThan(peak.withRewards);
    const sft = parseConfig({ ...config, stage: 'sft' });
    expect((await planMemory(model, sft, texts, undefined, scorers)).rewards).toBe(0);
  });
});

describe('the thinking of evaluated answers', () => {
  it('is read by a reward model that tells the labels apart, and compared with what they answer', async () => {
    const gpu = await testGpu();
    const models = new RewardModels();
    const { identity } = await models.open(await toyClassifier(['joy', 'sad']));
    const byAnswer = { ...named({ text: 'sentences', label: { byAnswer: { happy: 'joy' } } }, identity) };
    const of = (model: RewardModel) => ({ rewards: ['toy'], rewardModels: [model] });
    const where = { gpu, lane: new Lane() };
    expect(thinkingJudge(of(named({}, identity)), models.find, where)).toBeUndefined();
    expect(thinkingJudge(of({ ...byAnswer, identity: '?' }), models.find, where)).toBeUndefined();
    const judge = thinkingJudge(of(byAnswer), models.find, where)!;
    expect(await judge.judge(['joy', 'sad sad', undefined, 'joy'], ['sad', 'happy', 'bored'])).toEqual([
      ...['happy', 'sad', null, 'happy'],
    ]);
    const clip = (label: string, text: string) => ({
      ...readClip({ id: text, label }, [text], ['sad', 'happy']),
    });
    const clips = [
      clip('happy', '<think>joy</think><answer>happy</answer>'),
      clip('happy', '<think>sad</think><answer>happy</answer>'),
      clip('sad', '<think>sad</think><answer>happy</answer>'),
      clip('sad', 'sad'),
    ];
    const result = { ...scoreClips(clips, ['sad', 'happy'], 1), split: 'test' as const, step: 0 };
    const { reasoning } = (await withReasoning(result, judge)) as ClosedEval;
    expect(reasoning).toEqual({
      ...{ judge: 'toy', n: 4, eea: 2 / 4, epc: 1 / 4, fcr: 1 / 4 },
      cells: { both: 1, answer: 1, thinking: 1, neither: 1 },
    });
  });
});

describe('prompt and answer as one text', () => {
  const chat: ChatMessage[] = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'video' }, { type: 'text', text: 'Which?' }] },
  ];

  it('are by the template of the model, whose special tokens are the only ones', () => {
    const template = new ChatTemplate(
      "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}!{% endif %}",
    );
    const text = '<system>Be brief.\n<user>Which?\n<assistant>sad\n';
    expect(chatText(chat, 'sad', template)).toEqual({ text, special: false });
  });

  it('follow one another without one', () => {
    expect(chatText(chat, 'sad', undefined)).toEqual({ text: 'Be brief.\nWhich?\nsad', special: true });
    expect(chatText('Which? ', 'sad', undefined)).toEqual({ text: 'Which? sad', special: true });
  });
});
