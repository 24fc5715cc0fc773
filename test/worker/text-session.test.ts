/** Sessions on questions alone: refused where model and data do not fit, and resumed to the bit. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { SessionOnDawn } from './session-on-dawn.ts';
import { questionsTree, TEXT_CONFIG, textTree } from './text-run.ts';

const values = { ...TEXT_CONFIG, steps: 4, checkpointEvery: 2 };

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

  it('goes on from a checkpoint to the bit, and evaluates what is held out', async () => {
    const files = new MemoryStore();
    const inputs = { model: await textTree('qwen3-tiny'), data: questionsTree() };
    const first = await SessionOnDawn.open({ files, ...inputs });
    first.start({ ...values, evalEvery: 2 });
    await first.reach('finished', 'paused', 'failed');
    const steps = first.said('step');
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(first.said('eval').map(({ result }) => [result.step, result.split, result.n])).toEqual([
      [2, 'val', 2],
      [4, 'val', 2],
    ]);
    const { runId } = first.said('saved').at(-1)!;
    // It can be taken up once it was let go of.
    const isFree = () =>
      first
        .said('runs')
        .at(-1)
        ?.runs.some(({ id }) => id === runId);
    if (!isFree()) await first.next(() => isFree() === true);
    const second = await SessionOnDawn.open({ files, device: first.device, ...inputs });
    await second.session.resumeRun({ type: 'resumeRun', requestId: 3, runId, step: 2 });
    if (second.state !== 'finished') await second.reach('finished', 'paused', 'failed');
    const again = second.said('step').filter(({ step }) => step > 2);
    const numbers = (all: typeof steps) =>
      all.map(({ metrics }) => [metrics.loss, metrics.grad_norm, metrics.kl]);
    expect(numbers(again.slice(-2))).toEqual(numbers(steps.slice(2)));
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
