/** What of a model's folder was left aside, and how to open it: other models, and adapters to begin from. */
import type { ReactNode } from 'react';
import type { ModelChoice, ModelSummary } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { fire } from '../parts/fire.ts';

/** Buttons of each kind; the rest is counted. */
const MOST = 12;

export function FolderNotes({ model }: { model: ModelSummary }) {
  const { notes, others, adapters, choice } = model;
  if (notes.length === 0 && others.length === 0 && adapters.length === 0) return null;
  const { adapter, ...base } = choice;
  const begins = adapters.filter(({ path }) => path !== adapter);
  return (
    <div className="stack" data-testid="folder-notes">
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      <div className="buttons">
        {others.slice(0, MOST).map((folder) => (
          <Choose key={folder} choice={{ folder }}>
            Open {folder || 'the model at the top'}
          </Choose>
        ))}
        {others.length > MOST && <span className="muted">and {others.length - MOST} more</span>}
        {begins.slice(0, MOST).map(({ path }) => (
          <Choose key={`adapter ${path}`} choice={{ ...base, adapter: path }}>
            Begin from the adapter {path || 'at the top'}
          </Choose>
        ))}
        {adapter !== undefined && <Choose choice={base}>Open it without the adapter</Choose>}
      </div>
    </div>
  );
}

function Choose({ choice, children }: { choice: ModelChoice; children: ReactNode }) {
  const studio = useStudio();
  const busy = useStudioState(({ run }) => isUnderWay(run.state));
  return (
    <button type="button" disabled={busy} onClick={() => fire(studio.ask('openModelPart', { choice }))}>
      {children}
    </button>
  );
}
