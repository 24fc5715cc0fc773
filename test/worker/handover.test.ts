import { expect, it } from 'vitest';
import { computedSource } from '../../src/io/tensors/overlay.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { Handover } from '../../src/worker/handover.ts';
import { isAsOpened, type OpenModel } from '../../src/worker/inputs/model.ts';
import type { TakenRun } from '../../src/worker/runs/run-store.ts';

const left = (label: string) => ({ tensors: computedSource([], label) });
const adapter = left('adapter');
/** A model that was opened with an adapter. */
const model = { adapter, left: adapter } as unknown as OpenModel;
const config = parseConfig({});

it('hands a model over with the adapter that it was opened with', async () => {
  const started = await new Handover().modelFor(model, config, undefined);
  expect(started.left).toBe(adapter);
  expect(isAsOpened(started)).toBe(true);
});

it('gives a stored run what it began from, and never the adapter that is open by now', async () => {
  const own = left('own');
  for (const kept of [own, undefined]) {
    const taken = { ...(kept ? { left: kept } : {}) } as unknown as TakenRun;
    const started = await new Handover().modelFor(model, config, undefined, taken);
    expect(started.left).toBe(kept);
    expect(isAsOpened(started)).toBe(false);
  }
});
