/** The kept runs in a table: what they are, how they went, and what to do with them. */
import { useId, useState } from 'react';
import { formatBytes, formatMetric, formatPercent } from '../../math/format.ts';
import type { DamagedRun, StoredRun } from '../../protocol/messages.ts';
import { CompareBox } from './compare-box.tsx';
import { SCORES } from './kept-words.ts';
import { DeleteButton, RunActs, RunDetails, SaveFilesButton } from './run-acts.tsx';
import type { Placed } from './run-order.ts';
import { RunWords } from './run-words.tsx';
import { SmallCurve } from './small-curve.tsx';

const COLUMNS = ['run', 'compare', 'step', 'curve', 'score', 'saved', 'size'];

interface TableProps {
  shown: readonly Placed[];
  /** All that are kept. */
  runs: readonly StoredRun[];
  damaged: readonly DamagedRun[];
  onTag: (tag: string) => void;
}

export function RunTable({ shown, runs, damaged, onTag }: TableProps) {
  return (
    <table>
      <caption className="sr-only">Runs kept on this device</caption>
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
      {shown.map(({ run, depth }) => (
        <RunRows key={run.id} run={run} depth={depth} runs={runs} onTag={onTag} />
      ))}
      <tbody>
        {damaged.map((run) => (
          <DamagedRow key={run.id} run={run} />
        ))}
      </tbody>
    </table>
  );
}

/** Steps to the side for a fork of a fork of a fork; further ones stay there. */
const MOST_DEPTH = 4;

function RunRows({ run, depth, runs, onTag }: Placed & Pick<TableProps, 'runs' | 'onTag'>) {
  const { id, name, step, steps, savedAt, bytes, notes, glance } = run;
  const [isOpen, setOpen] = useState(false);
  const [wanted, choose] = useState(step);
  const chosen = run.checkpoints.some((each) => each.step === wanted) ? wanted : step;
  const details = useId();
  return (
    <tbody className="run" data-depth={Math.min(depth, MOST_DEPTH)}>
      <tr data-testid="saved-run" data-run={id}>
        <th scope="row">
          {depth > 0 && <span aria-hidden="true">↳ </span>}
          {name}
        </th>
        <td>
          <CompareBox run={run} />
        </td>
        <td className="number">
          {step} / {steps}
        </td>
        <td>
          <SmallCurve {...glance} />
        </td>
        <td className="number">
          <Score {...glance} />
        </td>
        <td className="number">{dateWords(savedAt)}</td>
        <td className="number">{formatBytes(bytes)}</td>
        <td>
          <span className="buttons">
            <RunActs run={run} step={chosen} choose={choose} />
            <button
              type="button"
              className="quiet"
              data-testid="run-more"
              aria-expanded={isOpen}
              aria-controls={details}
              aria-label={`More about ${name}`}
              onClick={() => setOpen(!isOpen)}
            >
              {isOpen ? 'Less' : 'More'}
            </button>
          </span>
        </td>
      </tr>
      <tr className="run-words">
        <td colSpan={COLUMNS.length + 1}>
          <RunWords run={run} runs={runs} onTag={onTag} />
        </td>
      </tr>
      {notes.length > 0 && <ReasonRow text={notes.join(' ')} testId="saved-run-notes" />}
      <tr id={details} hidden={!isOpen}>
        <td colSpan={COLUMNS.length + 1}>{isOpen && <RunDetails run={run} step={chosen} />}</td>
      </tr>
    </tbody>
  );
}

/** The latest evaluation, and the best one where that was another. */
function Score({ score }: StoredRun['glance']) {
  if (!score) return null;
  const { metric, value, best, step } = score;
  const words = (of: number) => (SCORES[metric] ? formatPercent(of) : formatMetric(of, 3));
  return (
    <span title={`On held-out rows at step ${step}`}>
      {SCORES[metric] ?? 'score'} {words(value)}
      {best !== value && <span className="muted"> (best {words(best)})</span>}
    </span>
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
