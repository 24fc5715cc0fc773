/** Stored runs as the page shows them. */
import { InputError } from '../../math/errors.ts';
import type { DamagedRun, StoredCheckpoint, StoredRun } from '../../protocol/messages.ts';
import type { RunAbout, RunGlance } from '../../protocol/run-about.ts';
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
  readonly about: Omit<RunAbout, 'name'>;
  readonly glance: RunGlance;
  readonly notes: readonly string[];
  readonly whole: readonly WholeCheckpoint[];
  readonly damaged: readonly DamagedCheckpoint[];
  readonly bytes: number;
}

/** A run with a checkpoint to go on from. */
export function listed(
  { description, about, glance, notes, whole, damaged, bytes }: FoundRun,
  adapter: Adapter,
): StoredRun {
  const { id, name, createdAt, demo, config, model, data, from, fork, prolonged } = description;
  const newest = whole.at(-1)!;
  const { step, savedAt, device } = newest.state;
  const broken = damaged.map((each) => `The checkpoint of step ${each.step} cannot be used: ${each.reason}`);
  return {
    ...{ id, name, about, glance, createdAt, config },
    ...{ demo, bytes, model: model.name, data: data.name },
    ...{ step, steps: config.steps, savedAt },
    ...{ sameDevice: isSameAdapter(device, adapter), checkpoints: choices(whole) },
    ...(from ? { from } : {}),
    ...(fork ? { fork } : {}),
    ...(prolonged
      ? { prolonged: prolonged.map((each) => ({ step: each.step, steps: each.was.steps })) }
      : {}),
    ...programsOf(description),
    notes: [...notes, ...whole.flatMap((each) => each.notes), ...broken],
  };
}

/** Programs of own rewards, those before a mending among them. */
function programsOf({ config, mended = [] }: RunDescription): Pick<StoredRun, 'programs'> {
  const chosen = config.rewardSources.filter((source) => config.rewards.includes(source.name));
  const all = [...chosen, ...mended.flatMap(({ was }) => was)];
  return all.length > 0 ? { programs: all.map(({ name, hash }) => ({ name, hash })) } : {};
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

/** The step of the checkpoint that was asked for by what is special about it. @throws InputError where no checkpoint is that */
export function chosenStep({ name, step, checkpoints }: StoredRun, choice: 'best' | 'good'): number {
  const found = checkpoints.find(({ best, healthy }) => (choice === 'best' ? best : healthy));
  if (found) return found.step;
  const kept = `kept are those of step ${checkpoints.map((each) => each.step).join(', ')}`;
  if (choice === 'best')
    throw new InputError(`The run ${name} has no best checkpoint: no held-out clip was measured; ${kept}.`, {
      hint: 'Open one of these. A run whose evalEvery is above 0 keeps its best one.',
    });
  throw new InputError(`The run ${name} has no older checkpoint from before an alarm; ${kept}.`, {
    hint: `Open one of these; the newest is that of step ${step}.`,
  });
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
