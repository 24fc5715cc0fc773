import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupBy } from '../../src/data/group-by.ts';
import { type MediaSlot, slotTokens } from '../../src/families/api.ts';
import { type Gpu, Plan } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { LiveAnswer } from '../../src/protocol/live-answer.ts';
import { LOSS_DEFAULTS } from '../../src/protocol/loss-config.ts';
import { lossMetrics } from '../../src/rl/objective/loss.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import type { Completion } from '../../src/rl/rollout/generator.ts';
import { LiveAnswers } from '../../src/rl/rollout/live-answer.ts';
import type { UpdateGroup } from '../../src/rl/update/micro-batches.ts';
import { Tokenizer } from '../../src/text/tokenizer.ts';
import { testGpu } from '../ops/harness.ts';
import {
  caseMedia,
  casePrompt,
  END_IDS,
  LORA,
  SAMPLING,
  stirAdapters,
  tinyGenerator,
  tinyPolicy,
  tinyUpdater,
  toyMedia,
  toyPrompt,
  VOCABULARY,
} from '../reference/omni-tiny.ts';

const PROMPTS = [toyPrompt(1, 7, 3, 2), toyPrompt(2, 12, 3, 2)];
const MEDIA = [toyMedia(1, 5), toyMedia(2, 5)];
const mediaOf = (prompt: number) => MEDIA[prompt]!;
const SHAPE = {
  rows: 6,
  groupSize: 3,
  places: 2,
  promptTokens: 19,
  mediaRows: 7,
  prefillTogether: 2,
  maxNewTokens: 12,
};

let gpu: Gpu;
let policy: Policy;
beforeAll(async () => {
  gpu = await testGpu();
  policy = await tinyPolicy(gpu, { lora: LORA });
  stirAdapters(policy);
});
afterAll(() => policy[Symbol.dispose]());

const idsOf = (groups: readonly (readonly Completion[])[]): number[][] =>
  groups.flat().map(({ ids }) => [...ids]);

function trainingGroups(completions: readonly (readonly Completion[])[]): UpdateGroup[] {
  return completions.map((group, index) => ({
    prompt: PROMPTS[index]!,
    completions: group.map(({ ids }) => ids),
    media: { features: {}, tokens: MEDIA[index]! },
    advantages: group.map((_, i) => i - 1),
    samplerLogProbs: group.map(({ logProbs }) => logProbs),
  }));
}

describe('a rollout', () => {
  it.each([1, 0.7])('has the log-probabilities of the loss pass (temperature %d)', async (temperature) => {
    using rollout = await tinyGenerator(policy, SHAPE);
    const settings = { ...SAMPLING, temperature };
    const completions = await rollout.generator.generate(PROMPTS, settings, mediaOf);
    const groups = trainingGroups(completions);
    using updater = await tinyUpdater(policy, groups, { temperature }, { learningRate: 0, weightDecay: 0 });
    const { micro } = await updater.update(groups, 0);
    const { logProbs, loss, entropies } = micro[0]!;
    const sampled = completions.flat().flatMap((one) => [...one.logProbs]);
    const gaps = sampled.map((value, i) => Math.abs(value - logProbs[i]!));
    expect(sampled.length).toBeGreaterThan(20);
    expect(Math.max(...gaps)).toBeLessThan(5e-4);
    expect(new Set(sampled.map((value) => value.toFixed(3))).size).toBeGreaterThan(10);
    const metrics = lossMetrics(LOSS_DEFAULTS, loss, true);
    expect(metrics['sampling/sampling_logp_difference/max']).toBeCloseTo(Math.max(...gaps), 5);
    const used = entropies.subarray(0, sampled.length);
    expect(Math.max(...used)).toBeLessThanOrEqual(Math.log(VOCABULARY));
    expect(metrics.entropy).toBeCloseTo(used.reduce((sum, value) => sum + value, 0) / used.length, 4);
  });

  it('is greedy as the published model is, at temperature 0', async () => {
    using base = await tinyPolicy(gpu, {});
    const { greedy_tokens: expected } = JSON.parse(
      readFileSync('test/golden/omni-tiny/case.json', 'utf8'),
    ) as {
      greedy_tokens: number[];
    };
    const prompt = casePrompt(base);
    const media = caseMedia();
    const mediaRows = slotTokens(prompt.video) + slotTokens(prompt.audio);
    const shape = {
      promptTokens: prompt.ids.length + 5,
      mediaRows,
      maxNewTokens: expected.length,
      groupSize: 2,
      rows: 2,
    };
    using rollout = await tinyGenerator(base, shape);
    const [group] = await rollout.generator.generate([prompt], { ...SAMPLING, temperature: 0 }, () => media);
    for (const { ids } of group!) expect([...ids]).toEqual(expected);
  });

  it('repeats itself under the same seed and step, and differs under another', async () => {
    using rollout = await tinyGenerator(policy, SHAPE);
    const draw = (changes: Partial<typeof SAMPLING>) =>
      rollout.generator.generate(PROMPTS, { ...SAMPLING, ...changes }, mediaOf);
    const first = await draw({});
    expect(await draw({})).toEqual(first);
    expect(idsOf(await draw({ seed: 6 }))).not.toEqual(idsOf(first));
    expect(idsOf(await draw({ step: 1 }))).not.toEqual(idsOf(first));
    const groups = idsOf(first);
    expect(new Set(groups.map((ids) => ids.join())).size).toBe(groups.length);
    using again = await tinyGenerator(policy, SHAPE);
    expect(await again.generator.generate(PROMPTS, SAMPLING, mediaOf)).toEqual(first);
  });

  it('of fewer prompts than there is room for gives those prompts the same completions', async () => {
    using rollout = await tinyGenerator(policy, SHAPE);
    const both = await rollout.generator.generate(PROMPTS, SAMPLING, mediaOf);
    const one = await rollout.generator.generate(PROMPTS.slice(0, 1), SAMPLING, mediaOf);
    expect(one).toHaveLength(1);
    expect(idsOf(one)).toEqual(idsOf(both.slice(0, 1)));
    expect(await rollout.generator.generate(PROMPTS, SAMPLING, mediaOf)).toEqual(both);
  });

  it('may limit each completion by itself, to the first tokens of what it draws without', async () => {
    using rollout = await tinyGenerator(policy, { ...SHAPE, rows: 2 });
    const draw = (limit?: (prompt: number, index: number) => number) =>
      rollout.generator.generate(PROMPTS, SAMPLING, mediaOf, { limit });
    const limit = (prompt: number, index: number) => 1 + 4 * ((prompt + index) % 3);
    const whole = (await draw()).map((group) => group.map(({ ids }) => ids));
    const limited = (await draw(limit)).map((group) => group.map(({ ids }) => ids));
    const first = whole.map((group, prompt) => group.map((ids, index) => ids.slice(0, limit(prompt, index))));
    expect(limited).toEqual(first);
    expect(new Set(limited.flat().map((ids) => ids.length))).toEqual(new Set([1, 5, 9]));
  });

  it('of more prompts than there are rows or places for gives each the completions it has by itself', async () => {
    const prompts = [...PROMPTS, toyPrompt(3, 9, 3, 2), toyPrompt(4, 1), toyPrompt(5, 8)];
    const media = [...MEDIA, toyMedia(3, 5), toyMedia(4, 0), toyMedia(5, 0)];
    const ends = Array.from({ length: VOCABULARY / 4 }, (_, i) => 4 * i + 1);
    const groupsOf = async (shape: Partial<typeof SHAPE>): Promise<Completion[][]> => {
      using rollout = await tinyGenerator(policy, { ...SHAPE, ...shape }, ends);
      const seen: number[] = [];
      const progress = (done: number) => seen.push(done);
      const settings = { ...SAMPLING, temperature: 3 };
      const groups = await rollout.generator.generate(prompts, settings, (i) => media[i]!, { progress });
      expect(seen).toEqual([1, 2, 3, 4, 5]);
      return groups;
    };
    const together = await groupsOf({ rows: 15, places: 5 });
    expect(new Set(together.flat().map(({ ids }) => ids.length)).size).toBeGreaterThan(3);
    for (const shape of [
      { rows: 4, places: 3, prefillTogether: 1 },
      { rows: 3, places: 1 },
      { rows: 1, places: 1 },
    ]) {
      const apart = await groupsOf(shape);
      expect(idsOf(apart)).toEqual(idsOf(together));
      apart.flat().forEach(({ logProbs }, i) => {
        logProbs.forEach((value, t) => {
          expect(value).toBeCloseTo(together.flat()[i]!.logProbs[t]!, 4);
        });
      });
    }
  });

  it('refuses a prompt that is too long, or whose last token is not text', async () => {
    using rollout = await tinyGenerator(policy, SHAPE);
    const long = rollout.generator.generate([toyPrompt(1, 40)], SAMPLING, mediaOf);
    await expect(long).rejects.toThrow('a prompt of 40 tokens; expected 1 to 19');
    const { ids, audio } = PROMPTS[0]!;
    const [{ start, count }] = audio as [MediaSlot];
    const cut = { ids: ids.subarray(0, start + count), audio: audio! };
    await expect(rollout.generator.generate([cut], SAMPLING, mediaOf)).rejects.toThrow('a token of text');
  });

  it('depends on the media of its own prompt only', async () => {
    using rollout = await tinyGenerator(policy, SHAPE);
    const greedy = { ...SAMPLING, temperature: 0 };
    const logProbsOf = (groups: Completion[][], index: number) =>
      groups[index]!.map(({ logProbs }) => logProbs[0]);
    const before = await rollout.generator.generate(PROMPTS, greedy, mediaOf);
    const after = await rollout.generator.generate(
      PROMPTS,
      greedy,
      (prompt) => [MEDIA[0]!, toyMedia(77, 5)][prompt]!,
    );
    expect(logProbsOf(after, 0)).toEqual(logProbsOf(before, 0));
    expect(logProbsOf(after, 1)).not.toEqual(logProbsOf(before, 1));
  });

  it('with a lower limit is the beginning of the longer one', async () => {
    using rollout = await tinyGenerator(policy, SHAPE);
    const long = await rollout.generator.generate(PROMPTS, SAMPLING, mediaOf);
    const short = await rollout.generator.generate(PROMPTS, SAMPLING, mediaOf, { limit: 3 });
    expect(idsOf(short)).toEqual(idsOf(long).map((ids) => ids.slice(0, 3)));
    for (const { ended, ids } of short.flat()) expect(ended).toBe(END_IDS.includes(ids.at(-1)!));
  });
});

describe('an answer that is told while it is sampled', () => {
  const EXAMPLES = ['clip a', 'clip b'];

  /** Samples two steps; the completions, and the pieces that were told of them. */
  async function told(rows: number) {
    const tokenizer = await Tokenizer.load(await treeFromDisk('test/golden/omni-tiny/model'));
    using rollout = await tinyGenerator(policy, { ...SHAPE, maxNewTokens: 30, rows });
    const pieces: LiveAnswer[] = [];
    let time = 0;
    const live = new LiveAnswers(
      (piece) => pieces.push(piece),
      () => (time += 40),
    );
    const completions: Completion[][][] = [];
    for (let step = 0; step < 2; step++) {
      const settings = { ...SAMPLING, temperature: 3, step };
      const listener = live.listen({ step, exampleIds: EXAMPLES, tokenizer });
      completions.push(await rollout.generator.generate(PROMPTS, settings, mediaOf, { listener }));
    }
    const unheard = await rollout.generator.generate(PROMPTS, { ...SAMPLING, temperature: 3 }, mediaOf);
    expect(completions[0]).toEqual(unheard);
    return { tokenizer, pieces, completions };
  }

  it.each([
    [6, 0],
    [2, 4],
  ])('is whole in the end (%d rows, %d completions wait)', async (rows) => {
    const { tokenizer, pieces, completions } = await told(rows);
    const answers = groupBy(pieces, ({ step, exampleId, completion }) =>
      [step, EXAMPLES.indexOf(exampleId), completion].join(),
    );
    for (const [key, own] of answers) {
      const [step, prompt, index] = key.split(',').map(Number);
      const { ids } = completions[step!]![prompt!]![index!]!;
      let text = '';
      for (const piece of own) {
        expect(piece.at).toBe(text.length);
        text += piece.text;
      }
      expect(text).toBe(tokenizer.decode(ids));
      expect(own.at(-1)!.tokens).toBe(ids.length);
    }
    expect(new Set([...answers.keys()].map((key) => key[0])).size).toBe(2);
    const mostPieces = Math.max(...[...answers.values()].map(({ length }) => length));
    expect(mostPieces).toBeGreaterThan(1);
  });
});

describe('end tokens', () => {
  /** About a quarter of the vocabulary. */
  const ENDS = Array.from({ length: VOCABULARY / 4 }, (_, i) => 4 * i + 1);

  it('close a completion at the first of any of them, and are its last id', async () => {
    using rollout = await tinyGenerator(policy, SHAPE, ENDS);
    const all: Completion[] = [];
    for (let step = 0; step < 4; step++) {
      const groups = await rollout.generator.generate(
        PROMPTS,
        { ...SAMPLING, temperature: 3, step },
        mediaOf,
      );
      all.push(...groups.flat());
    }
    for (const { ids, logProbs, ended } of all) {
      expect(logProbs.length).toBe(ids.length);
      const first = ids.findIndex((id) => ENDS.includes(id));
      expect(ended).toBe(first >= 0);
      expect(ids.length).toBe(ended ? first + 1 : SHAPE.maxNewTokens);
    }
    expect(all.some(({ ended }) => ended)).toBe(true);
    expect(new Set(all.map(({ ids }) => ids.length)).size).toBeGreaterThan(3);
  });

  it('of all rows stop the decoding early', async () => {
    const run = Plan.prototype.run;
    let runs = 0;
    Plan.prototype.run = function counted() {
      runs++;
      return run.call(this);
    };
    try {
      const everything = Array.from({ length: VOCABULARY }, (_, id) => id);
      using rollout = await tinyGenerator(policy, { ...SHAPE, maxNewTokens: 64 }, everything);
      const groups = await rollout.generator.generate(PROMPTS, SAMPLING, mediaOf);
      for (const { ids, ended } of groups.flat()) expect([ids.length, ended]).toEqual([1, true]);
    } finally {
      Plan.prototype.run = run;
    }
    expect(runs).toBeLessThan(12);
  });
});
