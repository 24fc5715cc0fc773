/** Stop answers at once whatever a run is loading, and leaves nothing on the device. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { decode, openFrailGpu, SessionOnDawn } from './session-on-dawn.ts';

let session: SessionOnDawn;
/** Ends the wait of clips that are decoded. */
let decoded: () => void = () => undefined;
let waiting: Promise<void> = Promise.resolve();

beforeEach(async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() });
  session = await SessionOnDawn.open({
    // One that has compiled nothing.
    device: await openFrailGpu(),
    files: new MemoryStore(),
    host: {
      decode: async (...asked) => {
        await waiting;
        return decode(...asked);
      },
    },
  });
});
afterEach(() => session.close());

it('a run that is stopped while it loads leaves the session ready at once, and the device empty', async () => {
  const stop = async (): Promise<void> => {
    session.session.stop();
    expect(session.state).toBe('ready');
    decoded();
    // The lane is free again when this is answered.
    await session.session.planExport({
      type: 'planExport',
      requestId: 1,
      parts: {
        merged: 'f32',
        adapter: true,
        checkpoint: false,
        handoff: false,
        metrics: false,
        rollouts: false,
      },
    });
    const { weights = 0, trainable = 0 } = session.gpu.ledger.parts();
    expect({ weights, trainable }).toEqual({ weights: 0, trainable: 0 });
    expect(session.state).toBe('ready');
  };
  const stopAt = async (what: string): Promise<void> => {
    session.start({ stage: 'sft' });
    await session.next((event) => event.type === 'progress' && event.what === what);
    await stop();
  };
  // Kernels are compiled once for a device.
  for (const what of ['Loading the model', 'Compiling kernels']) await stopAt(what);
  waiting = new Promise((resolve) => {
    decoded = resolve;
  });
  // While the first clip is decoded and the towers are there.
  for (const what of ['Loading the towers', 'Preparing clips']) await stopAt(what);
  session.start({ stage: 'sft', steps: 1 });
  await session.reach('finished', 'failed');
  expect(session.state).toBe('finished');
  expect(session.said('error')).toEqual([]);
}, 600_000);
