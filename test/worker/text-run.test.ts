/** Language models in the studio: from a folder of questions to trained weights, without a clip on the way. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { judge } from '../../src/math/what-if.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { evalMetrics } from '../../src/protocol/evaluation.ts';
import { predictionLines } from '../../src/protocol/predictions.ts';
import { prepareExample } from '../../src/rl/prepare.ts';
import { wordsOf } from '../../src/text/words.ts';
import { exportFiles } from '../../src/worker/export/files.ts';
import { forecastRun } from '../../src/worker/forecast.ts';
import { type OpenModel, summariseModel } from '../../src/worker/inputs/model.ts';
import { measuresAlike } from '../../src/worker/measuring.ts';
import { planMemory } from '../../src/worker/memory-plan.ts';
import type { Run } from '../../src/worker/run.ts';
import { runTexts } from '../../src/worker/run-options.ts';
import { groupsOfLines, readAnswer } from '../../src/worker/runs/answers.ts';
import { scoreAgain } from '../../src/worker/score-again.ts';
import { testGpu } from '../ops/harness.ts';
import { contentsOf } from '../reference/bytes-of.ts';
import {
  given,
  loadTextRun,
  OWN_REWARDS,
  OWN_RUNNER,
  openText,
  readQuestions,
  TEXT_CONFIG,
  textRun,
} from './text-run.ts';

let gpu: Gpu;
let model: OpenModel;
beforeAll(async () => {
  gpu = await testGpu();
  model = await openText('qwen3-tiny');
});

const quiet = { weights: () => undefined, clips: () => undefined, answers: () => undefined };
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes!).toString();

describe('a dropped language model', () => {
  it('is opened with nothing for clips, and every tensor is used', () => {
    expect(model.clips).toBeUndefined();
    expect(summariseModel(model, { trainable: 0 })).toMatchObject({ family: 'Qwen3', unusedTensors: [] });
  });

  it('asks each row its own question in its own chat, the longest of which decides', async () => {
    const { examples } = await readQuestions();
    const config = parseConfig({ ...TEXT_CONFIG });
    const { prompts } = runTexts(model, config, examples);
    const rendered = examples.map((example) => prompts.of(example).rendered);
    expect(rendered[0]).toMatch(/user\nWhich is larger, 3 or 7\?<\|im_end\|>\n<\|im_start\|>assistant\n$/);
    expect(rendered[2]).toMatch(
      /^<\|im_start\|>system\nBe brief\.<\|im_end\|>\n<\|im_start\|>user\nWhich is/,
    );
    const lengths = examples.map((example) => prompts.of(example).tokensOf().ids.length);
    expect(new Set(lengths).size).toBeGreaterThan(1);
    expect([prompts.longest, prompts.positions]).toEqual([Math.max(...lengths), Math.max(...lengths)]);
  });

  it('is asked for tags where the settings ask for them, whatever question they hold', async () => {
    const { examples } = await readQuestions();
    const asked = (promptPreset: 'canonical' | 'r1-omni' | 'eval'): string =>
      runTexts(model, parseConfig({ promptPreset, question: 'ignored' }), examples).prompts.of(examples[0]!)
        .content;
    const request =
      'Output the thinking process in <think> </think> and final answer in <answer> </answer> tags.';
    expect(asked('canonical')).toBe(`Which is larger, 3 or 7?\n${request}`);
    expect(asked('r1-omni')).toBe(asked('canonical'));
    expect(asked('eval')).toBe('Which is larger, 3 or 7?');
    const own = 'Which is larger? Put it between <answer> and </answer>.';
    expect(wordsOf({ promptPreset: 'canonical', question: own }, true).text).toBe(own);
  });
});

/** A program that speaks of ids is given those of the text; others are given as many zeros. */
async function expectIdsWhereAsked(run: Run, config: Config): Promise<void> {
  const counts = given.ids.map((ids) => ids.length);
  expect(new Set(given.ids.flat())).toEqual(new Set([0]));
  const source = 'export default ({ completion_ids }) => 0;';
  const hash = createHash('sha256').update(source).digest('hex');
  const asking = config.rewardSources.map((each) => ({ ...each, source, hash }));
  const { signal: stop } = new AbortController();
  await scoreAgain(run, { ...config, rewardSources: asking }, { report: () => undefined, stop });
  expect(given.ids.map((ids) => ids.length)).toEqual(counts);
  expect(new Set(given.ids.flat()).size).toBeGreaterThan(1);
}

/** Answers scored again, without the run's weights, and weighed as it weighs them: what the run was taught. */
async function expectSameAdvantages(run: Run): Promise<void> {
  const { rewardWeights: weights, multiObjectiveAggregation: aggregation, scaleRewards: scale } = run.config;
  const reports: number[] = [];
  const report = (done: number, total: number) => void reports.push(done / total);
  const config = { ...run.config, rewardWeights: [] };
  const again = await scoreAgain(run, config, { report, stop: new AbortController().signal });
  expect([again.troubles, reports.at(-1), again.exampleIds.length]).toEqual([[], 1, 4]);
  expect([again.scored.names, again.scored.values]).toEqual([again.stored.names, again.stored.values]);
  const { groupSize, steps, scored, stored } = again;
  const found = judge({ groupSize, steps, values: scored.values }, { weights, aggregation, scale });
  expect(found.signal).toBeGreaterThan(0);
  found.advantages.forEach((advantage, at) => void expect(advantage).toBeCloseTo(stored.advantages[at]!, 6));
  await expectIdsWhereAsked(run, config);
  // A reward that gives nothing a number is named, in the place of a dash without a reason.
  const silent = [{ ...config.rewardSources[0]!, name: 'silent' }];
  const others = { ...config, rewards: ['silent', 'span_iou'], rewardSources: silent };
  const { troubles } = await scoreAgain(run, others, { report, stop: new AbortController().signal });
  expect(troubles).toEqual([
    'silent gave none of 12 answers a number: for each it returned NaN, or null (in Python None), which says that it does not apply.',
    'span_iou applies to none of 12 answers.',
  ]);
  const stopping = new AbortController();
  const half = await scoreAgain(run, config, { report: () => stopping.abort(), stop: stopping.signal });
  const count = again.of / 2;
  expect([half.of, half.exampleIds, half.steps]).toEqual([
    ...[again.of, again.exampleIds.slice(0, 2), steps.slice(0, count)],
  ]);
  expect(half.scored.values).toEqual(scored.values.map((each) => each.slice(0, count)));
}

describe.each(['qwen2_5-tiny', 'qwen3-tiny'] as const)('a run on %s', (name) => {
  it('takes steps of GRPO away from a reference that begins as itself, in the memory of its plan', async () => {
    const opened = await openText(name);
    const config = parseConfig({ ...TEXT_CONFIG });
    const plan = await planMemory(
      opened,
      config,
      runTexts(opened, config, (await readQuestions()).examples),
      gpu,
    );
    expect(plan.encoding).toBe(0);
    const before = gpu.ledger.total;
    using run = await textRun(gpu, opened, OWN_REWARDS, { runner: OWN_RUNNER });
    const first = await run.takeStep();
    expect(first.metrics.kl).toBeLessThan(1e-6);
    expect(first.metrics.grad_norm).toBeGreaterThan(0);
    expect(first.groups.map(({ exampleId }) => exampleId).every((id) => /^data\.jsonl:[1-4]$/.test(id))).toBe(
      true,
    );
    const second = await run.takeStep();
    expect(second.metrics.kl).toBeGreaterThan(0);
    for (const { step, groups } of [first, second]) run.recordAnswers(step, groups);
    await expectSameAdvantages(run);
    const planned = Object.values(plan.training).reduce((sum, bytes) => sum + bytes, 0);
    expect(Math.abs((gpu.ledger.total - before) / planned - 1)).toBeLessThan(0.1);
    const result = await run.evaluate({ split: 'val' }, quiet);
    // Eight questions with an answer each are no closed set of labels.
    expect([result.n, result.scores?.kinds.map(({ kind, n }) => [kind, n])]).toEqual([2, [['number', 2]]]);
    const sizes = result.clips.map(({ answers: [one] }) => one!.text!.length / 8);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(result.rewards?.map(({ name, n }) => [name, n])).toEqual(
      ['letters', 'first', 'format'].map((name) => [name, 2]),
    );
    expect(result.rewards![0]!.mean).toBeCloseTo(mean, 12);
    expect(evalMetrics(result)).toMatchObject({ 'eval/rewards/letters/mean': result.rewards![0]!.mean });
    await expect(run.evaluate({ split: 'val', mute: 'audio' }, quiet)).rejects.toThrow(
      'sees and hears nothing',
    );
  }, 120_000);
});

it('supervised training imitates each row’s own answer, with all weights', async () => {
  using run = await textRun(gpu, model, {
    ...{ stage: 'sft', loraRank: 0, trainDecoder: true, learningRate: 1e-2, promptsPerStep: 4 },
  });
  const { examples } = await readQuestions();
  const { answer } = prepareExample(model.text, run.prompts.of(examples[1]!), examples[1]!);
  expect(model.text.tokenizer.decode([...answer], { skipSpecialTokens: false })).toBe('1<|im_end|>\n');
  const losses: number[] = [];
  for (let step = 0; step < 8; step++) losses.push((await run.takeStep()).metrics.loss!);
  expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
}, 120_000);

it('answers are scored again only where there are some', async () => {
  using run = await textRun(gpu, model);
  const scoring = { report: () => undefined, stop: new AbortController().signal };
  await expect(scoreAgain(run, run.config, scoring)).rejects.toThrow('has sampled no answers');
});

it('a forecast tells what the first step finds, from the same answers', async () => {
  const values = { ...OWN_REWARDS, promptsPerStep: 4 };
  const openers = { runner: OWN_RUNNER };
  using weights = await loadTextRun(gpu, model, false, values, openers);
  const told = await forecastRun(weights, weights.config, quiet);
  using run = await textRun(gpu, model, values, openers);
  const { metrics } = await run.takeStep();
  expect([told.rows, told.groupSize, told.troubles]).toEqual([4, 3, []]);
  expect(told.withSignal).toBe(4 * (1 - metrics.frac_reward_zero_std!));
  expect(told.withSignal).toBeGreaterThan(0);
  expect(told.reward).toBeCloseTo(metrics.reward!, 12);
  const means = ['letters', 'first', 'format'].map((name) => [
    name,
    metrics[`rewards/${name}/mean`] as number,
  ]);
  expect(told.rewards.map(({ name, mean }) => [name, mean])).toEqual(means);
  expect(told.meanLength).toBe(metrics['completions/mean_length']);
  expect(told.cutShort).toBeCloseTo(metrics['completions/clipped_ratio']!, 12);
  expect(told.bySize.map(({ groupSize }) => groupSize)).toEqual([3, 4, 8, 16, 32]);
});

it('rows without signal give way to the next of the order, and stand in the log as left out', async () => {
  // A random model is right about nothing: no group has a signal.
  const values = { rewards: ['accuracy'], resampleRounds: 1 };
  using run = await textRun(gpu, model, values);
  const order = run.rows.dealFrom(run.rows.next, 4).map(({ id }) => id);
  const { step, groups, metrics } = await run.takeStep();
  expect(groups.map(({ exampleId, leftOut = false }) => [exampleId, leftOut])).toEqual([
    ...order.slice(2).map((id) => [id, false]),
    ...order.slice(0, 2).map((id) => [id, true]),
  ]);
  expect([metrics.groups_resampled, metrics.frac_reward_zero_std]).toEqual([2, 1]);
  run.recordAnswers(step, groups);
  const lines = (await run.rolloutsLog.blob().text()).trim().split('\n');
  const read = lines.map((line) => readAnswer(JSON.parse(line) as Record<string, unknown>));
  expect(groupsOfLines(read)).toEqual(groups);
  const scoring = { report: () => undefined, stop: new AbortController().signal };
  expect((await scoreAgain(run, run.config, scoring)).exampleIds).toEqual(order.slice(2));
  // It goes on behind all that it asked, wherever it is taken up.
  using again = await textRun(gpu, model, values);
  again.stand(run.standing);
  expect(again.rows.next).toEqual(run.rows.next);
  expect(run.standing.sampler).toEqual({ epoch: 0, index: 4 });
});

describe('what it exports', () => {
  it('has a line for each answer of every evaluation, with the question as it was asked', async () => {
    using run = await textRun(gpu, model);
    const parts = {
      merged: null,
      adapter: false,
      checkpoint: false,
      handoff: false,
      metrics: false,
    } as const;
    const wanted = { ...parts, rollouts: false, predictions: true };
    expect((await exportFiles(run, wanted)).map(({ path }) => path)).not.toContain('predictions.jsonl');
    const measured = await run.evaluate({ split: 'val' }, quiet);
    await run.evaluate({ split: 'test', sampled: { samples: 2, temperature: 1 } }, quiet);
    const files = await contentsOf(await exportFiles(run, wanted));
    const lines = textOf(files['predictions.jsonl'])
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ split, index }) => [split, index])).toEqual([
      ...[
        ['val', undefined],
        ['val', undefined],
      ],
      ...[
        ['test', 0],
        ['test', 1],
        ['test', 0],
        ['test', 1],
      ],
    ]);
    expect(lines.slice(0, 2)).toEqual(predictionLines(measured));
    const { examples } = await readQuestions();
    for (const { id, question, answer, scores } of lines) {
      const example = examples.find((each) => each.id === id)!;
      expect(question).toBe(run.prompts.of(example).asked);
      expect(answer).toBe(example.label);
      expect(Object.keys(scores)).toEqual(['number']);
    }
    expect(run.evaluations[0]!.clips[0]!.answers[0]).not.toHaveProperty('text');
    const contained = await run.evaluate({ split: 'val', metric: 'contains' }, quiet);
    expect(contained.scores?.kinds.map(({ kind }) => kind)).toEqual(['contains']);
    expect((await run.evaluate({ split: 'val', metric: 'labels' }, quiet)).scores).toBeUndefined();
    run.forgetEvaluations();
    expect([run.evaluations.length, run.predictionsLog.bytes]).toEqual([0, 0]);
  }, 60_000);

  it('names no clip, no trainer that wants one, and nothing that would train blind', async () => {
    using run = await textRun(gpu, model);
    const { metrics, seconds, groups } = await run.takeStep();
    run.recordStep({ step: 1, metrics, seconds });
    run.recordAnswers(1, groups);
    const parts = { merged: 'f32', adapter: true, checkpoint: true, handoff: true, metrics: true } as const;
    const files = await contentsOf(await exportFiles(run, { ...parts, rollouts: true }));
    const names = Object.keys(files);
    expect(names.filter((path) => /r1omni|text_only|media\//.test(path))).toEqual([]);
    for (const path of ['model/tokenizer.json', 'adapter/adapter_config.json', 'checkpoint-1/optimizer.pt'])
      expect(names).toContain(path);
    const readme = textOf(files['handoff/README.md']);
    expect(readme).not.toMatch(/clip|--text-only|TEXT_ONLY|text-part|video/i);
    expect(readme).toMatch(/trl grpo --config grpo\.yaml --model_name_or_path/);
    const yaml = textOf(files['handoff/grpo.yaml']);
    expect(yaml).toMatch(/model_name_or_path: "model"|model_name_or_path: "qwen3-tiny"/);
    expect(yaml).toMatch(/reward_funcs: \[rewards\.accuracy, rewards\.format\]/);
    expect(textOf(files['handoff/verl/run.sh'])).not.toMatch(/CLIPS names|visual|TEXT_ONLY/);
    const [row] = textOf(files['handoff/data/train.jsonl'])
      .split('\n')
      .map((line) => JSON.parse(line || '{}'));
    expect(Object.keys(row).sort()).toEqual(['prompt', 'solution']);
    const verl = textOf(files['handoff/verl/train.jsonl'])
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(verl.some(({ prompt }) => prompt[0].content === 'Be brief.' && prompt[1].role === 'user')).toBe(
      true,
    );
    expect(verl.every((each) => !('videos' in each))).toBe(true);
    expect(JSON.parse(textOf(files['handoff/settings.json']))).toMatchObject({
      blind: null,
      family: 'Qwen3',
    });
    expect(
      JSON.parse(textOf(files['handoff/completions/completions_00001.jsonl']).split('\n')[0]!),
    ).toMatchObject({
      prompt: expect.stringContaining('Which is larger'),
    });
    const card = textOf(files['model/README.md']);
    expect(card).toMatch(/pipeline_tag: text-generation\ntags: \[grpo\]/);
    expect(card).toMatch(/8 questions with their answers/);
  }, 120_000);
});

describe('weights that are only measured', () => {
  it('answer to the letter as a run does before its first step, with nothing on the device that trains', async () => {
    const sampled = { samples: 3, temperature: 0.8 };
    const measure = async (trains: boolean) => {
      using run = await loadTextRun(gpu, model, trains, OWN_REWARDS, { runner: OWN_RUNNER });
      const greedy = await run.evaluate({ split: 'val' }, quiet);
      const results = [greedy, await run.evaluate({ split: 'test', sampled }, quiet)];
      return { results, parts: { ...gpu.ledger.parts() }, total: gpu.ledger.total };
    };
    const [measured, training] = [await measure(false), await measure(true)];
    expect(measured.results).toEqual(training.results);
    expect(measured.results[0]!.rewards?.map(({ n }) => n)).toEqual([2, 2, 2]);
    for (const part of ['trainable', 'gradients', 'optimizer'] as const) {
      expect(training.parts[part], part).toBeGreaterThan(0);
      expect(measured.parts[part] ?? 0, part).toBe(0);
    }
    expect(measured.total).toBeLessThan(training.total);
  }, 120_000);

  it('are exported as they are, without an adapter that nothing has trained', async () => {
    using run = await loadTextRun(gpu, model, false, OWN_REWARDS);
    expect(() => run.optimizer).toThrow('loaded to be measured, not to be trained');
    // What cannot be opened is said in the place of its mean.
    const { rewards } = await run.evaluate({ split: 'val' }, quiet);
    expect(rewards?.map(({ mean, failure }) => [mean, failure])).toEqual(
      Array(3).fill([null, expect.stringContaining('nothing here runs one')]),
    );
    const parts = { merged: 'f32', adapter: true, checkpoint: true, handoff: true, metrics: true } as const;
    const names = (await exportFiles(run, { ...parts, rollouts: true })).map(({ path }) => path);
    expect(names).toEqual(expect.arrayContaining(['model/model.safetensors', 'handoff/grpo.yaml']));
    expect(names.filter((path) => /^(adapter|checkpoint)/.test(path))).toEqual([]);
  }, 60_000);

  it('are loaded again for what changes their answers, not for what only trains', () => {
    const config = parseConfig({});
    expect(measuresAlike(config, { ...config, loraRank: 3, beta: 0.5, trainDecoder: true })).toBe(true);
    expect(measuresAlike(config, { ...config, evalMetric: 'contains' })).toBe(true);
    expect(measuresAlike(config, { ...config, maxCompletionLength: 7 })).toBe(false);
    expect(measuresAlike(config, { ...config, question: 'Else?' })).toBe(false);
  });
});
