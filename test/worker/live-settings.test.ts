/** Settings that are changed while a run goes on: from which step they hold, what is kept of them, and that a resumed run has them. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Config } from '../../src/protocol/config.ts';
import type { LiveValues } from '../../src/protocol/live-settings.ts';
import { configAt, newAfter, recordedAt } from '../../src/worker/runs/changes.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { configOf, SessionOnDawn } from './session-on-dawn.ts';
import { questionsTree, TEXT_CONFIG, textTree } from './text-run.ts';

const values: Partial<Config> = {
  ...{ ...TEXT_CONFIG, rewards: ['length_budget', 'format'], rewardWeights: [1, 1] },
  ...{ steps: 4, checkpointEvery: 0, evalOnStart: false },
};

beforeAll(() => vi.stubGlobal('navigator', { locks: fakeLocks() }));

const open = async (files: MemoryStore) =>
  SessionOnDawn.open({ files, model: await textTree('qwen3-tiny'), data: questionsTree() });

/** Takes steps one by one, and between them what is to be changed after so many. */
async function stepped(
  opened: SessionOnDawn,
  config: Partial<Config>,
  changes: Readonly<Record<number, LiveValues>>,
  last = 4,
): Promise<void> {
  for (let step = 1; step <= last; step++) {
    if (step === 1) opened.session.step({ type: 'step', config: configOf(config) });
    else opened.session.step({ type: 'step' });
    await opened.reach('paused', 'finished', 'failed');
    const change = changes[step];
    if (change)
      await opened.session.changeSettings({ type: 'changeSettings', requestId: 50 + step, values: change });
  }
}

/** Every step that is known: those of an earlier visit are told together. */
const stepsOf = (opened: SessionOnDawn) => [
  ...opened.said('past').flatMap(({ steps }) => steps),
  ...opened.said('step'),
];

const numbers = (opened: SessionOnDawn) =>
  stepsOf(opened).map(({ step, metrics: m }) => [
    step,
    m.loss,
    m.grad_norm,
    m.kl,
    m.learning_rate,
    m.reward,
    m.entropy,
  ]);

describe('settings of a run under way', () => {
  it('hold from the next step on, are told with it, and a run that goes on elsewhere is the same to the bit', async () => {
    const change: LiveValues = { learningRate: 0.02, temperature: 0.7, beta: 0.2, rewardWeights: [1, 3] };
    const [plain, changed, kept] = [new MemoryStore(), new MemoryStore(), new MemoryStore()];
    const first = await open(plain);
    await stepped(first, values, {}, 3);
    const second = await open(changed);
    await stepped(second, values, { 1: change });
    expect(second.said('error')).toEqual([]);
    expect(second.said('step').map((step) => step.changed)).toEqual([
      undefined,
      change,
      undefined,
      undefined,
    ]);
    // The step before is as in a run that nobody touched; the one after it is not.
    expect(numbers(second)[0]).toEqual(numbers(first)[0]);
    expect(second.said('step').map(({ metrics }) => metrics.learning_rate)).toEqual([1e-3, 0.02, 0.02, 0.02]);
    expect(numbers(second)[1]![2]).not.toBe(numbers(first)[1]![2]);

    // Changed at a rest, closed before its next step, and taken up by another session.
    const third = await open(kept);
    await stepped(third, values, { 1: change }, 1);
    third.session.stop();
    await third.reach('stopped');
    const { runId } = third.said('saved').at(-1)!;
    const fourth = await open(kept);
    await fourth.session.resumeRun({ type: 'resumeRun', requestId: 3, runId });
    await fourth.reach('finished', 'failed');
    expect(fourth.said('resumed')[0]!.config).toMatchObject(change);
    expect(numbers(fourth)).toEqual(numbers(second));
    expect(stepsOf(fourth)[1]!.changed).toEqual(change);
    const { description } = await new RunStore(kept).describe(runId);
    expect(description.changes).toEqual([
      {
        step: 1,
        was: { learningRate: 1e-3, temperature: 1, beta: 0.04, rewardWeights: [1, 1] },
        now: change,
      },
    ]);
    for (const each of [first, second, third, fourth]) each.close();
  }, 240_000);

  it('of its longest answer and of a β that becomes 0 are loaded anew, and the run stands where it stood', async () => {
    const [live, kept] = [new MemoryStore(), new MemoryStore()];
    const change: LiveValues = { maxCompletionLength: 4, beta: 0 };
    const first = await open(live);
    await stepped(first, values, { 2: change });
    expect(first.said('error')).toEqual([]);
    expect(first.said('step').map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    const longest = first
      .said('rollouts')
      .map(({ groups }) =>
        Math.max(...groups.flatMap(({ completions }) => completions.map(({ tokens }) => tokens))),
      );
    expect(longest.slice(2).every((tokens) => tokens <= 4)).toBe(true);
    expect(Math.max(...longest.slice(0, 2))).toBe(6);
    expect(first.said('step').map(({ metrics }) => metrics.kl === undefined)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    // Its answers can be asked for, those from before and those from after.
    for (const { step, groups } of first.said('rollouts')) {
      const asked = await first.session.answers.ofStep({ type: 'stepAnswers', requestId: 60 + step, step });
      expect(asked.groups, `step ${step}`).toEqual(groups);
    }
    const second = await open(kept);
    await stepped(second, values, { 2: change }, 2);
    second.session.stop();
    await second.reach('stopped');
    const { runId } = second.said('saved').at(-1)!;
    await second.session.resumeRun({ type: 'resumeRun', requestId: 3, runId });
    await second.reach('finished', 'failed');
    expect(numbers(second).slice(-2)).toEqual(numbers(first).slice(-2));
    first.close();
    second.close();
  }, 240_000);

  it('are refused by what stands against them, and nothing changes', async () => {
    const opened = await open(new MemoryStore());
    const ask = (change: LiveValues) =>
      opened.session.changeSettings({ type: 'changeSettings', requestId: 1, values: change });
    await expect(ask({ beta: 0.1 })).rejects.toThrow(
      'Settings are changed while a run is under way, and none is',
    );
    await stepped(opened, { ...values, beta: 0 }, {}, 1);
    await expect(ask({ beta: 0.1 })).rejects.toThrow(
      'beta is 0 in this run and was to become 0.1: it was loaded without the reference',
    );
    await expect(ask({ rewardWeights: [1] })).rejects.toThrow('rewardWeights has 1 numbers; expected 2');
    expect((await ask({ beta: 0 })).config).toEqual(configOf({ ...values, beta: 0 }));
    opened.session.resume();
    await opened.reach('finished');
    expect(opened.said('step').some(({ changed }) => changed)).toBe(false);
    opened.close();
  }, 120_000);
});

describe('the record of changes', () => {
  const record = {
    config: configOf({ beta: 0.3, learningRate: 3 * 1e-3 }),
    changes: [
      { step: 2, was: { beta: 0.1, learningRate: 1e-3 }, now: { beta: 0.2, learningRate: 3e-3 } },
      { step: 5, was: { beta: 0.2 }, now: { beta: 0.3 } },
    ],
  };

  it('gives the settings of any step, and leaves out what had not happened by then', () => {
    const at = (step: number) => {
      const { beta, learningRate } = configAt(record, step);
      return [beta, learningRate];
    };
    expect([1, 2, 4, 5].map(at)).toEqual([
      [0.1, 1e-3],
      [0.2, 3e-3],
      [0.2, 3e-3],
      [0.3, 3e-3],
    ]);
    expect(newAfter(record, 2)).toEqual({ beta: 0.2, learningRate: 3e-3 });
    expect(newAfter(record, 3)).toEqual({});
    expect(recordedAt(record, 3)).toMatchObject({ config: { beta: 0.2 }, changes: [{ step: 2 }] });
    expect(recordedAt(record, 1)).toEqual({ config: configAt(record, 1) });
    expect(recordedAt(record, 9)).toEqual(record);
  });
});
