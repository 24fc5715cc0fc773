/** What the pretended worker says of a run is what a real one said; that each event passes the page's check, it sees to itself. */
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import type { Event, EventOf } from '../../src/protocol/messages.ts';
import { fakePort } from './fake-port.ts';
import { recorded } from './recorded-run.ts';

/** All that a run of twenty steps with two evaluations, and another, says. */
function saidOfRun(): Promise<Event[]> {
  const events: Event[] = [];
  const port = fakePort({ stepMs: 0 });
  return new Promise((resolve) => {
    port.listen((event) => {
      events.push(event);
      if (event.type === 'state' && event.state === 'finished') resolve(events);
    });
    port.post({ type: 'start', config: parseConfig({ steps: 20, evalEvery: 10 }) });
    port.post({ type: 'evaluate', requestId: 1, split: 'val', mute: 'audio' });
  });
}

/**
 * Without numbers of steps, names of clips, scores in the metrics of steps that were not evaluated, and what workings are made of,
 * which the recording is too old to have.
 */
const LEFT_OUT = ['step', 'exampleId', 'split', 'requestId', 'eval/war', 'eval/uar', 'basis', 'parts'];
const plain = (event: Event): unknown =>
  JSON.parse(JSON.stringify(event), (key: string, value: unknown) =>
    LEFT_OUT.includes(key) ? undefined : value,
  );

it('a pretended run says what a real one said', async () => {
  const events = await saidOfRun();
  for (const type of ['step', 'rollouts', 'live', 'eval', 'saved'] as const) {
    const said = events.filter((event): event is EventOf<typeof type> => event.type === type);
    const real = recorded(type).map(plain);
    expect(said.length, type).toBeGreaterThan(0);
    for (const event of said) expect(real).toContainEqual(plain(event));
  }
});
