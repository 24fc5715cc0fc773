/** `--resume`, `--from` and `--rest`: which run a command goes on with, from which of its checkpoints, and whether it takes a step. */
import { InputError } from '../math/errors.ts';
import { type Config, diffConfig } from '../protocol/config.ts';
import type { CheckpointChoice } from '../protocol/messages.ts';
import type { StudioSession } from './headless.ts';
import { findRun, type RunOnDisk } from './run-mirror.ts';

/** A stored run and what is to become of it. */
export interface Resumption {
  readonly stored: RunOnDisk;
  /** Absent for the newest checkpoint. From another one the run becomes one of its own with its next step. */
  readonly from?: CheckpointChoice;
  /** No step is taken: the checkpoint is measured and exported as it is. */
  readonly rest: boolean;
}

/** What `--from` names. @throws InputError */
export function checkpointChoice(value: string | undefined): CheckpointChoice {
  if (value === 'best' || value === 'good') return value;
  if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  throw new InputError(
    `--from names ${value ?? 'nothing'}; expected best, good or the step of a checkpoint.`,
    {
      hint: 'best scored best on held-out clips, good is the last one from before an alarm; without --from it is the newest.',
    },
  );
}

/** The newest run below `out`. Settings named again must be the run's own. @throws InputError */
export function resumption(
  out: string | undefined,
  values: Partial<Config>,
  how: Omit<Resumption, 'stored'>,
): Resumption {
  if (out === undefined) throw new InputError('--resume needs --out DIR, where the checkpoints lie.');
  const stored = findRun(out);
  const { rewardSources, ...others } = values;
  demandPrograms(out, stored.config.rewardSources, rewardSources ?? []);
  const [change] = diffConfig(stored.config, { ...stored.config, ...others });
  if (!change) return { stored, ...how };
  throw new InputError(
    `--${change.key} is ${JSON.stringify(change.to)}; the run in ${out} has ${JSON.stringify(change.from)}.`,
    { hint: 'A run goes on with its own settings: leave this one out, or begin a new run without --resume.' },
  );
}

type Programs = Config['rewardSources'];

/** Programs named again must be the run's own, which it goes on with. @throws InputError */
function demandPrograms(out: string, own: Programs, named: Programs): void {
  for (const program of named) {
    const difference = differenceFrom(own, program);
    if (difference === undefined) continue;
    throw new InputError(`--reward ${program.file ?? program.name}: the run in ${out} ${difference}.`, {
      hint: 'A run goes on with the programs that it keeps: leave --reward out, or begin a new run without --resume.',
    });
  }
}

function differenceFrom(own: Programs, { name, hash, completions }: Programs[number]): string | undefined {
  const was = own.find((each) => each.name === name);
  if (!was) return `has no program ${name}; its own are ${own.map((each) => each.name).join(', ') || 'none'}`;
  const short = (text: string): string => `${text.slice(0, 12)}…`;
  if (was.hash !== hash)
    return `has ${name} with the SHA-256 ${short(was.hash)}, and the file now has ${short(hash)}`;
  if (was.completions !== completions)
    return `has ${name} with --rewardCompletions ${was.completions}, not ${completions}`;
  return undefined;
}

/** Opens the checkpoint; the run reports by events, those that it told of before included. */
export async function resumeRun(
  session: StudioSession,
  { stored: { id, folder }, from, rest }: Resumption,
): Promise<undefined> {
  if (!session.storage)
    throw new InputError('Without a browser no run is kept.', {
      hint: 'Use --adapter swiftshader or default.',
    });
  await session.storage.keepRun(folder);
  const which = from === undefined ? {} : { step: from };
  await session.ask((requestId) => ({ type: 'resumeRun', requestId, runId: id, ...which, rest }));
}
