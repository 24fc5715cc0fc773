/** What a session told and stored of a run, as values to compare: all but what clocks and the memory of a machine say. */
import { createHash } from 'node:crypto';
import type { Event, EventOf, EventType } from '../../src/protocol/messages.ts';
import { initialState, reduce, type StudioState } from '../../src/store/state.ts';
import type { MemoryStore } from '../io/memory-store.ts';

/** What a clock or this machine's memory says; all other numbers must be equal. */
const MEASURED = /^(step_time|tokens_per_second\/.*|memory\/.*)$/;

export const said = <T extends EventType>(events: readonly Event[], type: T): EventOf<T>[] =>
  events.filter((event): event is EventOf<T> => event.type === type);

/** What the page knows of the run, but for what clocks say. */
export function shown(events: readonly Event[]) {
  let state: StudioState = initialState();
  for (const event of events) state = { ...state, ...reduce(state, event) };
  const metrics = state.steps.map(({ step, metrics: values }) => ({
    step,
    ...Object.fromEntries(Object.entries(values).filter(([key]) => !MEASURED.test(key))),
  }));
  return { metrics, answers: [...state.rollouts], saved: state.saved?.step };
}

/** What is stored of the run that was saved last: steps and answers line by line, and hashes of a checkpoint's tensors. */
export function stored({ files }: MemoryStore, events: readonly Event[], at: number) {
  const { runId } = said(events, 'saved').at(-1)!;
  const read = (name: string): Uint8Array<ArrayBuffer> => files.get(`runs/${runId}/${name}`)!;
  const lines = (name: string): { step?: number }[] =>
    new TextDecoder()
      .decode(read(name))
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  const hash = (name: string) =>
    createHash('sha256')
      .update(read(`checkpoints/step-${at}/${name}`))
      .digest('hex');
  return {
    steps: lines('events.jsonl').map(({ step }) => step),
    answers: lines('rollouts.jsonl'),
    weights: hash('adapter.safetensors'),
    moments: hash('optimizer.safetensors'),
  };
}
