/** A fork before it begins: the form says its settings, which were those of the run that it comes from. */
import { type Config, diffConfig, parseConfig } from '../protocol/config.ts';
import type { StoredRun } from '../protocol/messages.ts';
import { type ForkOptimizer, trainsTheSame } from '../protocol/run-fork.ts';
import { followRun, undoFollowing } from './settings.ts';
import type { StudioState } from './state.ts';
import { draftProblems, type Studio } from './studio.ts';

/** Puts the settings of a stored run into the form, to be changed for a fork of it. */
export function prepareFork({ store }: Pick<Studio, 'store'>, run: StoredRun, step: number): void {
  store.setState(({ draft }) => {
    const form = followRun(run.config, run.name);
    const settings = { ...form.settings, before: draft };
    return { draft: form.draft, settings, fork: { run, step, optimizer: 'kept' } };
  });
}

export function chooseOptimizer({ store }: Pick<Studio, 'store'>, optimizer: ForkOptimizer): void {
  store.setState(({ fork }) => (fork ? { fork: { ...fork, optimizer } } : {}));
}

/** The form is again as it was before the fork was thought of. */
export function leaveFork({ store }: Pick<Studio, 'store'>): void {
  store.setState((state) => ({ ...undoFollowing(state), fork: undefined }));
}

/** What a fork with the form's settings would be; a sentence says why it cannot begin. */
export function forkOutlook({ fork, draft }: Pick<StudioState, 'fork' | 'draft'>) {
  const [problem] = draftProblems(draft);
  if (!fork || problem) return { hindrance: problem?.message ?? 'There is nothing to fork.' };
  const config = parseConfig(draft);
  const { run, step } = fork;
  const goesOn = trainsTheSame(run.config, config);
  const changes = diffConfig(run.config, config);
  if (!goesOn || config.steps > step) return { config, goesOn, changes };
  const hindrance = `Steps is ${config.steps}, and the checkpoint has ${step} behind it: a fork that trains the same parts counts them, too.`;
  return { config, goesOn, changes, hindrance };
}

/** Begins the fork that the form is about. */
export async function startFork({ store, ask }: Pick<Studio, 'store' | 'ask'>): Promise<void> {
  const { fork, draft } = store.getState();
  const { config, hindrance }: { config?: Config; hindrance?: string } = forkOutlook({ fork, draft });
  if (!fork || !config || hindrance !== undefined) return;
  const { run, step, optimizer } = fork;
  await ask('forkRun', { runId: run.id, step, config, optimizer });
}
