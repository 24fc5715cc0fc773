/** The runs that this browser keeps: what they are, how far they are, and the two things to do with them. */
import { useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import type { StoredRun } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isActive } from '../../store/state.ts';
import { fire } from '../parts/fire.ts';
import { Problems } from '../shell/notices.tsx';

export function SavedRuns() {
  const runs = useStudioState(({ stored }) => stored);
  const blank = useStudioState(({ steps, run }) => steps.length === 0 && run.state !== 'loading');
  const unfinished = runs.filter(isUnfinished).length;
  if (runs.length === 0) return <Problems commands={['resumeRun', 'deleteRun']} />;
  return (
    <>
      <details className="saved-runs" open={blank && unfinished > 0} data-testid="saved-runs">
        <summary>
          {runs.length} {runs.length === 1 ? 'run' : 'runs'} kept on this device
          {unfinished > 0 && `, ${unfinished} not finished`} ·{' '}
          {formatBytes(runs.reduce((sum, { bytes }) => sum + bytes, 0))}
        </summary>
        <RunTable runs={runs} />
      </details>
      <Problems commands={['resumeRun', 'deleteRun']} />
    </>
  );
}

const isUnfinished = ({ step, steps }: StoredRun): boolean => step < steps;

function RunTable({ runs }: { runs: readonly StoredRun[] }) {
  return (
    <table>
      <caption className="sr-only">Runs kept on this device, newest first</caption>
      <thead>
        <tr>
          {['run', 'step', 'saved', 'model', 'data', 'size'].map((title) => (
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
      </tbody>
    </table>
  );
}

function RunRow({ run }: { run: StoredRun }) {
  const { name, step, steps, savedAt, model, data, demo, bytes, sameDevice } = run;
  return (
    <tr data-testid="saved-run" data-run={run.id}>
      <th scope="row">{name}</th>
      <td className="number">
        {step} / {steps}
      </td>
      <td className="number">
        {new Date(savedAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}
      </td>
      <td>{model}</td>
      <td>
        {data}
        {!demo && <ToOpenFirst run={run} />}
        {!sameDevice && <span className="muted"> (another GPU: its last digits will differ)</span>}
      </td>
      <td className="number">{formatBytes(bytes)}</td>
      <td>
        <RunActs run={run} />
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

function RunActs({ run }: { run: StoredRun }) {
  const studio = useStudio();
  const busy = useStudioState((state) => state.run.state === 'loading' || isActive(state.run.state));
  const opening = useStudioState(({ pending }) => [...pending.values()].includes('resumeRun'));
  const act = isUnfinished(run) ? 'Resume' : 'Open';
  return (
    <span className="buttons">
      <button
        type="button"
        data-testid="resume-run"
        disabled={busy || opening}
        aria-label={`${act} ${run.name}`}
        onClick={() => fire(studio.resumeRun(run.id))}
      >
        {act}
      </button>
      <DeleteButton run={run} />
    </span>
  );
}

/** Asks back by a second press: what is deleted is gone. */
function DeleteButton({ run }: { run: StoredRun }) {
  const studio = useStudio();
  const [asked, setAsked] = useState(false);
  return (
    <button
      type="button"
      className="quiet"
      data-testid="delete-run"
      aria-label={asked ? `Really delete ${run.name}` : `Delete ${run.name}`}
      onBlur={() => setAsked(false)}
      onClick={() => (asked ? fire(studio.deleteRun(run.id)) : setAsked(true))}
    >
      {asked ? 'Really delete?' : 'Delete'}
    </button>
  );
}
