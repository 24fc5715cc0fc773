/** A device that is lost interrupts what is done on it; it goes on on a new one and ends as if nothing had been. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import type { Config } from '../../src/protocol/config.ts';
import type { Event } from '../../src/protocol/messages.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { openFrailGpu, SessionOnDawn } from './session-on-dawn.ts';
import { said, shown, stored } from './told.ts';

const sentencesOf = (events: readonly Event[], type: 'note' | 'error'): string[] =>
  said(events, type).map(({ message, hint }) => `${message} ${hint}`);
const step = (wanted: number) => (event: Event) => event.type === 'step' && event.step === wanted;
const ended = (session: SessionOnDawn) => session.reach('finished', 'failed', 'paused');

/** Each new device compiles all kernels anew, which a software adapter is slow at: so one session lives through it all. */
describe('a session whose device is lost', { timeout: 600_000 }, () => {
  const files = new MemoryStore();
  const features = memoryFeatureCache();
  const host = { openFeatureCache: async () => features };
  const opened: SessionOnDawn[] = [];
  let session: SessionOnDawn;

  beforeAll(async () => {
    vi.stubGlobal('navigator', { locks: fakeLocks() });
    session = await SessionOnDawn.open({ files, host, device: await openFrailGpu() });
    opened.push(session);
  });
  afterAll(() => {
    for (const each of opened) each.close();
  });

  /** All that a run says, with what is done to it on the way. */
  async function run(values: Partial<Config>, disturb = async (): Promise<unknown> => undefined) {
    const from = session.events.length;
    session.start(values);
    await disturb();
    await ended(session);
    return session.events.slice(from);
  }

  it('while it decodes and while it updates ends its run equal to the undisturbed one', async () => {
    // Where all answers score alike, only the entropy has a gradient.
    const config = { entropyCoef: 0.1 };
    const whole = await run(config);
    const events = await run(config, async () => {
      await session.next(step(1));
      session.device.lostAt = 'decode step';
      await session.next(step(3));
      session.device.lostAt = 'optimizer step';
    });
    expect(session.devices.length).toBe(3);
    expect(said(events, 'error')).toEqual([]);
    expect(sentencesOf(events, 'note')).toEqual([
      'The GPU was lost at step 1 (device was destroyed). On a new one the run begins again.',
      'The GPU was lost at step 3 (device was destroyed). On a new one the run goes on from step 2.',
    ]);
    expect(said(events, 'rewound').map((event) => event.step)).toEqual([0, 2]);
    for (const { metrics } of said(events, 'step')) expect(metrics.grad_norm).toBeGreaterThan(0);
    expect(shown(events)).toEqual(shown(whole));
    expect(shown(events).metrics.map((row) => row.step)).toEqual([1, 2, 3, 4]);
    expect(stored(files, events, 4)).toEqual(stored(files, whole, 4));
  });

  it('goes on where it was paused', async () => {
    const events = await run({ stage: 'sft', steps: 3 }, async () => {
      await session.next(step(1));
      session.session.pause();
      await session.reach('paused');
      session.device.lose();
      session.session.resume();
    });
    expect(session.state).toBe('finished');
    expect(said(events, 'step').map((event) => event.step)).toEqual([1, 2, 3]);
  });

  it('exports what it had, when idle and once more while it exports', async () => {
    const [before, from] = [session.devices.length, session.events.length];
    session.device.lose();
    await session.device.gpu.device.lost;
    expect(session.state).toBe('finished');
    const parts = { merged: 'f32', adapter: true, checkpoint: false, handoff: false, metrics: true } as const;
    const wanted = { parts: { ...parts, rollouts: false }, place: { kind: 'files' } } as const;
    const exporting = session.session.export({ type: 'export', requestId: 9, ...wanted });
    await session.next(({ type }) => type === 'rewound');
    session.device.lostAt = 'read parameters';
    await exporting;
    const events = session.events.slice(from);
    const names = said(events, 'exported')[0]?.files.map(({ name }) => name);
    expect(names).toContain('adapter/adapter_model.safetensors');
    expect(session.state).toBe('finished');
    expect(session.devices.length).toBe(before + 2);
    expect(sentencesOf(events, 'error').join()).not.toContain('could not be written');
  });

  it('says so where no other can be had, and what is nowhere else is lost', async () => {
    const unkept = await SessionOnDawn.open({ device: session.device, host });
    opened.push(unkept);
    unkept.start({ stage: 'sft', steps: 1 });
    await ended(unkept);
    unkept.device.lose();
    await unkept.reach('ready');
    expect(sentencesOf(unkept.events, 'error')).toEqual([
      'The GPU was lost (device was destroyed). The weights of the run were nowhere else and are lost. What it reported stays on the page. The same settings and seed train the same weights again.',
    ]);
    unkept.hasGpu = false;
    // Between two questions for a device there are seconds. Fake timers would lose those that Dawn has set by then.
    const wait = globalThis.setTimeout;
    const timers = vi.spyOn(globalThis, 'setTimeout');
    timers.mockImplementation(((work: () => void, _: number, ...rest: []) =>
      wait(work, 0, ...rest)) as typeof setTimeout);
    unkept.start({ stage: 'sft', steps: 1 });
    await unkept.reach('failed');
    timers.mockRestore();
    expect(sentencesOf(unkept.events, 'error')[1]).toMatch(
      /^The GPU was lost .* No new one could be had: There is no adapter\. .*Press the same button again/,
    );
    unkept.hasGpu = true;
    unkept.start({ stage: 'sft', steps: 1 });
    await ended(unkept);
    expect(unkept.state).toBe('finished');
  });
});
