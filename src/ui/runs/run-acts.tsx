/** What can be done with a kept run, and with the checkpoint of it that is chosen. */
import { useState } from 'react';
import type { StoredCheckpoint, StoredRun } from '../../protocol/messages.ts';
import { prepareFork } from '../../store/forking.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { goTo, type ScreenId } from '../address.ts';
import { fire } from '../parts/fire.ts';
import { AboutForm } from './about-form.tsx';
import { isUnfinished, SCORES } from './kept-words.ts';
import { ProlongForm } from './prolong-form.tsx';

type Named = Pick<StoredRun, 'id' | 'name'>;

interface ActsProps {
  run: StoredRun;
  /** Step of the checkpoint that is chosen. */
  step: number;
}

/** Whether a run is under way, or one is being opened. */
function useBusy(): boolean {
  return useStudioState(
    ({ run, pending }) =>
      isUnderWay(run.state) || [...pending.values()].some((type) => TAKE_UP.includes(type)),
  );
}

const TAKE_UP: readonly string[] = ['resumeRun', 'prolongRun', 'forkRun'];

/** `20, best`: a checkpoint in a list of them. */
function checkpointWords({ step, best, healthy }: StoredCheckpoint, newest: number): string {
  const words = [
    ...(step === newest ? ['newest'] : []),
    ...(best ? [`best, ${SCORES[best.metric] ?? 'score'} ${(100 * best.value).toFixed(1)} %`] : []),
    ...(healthy ? ['last known good'] : []),
  ];
  return [`step ${step}`, ...words].join(', ');
}

/** Opens the chosen checkpoint and shows a screen; of the newest one of an unfinished run, steps go on. */
function useOpening({ run, step }: ActsProps): (screen: ScreenId, rest?: boolean) => void {
  const studio = useStudio();
  return (screen, rest = false) => {
    const which = step === run.step ? (rest ? { rest } : {}) : { step, rest: true };
    fire(studio.ask('resumeRun', { runId: run.id, ...which }).then(() => goTo(screen)));
  };
}

export function RunActs({ run, step, choose }: ActsProps & { choose: (step: number) => void }) {
  const busy = useBusy();
  const open = useOpening({ run, step });
  const { name, checkpoints } = run;
  const isNewest = step === run.step;
  const act = isNewest && isUnfinished(run) ? 'Resume' : 'Open';
  const label = isNewest ? `${act} ${name}` : `${act} ${name} at step ${step}`;
  return (
    <>
      {checkpoints.length > 1 && (
        <select
          aria-label={`Checkpoint of ${name}`}
          title="An older checkpoint opens at rest: evaluate it, export it, or go on from it as a run of its own. This run stays as it is."
          data-testid="checkpoint"
          value={step}
          onChange={({ target }) => choose(Number(target.value))}
        >
          {checkpoints.toReversed().map((each) => (
            <option key={each.step} value={each.step}>
              {checkpointWords(each, run.step)}
            </option>
          ))}
        </select>
      )}
      <button
        type="button"
        data-testid="resume-run"
        disabled={busy}
        aria-label={label}
        onClick={() => open('train')}
      >
        {act}
      </button>
    </>
  );
}

/** Everything beside going on with it. */
export function RunDetails({ run, step }: ActsProps) {
  const busy = useBusy();
  const { id, name, about } = run;
  return (
    <div className="run-details">
      <AboutForm runId={id} about={{ name, ...about }} />
      <CheckpointActs run={run} step={step} />
      <ProlongForm run={run} busy={busy} />
      <p className="buttons">
        <SaveFilesButton run={run} />
        <DeleteButton run={run} />
      </p>
    </div>
  );
}

/** The chosen checkpoint is measured, exported, or forked. */
function CheckpointActs({ run, step }: ActsProps) {
  const studio = useStudio();
  const busy = useBusy();
  const open = useOpening({ run, step });
  const isOpen = useStudioState(
    ({ model, data }) => run.demo || (model?.name === run.model && data?.name === run.data),
  );
  const at = `${run.name} at step ${step}`;
  const fork = async () => {
    // The form is to be about the model of the run before the fork's settings are in it.
    if (run.demo && studio.store.getState().model?.demo !== true) await studio.ask('openDemo');
    prepareFork(studio, run, step);
    goTo('train');
  };
  return (
    <div className="toolbar">
      <span>Of step {step}:</span>
      <button
        type="button"
        disabled={busy}
        aria-label={`Evaluate ${at}`}
        onClick={() => open('evaluate', true)}
      >
        Evaluate
      </button>
      <button type="button" disabled={busy} aria-label={`Export ${at}`} onClick={() => open('export', true)}>
        Export
      </button>
      <button
        type="button"
        data-testid="fork-run"
        disabled={busy || !isOpen}
        title="A run of its own from this checkpoint, under settings that you change"
        aria-label={`Fork ${at} with other settings`}
        onClick={() => fire(fork())}
      >
        Fork with other settings
      </button>
      {!isOpen && (
        <span className="muted">To evaluate, export or fork it, open its model and data first.</span>
      )}
    </div>
  );
}

/** The archive is listed on the Export screen, where others are. */
export function SaveFilesButton({ run: { id, name } }: { run: Named }) {
  const studio = useStudio();
  const save = () => fire(studio.ask('saveRunFiles', { runId: id }).then(() => goTo('export')));
  return (
    <button
      type="button"
      data-testid="save-run-files"
      title="One zip archive with settings, metrics, answers, checkpoints and notes; it opens in any other browser"
      aria-label={`Save ${name} as a file`}
      onClick={save}
    >
      Save as a file
    </button>
  );
}

/** Asks back by a second press: what is deleted is gone. */
export function DeleteButton({ run }: { run: Named }) {
  const studio = useStudio();
  const [asked, setAsked] = useState(false);
  return (
    <button
      type="button"
      className="quiet"
      data-testid="delete-run"
      aria-label={asked ? `Really delete ${run.name}` : `Delete ${run.name}`}
      onBlur={() => setAsked(false)}
      onClick={() => (asked ? fire(studio.ask('deleteRun', { runId: run.id })) : setAsked(true))}
    >
      {asked ? 'Really delete?' : 'Delete'}
    </button>
  );
}
