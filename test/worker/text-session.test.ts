/** Sessions on questions alone: refused where model and data do not fit, and resumed to the bit. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../../src/io/sealed/hash.ts';
import type { Config } from '../../src/protocol/config.ts';
import type { RewardRunner } from '../../src/rewards/contract.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { configOf, SessionOnDawn } from './session-on-dawn.ts';
import { questionsTree, TEXT_CONFIG, textTree } from './text-run.ts';

const values = { ...TEXT_CONFIG, steps: 4, checkpointEvery: 2 };

/** A program that scores answers, and what it does wherever it runs. */
const SOURCE = 'a program';
const rewards: RewardRunner = {
  open: async ({ name, source }) => ({
    name,
    score: ({ completions, columns, trainer_state }) => ({
      values: completions.map((text, at) => (at === 0 ? null : text.length)),
      metrics: { [source]: trainer_state.global_step },
      extras: { asked: columns.question!, 'answer as written': columns.answer! },
    }),
  }),
};
const ownRewards = async (): Promise<Partial<Config>> => ({
  rewards: ['accuracy', 'mine'],
  rewardSources: [
    {
      ...({ name: 'mine', language: 'py', source: SOURCE, completions: 'messages' } as const),
      hash: await sha256(SOURCE),
    },
  ],
});

beforeAll(() => vi.stubGlobal('navigator', { locks: fakeLocks() }));

describe('a language model', () => {
  it('is refused on clips with the next move; a model of clips takes questions of text alone', async () => {
    const text = await SessionOnDawn.open({ model: await textTree('qwen3-tiny') });
    const refusal = (opened: SessionOnDawn) => {
      try {
        opened.start(values);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(refusal(text)).toMatchObject({
      message: expect.stringMatching(
        /is a Qwen3, a language model, which sees and hears nothing; clips is a set of clips/,
      ),
      hint: expect.stringMatching(/^Open a data set of questions and answers/),
    });
    text.close();
    const omni = await SessionOnDawn.open({ data: questionsTree() });
    expect(refusal(omni)).toBeUndefined();
    await omni.reach('finished');
    expect(omni.said('step').at(-1)!.metrics.grad_norm).toBeGreaterThan(0);
    omni.close();
  }, 120_000);

  it('goes on from a checkpoint to the bit, by rewards of one’s own too, and evaluates what is held out', async () => {
    const files = new MemoryStore();
    const inputs = { model: await textTree('qwen3-tiny'), data: questionsTree(), host: { rewards } };
    const first = await SessionOnDawn.open({ files, ...inputs });
    const own = await ownRewards();
    first.start({ ...values, evalEvery: 2, evalOnStart: true, ...own });
    await first.reach('running');
    // Beside the run: it has its turn between two steps, and changes none.
    const beside = first.session.evaluate({ type: 'evaluate', requestId: 7, split: 'test' });
    await first.reach('finished', 'paused', 'failed');
    await beside;
    expect(first.said('error')).toEqual([]);
    const steps = first.said('step');
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    const [asked, ...others] = first.said('eval').filter(({ requestId }) => requestId !== undefined);
    expect([asked!.result.split, others]).toEqual(['test', []]);
    const unasked = first.said('eval').filter(({ requestId }) => requestId === undefined);
    expect(unasked.map(({ result }) => [result.step, result.split, result.n])).toEqual([
      [0, 'val', 2],
      [2, 'val', 2],
      [4, 'val', 2],
    ]);
    expect(steps.map(({ metrics }) => metrics[`log/${SOURCE}`])).toEqual([0, 1, 2, 3]);
    const answers = (session: SessionOnDawn) =>
      session.said('rollouts').flatMap(({ groups }) => groups.flatMap(({ completions }) => completions));
    const told = answers(first);
    const mine = told.map(({ text, rewards: scores }, at) => [
      scores.mine,
      at % 6 === 0 ? null : text.length,
    ]);
    expect(mine.filter(([found, expected]) => found !== expected)).toEqual([]);
    expect(told[0]!.extras).toEqual({
      ...{
        asked: expect.stringMatching(/^Which is larger/),
        'answer as written': expect.stringMatching(/^\d$/),
      },
    });
    const { runId } = first.said('saved').at(-1)!;
    // It can be taken up once it was let go of.
    const isFree = () =>
      first
        .said('runs')
        .at(-1)
        ?.runs.some(({ id }) => id === runId);
    if (!isFree()) await first.next(() => isFree() === true);
    const second = await SessionOnDawn.open({ files, ...inputs });
    // What is measured of the start once a step is done is what the weights as loaded score.
    await second.session.evaluate({
      type: 'evaluate',
      requestId: 8,
      split: 'val',
      config: configOf({ ...values, ...own }),
    });
    expect(second.said('eval').map(({ result }) => result)).toEqual([unasked[0]!.result]);
    /** What steps knew of the tokens of answers, on the device or of the stored run. */
    const tokensOf = (session: SessionOnDawn, stored?: string) =>
      Promise.all(
        [1, 2, 3, 4].map((step) =>
          session.session.answers.tokens({
            ...{ type: 'tokenValues', requestId: 9, step, answer: 5 },
            ...(stored === undefined ? {} : { runId: stored }),
          }),
        ),
      );
    const tokens = await tokensOf(first);
    tokens.forEach(({ values, ...rest }, at) => {
      expect(rest).toEqual({ answers: 6, first: 1 });
      const answer = told[at * 6 + 5]!;
      expect(values!.ids).toHaveLength(answer.tokens);
      expect(values!.pieces.join('')).toBe(answer.rawText);
      expect(values!.pass!.kl).toHaveLength(answer.tokens);
      const mean = values!.pass!.kl!.reduce((sum, kl) => sum + kl, 0) / answer.tokens;
      expect(Math.abs(mean - answer.meanKl!)).toBeLessThan(2e-3 * answer.meanKl! + 1e-9);
    });
    expect(await tokensOf(second, runId)).toEqual(tokens);
    await expect(tokensOf(second)).rejects.toThrow('The run is not on the device any more');
    await second.session.resumeRun({ type: 'resumeRun', requestId: 3, runId, step: 2, rest: true });
    if (second.state !== 'paused') await second.reach('paused');
    // What the run began with was measured behind its first step, and is known again.
    expect(second.said('note')).toEqual([]);
    const known = second.said('eval').filter(({ result }) => result.split === 'val');
    expect(known.slice(1).map(({ result }) => result.step)).toEqual([0, 2]);
    // What else was likely in an answer is said by the weights as they rest; the steps that follow are what they were.
    const likeliest = (changes: object) =>
      second.session.alternatives({
        ...{
          type: 'alternatives',
          requestId: 11,
          step: 1,
          answer: 5,
          exampleId: groupOf.exampleId,
          ...changes,
        },
      });
    const groupOf = first.said('rollouts')[0]!.groups[1]!;
    const { ids, pieces, logProbs, count, step: asOf } = await likeliest({});
    expect([asOf, ids.length, pieces.length]).toEqual([2, told[5]!.tokens * count, ids.length]);
    expect(logProbs.every((value, at) => at % count === 0 || value <= logProbs[at - 1]!)).toBe(true);
    await expect(likeliest({ exampleId: 'nowhere' })).rejects.toThrow('is not in the data that are open');
    await expect(likeliest({ step: 9 })).rejects.toThrow('is not kept any more');
    await expect(likeliest({ runId: 'another' })).rejects.toThrow('not on the device');
    const { rewardSources: before = [] } = own;
    const mended = { ...before[0]!, source: 'mended', hash: await sha256('mended') };
    const changed = await second.session.mendReward({ type: 'mendReward', requestId: 4, source: mended });
    expect(changed.config.rewardSources).toEqual([mended]);
    second.session.resume();
    await second.reach('finished', 'failed');
    expect(
      second.said('past').map(({ steps: past, answered }) => [past.map(({ step }) => step), answered]),
    ).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
    ]);
    expect(second.said('step').map(({ metrics }) => metrics['log/mended'])).toEqual([2, 3]);
    const { runId: branch } = second.said('saved').at(-1)!;
    const { description } = await new RunStore(files).describe(branch);
    expect([description.config.rewardSources, description.mended]).toEqual([
      [mended],
      [{ step: 2, was: before }],
    ]);
    const late = second.session.mendReward({ type: 'mendReward', requestId: 5, source: mended });
    await expect(late).rejects.toThrow('A reward can be mended while its run rests');
    const again = second.said('step').filter(({ step }) => step > 2);
    const numbers = (all: typeof steps) =>
      all.map(({ metrics }) => [metrics.loss, metrics.grad_norm, metrics.kl]);
    expect(numbers(again.slice(-2))).toEqual(numbers(steps.slice(2)));
    expect(second.said('resumed')[0]!.config).toMatchObject(own);
    const readBack = await Promise.all(
      [1, 2].map((step) => second.session.answers.ofStep({ type: 'stepAnswers', requestId: 6, step })),
    );
    const past = readBack.flatMap(({ groups }) => groups.flatMap(({ completions }) => completions));
    expect(past).toEqual(told.slice(0, 12));
    // Steps before the break were read back, those after it taken again.
    expect(await tokensOf(second)).toEqual(tokens);
    await second.session.runs.delete({ type: 'deleteRun', requestId: 10, runId });
    await expect(tokensOf(second, runId)).rejects.toThrow(`There is no run "${runId}"`);
    second.close();
    first.close();
  }, 120_000);

  it('begins from the weights that a supervised run left', async () => {
    const opened = await SessionOnDawn.open({ model: await textTree('qwen2_5-tiny'), data: questionsTree() });
    opened.start({ ...values, steps: 2, stage: 'sft' });
    await opened.reach('finished');
    opened.start({ ...values, steps: 1, startFrom: 'last run' });
    await opened.reach('finished');
    expect(opened.said('rollouts').at(-1)!.groups.length).toBe(2);
    opened.close();
  }, 120_000);
});
