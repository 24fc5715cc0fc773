/** Two tabs on the same stored runs: what one looks through or deletes, the other takes up before or after, never meanwhile. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { holdRun, lookThrough } from '../../src/worker/runs/lock.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { RunShelf } from '../../src/worker/runs/shelf.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { ADAPTER, checkpoint, describeRun } from './stored-run.ts';

const RUN = 'fox-1';
/** Lies beside a checkpoint's files until they are all written. */
const UNFINISHED = `runs/${RUN}/checkpoints/step-10/unfinished`;

let files: MemoryStore;
let store: RunStore;
let shelf: RunShelf;
let listed: string[][];

beforeEach(async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() });
  files = new MemoryStore();
  store = new RunStore(files);
  listed = [];
  shelf = new RunShelf(
    store,
    (event) => event.type === 'runs' && listed.push(event.runs.map(({ id }) => id)),
    () => ADAPTER,
  );
  await store.create(describeRun(RUN));
  await store.save(RUN, 5, checkpoint(5));
});

describe('a run that another tab takes up', () => {
  it('is had when whoever looks through it is done', async () => {
    const order: string[] = [];
    let end: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      end = resolve;
    });
    const looking = lookThrough(RUN, async () => {
      order.push('looks');
      await gate;
      order.push('has looked');
    });
    const holding = holdRun(RUN).then(() => order.push('is held'));
    await new Promise((resolve) => setTimeout(resolve));
    end();
    await Promise.all([looking, holding]);
    expect(order).toEqual(['looks', 'has looked', 'is held']);
  });

  it('is not listed, and what it is just writing stays', async () => {
    const release = (await holdRun(RUN))!;
    files.put(UNFINISHED, '');
    await shelf.list();
    expect(files.files.has(UNFINISHED)).toBe(true);
    await release();
    await shelf.list();
    expect(files.files.has(UNFINISHED)).toBe(false);
    expect(listed).toEqual([[], [RUN]]);
  });

  it('is not deleted; one that is being deleted is had only when it is gone', async () => {
    const release = (await holdRun(RUN))!;
    await expect(shelf.delete(RUN)).rejects.toThrow('The run fox-1 is at work, here or in another tab.');
    await expect(shelf.files(RUN)).rejects.toThrow('The run fox-1 is at work, here or in another tab.');
    await release();
    const deleting = shelf.delete(RUN);
    const foundByOther = holdRun(RUN).then(() => store.has(RUN));
    await deleting;
    expect(await foundByOther).toBe(false);
  });
});
