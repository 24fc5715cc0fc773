/** A device that is lost interrupts what is done on it; it goes on on a new one and ends as if nothing had been. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Event } from '../../src/protocol/messages.ts';
import { initialState, reduce, type StudioState } from '../../src/store/state.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { SessionOnDawn } from './session-on-dawn.ts';

/** What a clock or this machine's memory says; all other numbers must be equal. */
const MEASURED = /^(step_time|tokens_per_second\/.*|memory\/.*)$/;

/** What the page knows of the run, but for what clocks say. */
function shown(events: readonly Event[]) {
  let state: StudioState = initialState();
  for (const event of events) state = { ...state, ...reduce(state, event) };
  const metrics = state.steps.map(({ step, metrics: values }) => ({
    step,
    ...Object.fromEntries(Object.entries(values).filter(([key]) => !MEASURED.test(key))),
  }));
  return { metrics, answers: [...state.rollouts], saved: state.saved?.step };
}

function linesOf(files: MemoryStore, name: string): { step?: number }[] {
  const path = [...files.files.keys()].find((each) => each.endsWith(`/${name}`));
  const text = new TextDecoder().decode(files.files.get(path ?? ''));
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

/** What is stored of the run: steps and answers line by line, and hashes of a checkpoint's tensors. */
function stored(files: MemoryStore, at: number) {
  const hash = (name: string) => {
    const path = [...files.files.keys()].find((each) => each.endsWith(`step-${at}/${name}`));
    return createHash('sha256').update(files.files.get(path!)!).digest('hex');
  };
  return {
    steps: linesOf(files, 'events.jsonl').map(({ step }) => step),
    answers: linesOf(files, 'rollouts.jsonl'),
    weights: hash('adapter.safetensors'),
    moments: hash('optimizer.safetensors'),
  };
}

/** Each new device compiles all kernels anew, which a software adapter is slow at. */
const LONG_MS = 600_000;

let opened: SessionOnDawn[] = [];
beforeEach(() => {
  vi.stubGlobal('navigator', { locks: fakeLocks() });
});
afterEach(() => {
  for (const session of opened) session.close();
  opened = [];
});

async function open(...options: Parameters<typeof SessionOnDawn.open>): Promise<SessionOnDawn> {
  const session = await SessionOnDawn.open(...options);
  opened.push(session);
  return session;
}

const errorsOf = (session: SessionOnDawn): string[] =>
  [...session.said('note'), ...session.said('error')].map(({ message, hint }) => `${message} ${hint}`);
const step = (wanted: number) => (event: Event) => event.type === 'step' && event.step === wanted;

it(
  'a run whose device is lost while it decodes and while it updates ends equal to the undisturbed one',
  async () => {
    const [files, wholeFiles] = [new MemoryStore(), new MemoryStore()];
    const whole = await open({ files: wholeFiles });
    whole.start();
    await whole.reach('finished', 'failed', 'paused');

    const session = await open({ files });
    session.start();
    await session.next(step(1));
    session.device.lostAt = 'decode step';
    await session.next(step(3));
    session.device.lostAt = 'optimizer step';
    await session.reach('finished', 'failed', 'paused');
    expect(session.devices.length).toBe(3);
    expect(errorsOf(session)).toEqual([
      'The GPU was lost at step 1 (device was destroyed). On a new one the run begins again.',
      'The GPU was lost at step 3 (device was destroyed). On a new one the run goes on from step 2.',
    ]);
    expect(session.said('rewound').map((event) => event.step)).toEqual([0, 2]);
    expect(shown(session.events)).toEqual(shown(whole.events));
    expect(shown(session.events).metrics.map((row) => row.step)).toEqual([1, 2, 3, 4]);
    expect(stored(files, 4)).toEqual(stored(wholeFiles, 4));
  },
  LONG_MS,
);

describe('a session whose device is lost', { timeout: LONG_MS }, () => {
  const parts = { merged: 'f32', adapter: true, checkpoint: false, handoff: false, metrics: true } as const;
  const wanted = { parts: { ...parts, rollouts: false }, place: { kind: 'files' } } as const;

  it('goes on where it was paused, exports what it had when idle, and starts again once there is a GPU', async () => {
    const session = await open({ files: new MemoryStore() });
    session.start({ stage: 'sft', steps: 3 });
    await session.next(step(1));
    session.session.pause();
    await session.reach('paused');
    session.device.lose();
    session.session.resume();
    await session.reach('finished', 'failed', 'paused');
    expect(session.said('step').map((event) => event.step)).toEqual([1, 2, 3]);

    // Idle, and once more while it exports.
    session.device.lose();
    await session.device.gpu.device.lost;
    expect(session.state).toBe('finished');
    const exporting = session.session.export({ type: 'export', requestId: 9, ...wanted });
    await session.next(({ type }) => type === 'rewound');
    session.device.lostAt = 'read parameters';
    await exporting;
    const names = session.said('exported')[0]?.files.map(({ name }) => name);
    expect(names).toContain('adapter/adapter_model.safetensors');
    expect(session.state).toBe('finished');
    expect(session.devices.length).toBe(4);
    expect(errorsOf(session).join()).not.toContain('could not be written');
  });

  it('says so where no other can be had, and what is nowhere else is lost', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'], shouldAdvanceTime: true, advanceTimeDelta: 500 });
    try {
      const session = await open();
      session.start({ stage: 'sft', steps: 2 });
      await session.reach('finished', 'failed', 'paused');
      session.device.lose();
      await session.reach('ready');
      expect(errorsOf(session)).toEqual([
        'The GPU was lost (device was destroyed). The weights of the run were nowhere else and are lost. What it reported stays on the page. The same settings and seed train the same weights again.',
      ]);
      session.hasGpu = false;
      session.start({ stage: 'sft', steps: 2 });
      await session.reach('failed');
      expect(errorsOf(session)[1]).toMatch(
        /^The GPU was lost .* No new one could be had: There is no adapter\. .*Press the same button again/,
      );
      session.hasGpu = true;
      session.start({ stage: 'sft', steps: 1 });
      await session.reach('finished', 'failed', 'paused');
      expect(session.state).toBe('finished');
    } finally {
      vi.useRealTimers();
    }
  });
});
