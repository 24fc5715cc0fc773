/** The runs that this browser keeps: what they are, how far they are, and what to do with them. */
import { useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import type { DamagedRun, StoredCheckpoint, StoredRun } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { goTo } from '../address.ts';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { isUnfinished, keptWords } from './kept-words.ts';

const COLUMNS = ['run', 'step', 'saved', 'model', 'data', 'size'];

export default function RunsScreen() {
  const runs = useStudioState(({ stored }) => stored);
  const damaged = useStudioState(({ damagedRuns }) => damagedRuns);
  const all = [...runs, ...damaged];
  return (
    <>
      <Problems commands={['resumeRun', 'deleteRun', 'saveRunFiles']} />
      {all.length === 0 ? (
        <Empty>
          Runs are kept on this device from their first checkpoint on, and listed here while no tab is at work
          on them.
        </Empty>
      ) : (
        <Panel title={keptWords(runs, damaged)} className="saved-runs">
          <RunTable runs={runs} damaged={damaged} />
        </Panel>
      )}
    </>
  );
}

function RunTable({ runs, damaged }: { runs: readonly StoredRun[]; damaged: readonly DamagedRun[] }) {
  return (
    <table>
      <caption className="sr-only">Runs kept on this device, newest first</caption>
      <thead>
        <tr>
          {COLUMNS.map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
          <td />
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow key={run.id} run={run} />
        ))}
        {damaged.map((run) => (
          <DamagedRow key={run.id} run={run} />
        ))}
      </tbody>
    </table>
  );
}

function RunRow({ run }: { run: StoredRun }) {
  const { id, name, step, steps, savedAt, model, data, demo, bytes, sameDevice, from, notes } = run;
  return (
    <>
      <tr data-testid="saved-run" data-run={id}>
        <th scope="row">{name}</th>
        <td className="number">
          {step} / {steps}
        </td>
        <td className="number">{dateWords(savedAt)}</td>
        <td>{model}</td>
        <td>
          {data}
          {from && (
            <span className="muted">
              {' '}
              (from {from.name}, step {from.step})
            </span>
          )}
          {!demo && <ToOpenFirst run={run} />}
          {!sameDevice && <span className="muted"> (another GPU: its last digits will differ)</span>}
        </td>
        <td className="number">{formatBytes(bytes)}</td>
        <td>
          <RunActs run={run} />
        </td>
      </tr>
      {notes.length > 0 && <ReasonRow text={notes.join(' ')} testId="saved-run-notes" />}
    </>
  );
}

function dateWords(time: number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** What cannot be gone on with is never hidden: it takes space, and what is whole of it may be wanted. */
function DamagedRow({ run }: { run: DamagedRun }) {
  const { id, name, bytes, whole, reason } = run;
  return (
    <>
      <tr data-testid="damaged-run" data-run={id}>
        <th scope="row">{name}</th>
        <td colSpan={COLUMNS.length - 2}>
          damaged: it cannot be gone on with
          {whole.length > 0 && (
            <span className="muted"> (the files of step {whole.join(', ')} are whole)</span>
          )}
        </td>
        <td className="number">{formatBytes(bytes)}</td>
        <td>
          <span className="buttons">
            <SaveFilesButton run={run} />
            <DeleteButton run={run} />
          </span>
        </td>
      </tr>
      <ReasonRow text={reason} testId="damaged-run-reason" />
    </>
  );
}

function ReasonRow({ text, testId }: { text: string; testId: string }) {
  return (
    <tr>
      <td className="muted reason" colSpan={COLUMNS.length + 1} data-testid={testId}>
        <span aria-hidden="true">⚠</span> {text}
      </td>
    </tr>
  );
}

/** A run goes on with its own model and data: what of them is not open is asked for, and no more. */
function ToOpenFirst({ run }: { run: StoredRun }) {
  const isModelOpen = useStudioState(({ model }) => model?.name === run.model);
  const isDataOpen = useStudioState(({ data }) => data?.name === run.data);
  if (isModelOpen && isDataOpen) return null;
  const missing = isModelOpen ? 'data' : isDataOpen ? 'model' : 'model and data';
  return <span className="muted"> (open its {missing} first)</span>;
}

const BEST_NAMES: Readonly<Record<string, string>> = { 'eval/war': 'WAR', 'eval/uar': 'UAR' };

/** `20, best`: a checkpoint in a list of them. */
function checkpointWords({ step, best, healthy }: StoredCheckpoint, newest: number): string {
  const words = [
    ...(step === newest ? ['newest'] : []),
    ...(best ? [`best, ${BEST_NAMES[best.metric] ?? 'score'} ${(100 * best.value).toFixed(1)} %`] : []),
    ...(healthy ? ['last known good'] : []),
  ];
  return [`step ${step}`, ...words].join(', ');
}

function RunActs({ run }: { run: StoredRun }) {
  const studio = useStudio();
  const busy = useStudioState((state) => isUnderWay(state.run.state));
  const opening = useStudioState(({ pending }) => [...pending.values()].includes('resumeRun'));
  const [chosen, choose] = useState(run.step);
  const { id, name, checkpoints } = run;
  const step = checkpoints.some((each) => each.step === chosen) ? chosen : run.step;
  const isNewest = step === run.step;
  const act = isNewest && isUnfinished(run) ? 'Resume' : 'Open';
  const label = isNewest ? `${act} ${name}` : `${act} ${name} at step ${step}`;
  /** Goes on with the newest checkpoint; of another one, no step is taken yet. */
  const go = () =>
    fire(
      studio
        .ask('resumeRun', { runId: id, ...(isNewest ? {} : { step, rest: true }) })
        .then(() => goTo('train')),
    );
  return (
    <span className="buttons">
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
        disabled={busy || opening}
        aria-label={label}
        onClick={go}
      >
        {act}
      </button>
      <DeleteButton run={run} />
    </span>
  );
}

/** The archive is listed on the Export screen, where others are. */
function SaveFilesButton({ run: { id, name } }: { run: DamagedRun }) {
  const studio = useStudio();
  const save = () => fire(studio.ask('saveRunFiles', { runId: id }).then(() => goTo('export')));
  return (
    <button
      type="button"
      data-testid="save-run-files"
      aria-label={`Save the files of ${name}`}
      onClick={save}
    >
      Save files
    </button>
  );
}

/** Asks back by a second press: what is deleted is gone. */
function DeleteButton({ run }: { run: Pick<StoredRun, 'id' | 'name'> }) {
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
