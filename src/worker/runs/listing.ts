/** Stored runs as the page shows them. */
import type { DamagedRun, StoredCheckpoint, StoredRun } from '../../protocol/messages.ts';
import type { DamagedCheckpoint, WholeCheckpoint } from './checkpoints.ts';
import { healthyStep } from './keep.ts';
import type { Adapter, RunDescription } from './records.ts';

export interface ListedRuns {
  readonly runs: StoredRun[];
  readonly damaged: DamagedRun[];
}

/** What was found of a run. */
export interface FoundRun {
  readonly description: RunDescription;
  readonly notes: readonly string[];
  readonly whole: readonly WholeCheckpoint[];
  readonly damaged: readonly DamagedCheckpoint[];
  readonly bytes: number;
}

/** A run with a checkpoint to go on from. */
export function listed({ description, notes, whole, damaged, bytes }: FoundRun, adapter: Adapter): StoredRun {
  const { id, name, demo, config, model, data, from } = description;
  const newest = whole.at(-1)!;
  const { step, savedAt, device } = newest.state;
  const broken = damaged.map((each) => `The checkpoint of step ${each.step} cannot be used: ${each.reason}`);
  return {
    ...{ id, name, demo, bytes, model: model.name, data: data.name },
    ...{ step, steps: config.steps, savedAt },
    ...{ sameDevice: isSameAdapter(device, adapter), checkpoints: choices(whole) },
    ...(from ? { from } : {}),
    notes: [...notes, ...whole.flatMap((each) => each.notes), ...broken],
  };
}

/** The checkpoints that can be opened, and what is special about them. */
function choices(whole: readonly WholeCheckpoint[]): StoredCheckpoint[] {
  const { step: newest, best, healthy } = whole.at(-1)!.state;
  const sound = healthyStep(
    whole.map(({ step }) => step),
    healthy,
  );
  return whole.map(({ step, state: { savedAt } }) => ({
    ...{ step, savedAt },
    ...(best?.step === step ? { best: { metric: best.metric, value: best.value } } : {}),
    ...(sound === step && step < newest ? { healthy: true } : {}),
  }));
}

export function listedDamaged(
  { whole, ...run }: Omit<DamagedRun, 'whole' | 'reason'> & { whole: readonly WholeCheckpoint[] },
  reason: string,
): DamagedRun {
  return { ...run, reason, whole: whole.map(({ step }) => step) };
}

function isSameAdapter(a: Adapter, b: Adapter): boolean {
  return a.vendor === b.vendor && a.architecture === b.architecture && a.description === b.description;
}
