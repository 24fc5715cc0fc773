/** Settings that an address or a file brings: what they would change, and what of them was not taken. Nothing changes unpressed. */
import { useState } from 'react';
import type { ConfigKey } from '../../../protocol/config.ts';
import { useStudio, useStudioState } from '../../../store/react.ts';
import { draftChanges, type Edits } from '../../../store/settings.ts';
import { HeldButton } from '../../parts/held-button.tsx';
import { ChangeList } from './change-list.tsx';

export interface Brought {
  /** Where from, as the beginning of a sentence. */
  readonly whose: string;
  readonly values: Edits;
  readonly refused: readonly string[];
}

const NOTHING: ReadonlySet<ConfigKey> = new Set();
/** Refusals that are named before the rest is counted. */
const MOST_REFUSED = 12;

export function BroughtSettings({ brought, onDone }: { brought: Brought; onDone: () => void }) {
  const studio = useStudio();
  const draft = useStudioState((state) => state.draft);
  const [except, setExcept] = useState(NOTHING);
  const { whose, values, refused } = brought;
  const changes = draftChanges(draft, { ...draft, ...values });
  const taken = changes.filter(({ key }) => !except.has(key));
  return (
    <section className="preset-preview" aria-label="Settings that were brought" data-testid="brought">
      <p role="status">
        {whose} {changes.length === 0 ? 'changes nothing in the form.' : 'would change:'}
      </p>
      <ChangeList changes={changes} except={except} onExcept={setExcept} testId="brought-changes" />
      {refused.length > 0 && (
        <>
          <p>Not taken:</p>
          <ul className="refused muted" data-testid="brought-refused">
            {refused.slice(0, MOST_REFUSED).map((line) => (
              <li key={line}>{line}</li>
            ))}
            {refused.length > MOST_REFUSED && <li>and {refused.length - MOST_REFUSED} more</li>}
          </ul>
        </>
      )}
      <p className="buttons">
        {changes.length > 0 && (
          <HeldButton
            className="primary"
            data-testid="apply-brought"
            disabled={taken.length === 0}
            onClick={() => {
              studio.editAll(Object.fromEntries(taken.map(({ key, to }) => [key, to])) as Edits);
              onDone();
            }}
          >
            Change {taken.length === 1 ? 'this one' : `these ${taken.length}`}
          </HeldButton>
        )}{' '}
        <button type="button" data-testid="leave-brought" onClick={onDone}>
          Leave it
        </button>
      </p>
    </section>
  );
}
