/** What must be equal in two runs of the same settings, as their events and their stored checkpoints have it. */
import { createHash } from 'node:crypto';
import type { HeadlessSession, PlainEvent } from '../../src/cli/headless.ts';

/** What a clock or this machine's memory says; all other numbers must be equal. */
const MEASURED = /^(step_time|tokens_per_second\/.*|memory\/.*)$/;

type Of<T extends PlainEvent['type']> = Extract<PlainEvent, { type: T }>;
export function all<T extends PlainEvent['type']>(events: readonly PlainEvent[], type: T): Of<T>[] {
  return events.filter((event): event is Of<T> => event.type === type);
}

/** A step's numbers that must be equal. */
export const unmeasured = (metrics: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(metrics).filter(([key]) => !MEASURED.test(key)));

/** Every step that was told, those before a run was opened, too. */
export const stepsOf = (events: readonly PlainEvent[]) => [
  ...all(events, 'past').flatMap(({ steps }) => steps),
  ...all(events, 'step'),
];

/** The answers of the steps before a run was opened, which are asked for, as the others are told. */
export async function pastAnswers(
  session: HeadlessSession,
  events: readonly PlainEvent[],
): Promise<Of<'rollouts'>[]> {
  const past = all(events, 'past').flatMap(({ answered }) => answered);
  const answers: Of<'rollouts'>[] = [];
  // One after the other: what a session says is heard by one listener at a time.
  for (const step of past) {
    const said = await session.ask((requestId) => ({ type: 'stepAnswers', requestId, step }));
    answers.push({ type: 'rollouts', step, groups: all(said, 'stepAnswers')[0]!.groups });
  }
  return answers;
}

/** The metrics and the answers of every step; of a step that was taken again, those that were told last. */
export function told(events: readonly PlainEvent[]) {
  const metrics = stepsOf(events).map(({ step, metrics: values }) => [step, unmeasured(values)] as const);
  const answers = all(events, 'rollouts').map(({ step, groups }) => [step, groups] as const);
  return { metrics: new Map(metrics), answers: new Map(answers) };
}

export interface Checkpoint {
  readonly weights: string;
  readonly moments: string;
  readonly state: Record<string, unknown>;
}

/** SHA-256 of a stored checkpoint's tensors, by their bytes, and its state without clock and device. */
export async function checkpoint(
  session: HeadlessSession,
  runId: string,
  step: number,
  weights: 'adapter' | 'model' = 'model',
): Promise<Checkpoint> {
  const files = await session.storedFiles(runId);
  const read = async (name: string): Promise<Buffer> => {
    const path = `checkpoints/step-${step}/${name}`;
    const size = files.find((file) => file.name === path)!.size;
    return (await session.readStored(runId, path, 0, size))!;
  };
  const hash = async (name: string) =>
    createHash('sha256')
      .update(await read(name))
      .digest('hex');
  const { savedAt: _, ...state } = JSON.parse((await read('state.json')).toString());
  return {
    weights: await hash(`${weights}.safetensors`),
    moments: await hash('optimizer.safetensors'),
    state,
  };
}
