/** What a line of the list cannot hold of a run: its tags and notes, where it comes from, and in what it differs. */

import type { StoredRun } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { shortened } from '../parts/shortened.ts';
import { useFields } from '../parts/use-words.ts';
import { compared, type Difference, differences } from './differences.ts';

/** Differences that are named before the rest is counted. */
const MOST_NAMED = 6;
/** Characters of the notes that are shown. */
const MOST_NOTES = 160;

interface WordsProps {
  run: StoredRun;
  runs: readonly StoredRun[];
  onTag: (tag: string) => void;
}

export function RunWords({ run, runs, onTag }: WordsProps) {
  const { about, model, data, from, fork, prolonged = [], demo, sameDevice } = run;
  const origin = from && (runs.find(({ id }) => id === from.id)?.name ?? from.name);
  return (
    <>
      <p className="muted">
        {model} on {data}
        {from && `, ${fork ? 'a fork of' : 'from'} ${origin} at step ${from.step}${forkWords(fork)}`}
        {prolonged.map(({ step, steps }) => `, prolonged from ${steps} steps at step ${step}`)}
        {!demo && <ToOpenFirst run={run} />}
        {!sameDevice && ' (another GPU: its last digits will differ)'}
        {about.tags.map((tag) => (
          <button
            key={tag}
            type="button"
            className="run-tag"
            title={`Show the runs tagged ${tag}`}
            onClick={() => onTag(tag)}
          >
            {tag}
          </button>
        ))}
      </p>
      <WhatDiffers run={run} runs={runs} />
      {about.notes.trim() !== '' && (
        <p className="run-notes" data-testid="run-notes">
          {shortened(about.notes, MOST_NOTES)}
        </p>
      )}
    </>
  );
}

function forkWords(fork: StoredRun['fork']): string {
  if (!fork) return '';
  if (fork.anew) return ' (its weights, steps counted anew)';
  return fork.optimizer === 'fresh' ? ' (with a fresh optimizer)' : '';
}

function WhatDiffers({ run, runs }: Omit<WordsProps, 'onTag'>) {
  const fieldBy = useFields();
  const before = compared(run, runs);
  if (!before) return null;
  const found = differences(before, run);
  const label = ({ key }: Difference) => (key === 'model' || key === 'data' ? key : fieldBy(key).label);
  const words = found.slice(0, MOST_NAMED).map((each) => `${label(each)} ${each.from} → ${each.to}`);
  const rest = found.length - words.length;
  return (
    <p className="run-differs" data-testid="run-differs">
      <span className="muted">against {before.name}: </span>
      {words.length > 0 ? words.join('; ') : 'the same settings'}
      {rest > 0 && ` and ${rest} more`}
    </p>
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
