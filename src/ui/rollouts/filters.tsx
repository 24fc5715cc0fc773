/** Which answers are shown: of one step or of all, and what they have to be. */
import { type Dispatch, useRef } from 'react';
import { shortened } from '../parts/shortened.ts';
import { useKey } from '../shell/keys.ts';
import type { RolloutFilter } from './rows.ts';

export type Scope = 'step' | 'all';

interface ScopeProps {
  readonly scope: Scope;
  readonly setScope: Dispatch<Scope>;
}

const SCOPES: readonly (readonly [Scope, string])[] = [
  ['step', 'this step'],
  ['all', 'all steps'],
];

export function ScopeChoice({ scope, setScope }: ScopeProps) {
  useKey(['a'], () => setScope(scope === 'all' ? 'step' : 'all'));
  return (
    <fieldset className="scope-choice" aria-label="Answers of">
      {SCOPES.map(([each, text]) => (
        <button
          key={each}
          type="button"
          data-testid={`scope-${each}`}
          aria-pressed={scope === each}
          onClick={() => setScope(each)}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}

interface FiltersProps {
  filter: RolloutFilter;
  setFilter: Dispatch<RolloutFilter>;
  labels: readonly string[];
}

export function Filters({ filter, setFilter, labels }: FiltersProps) {
  const search = useRef<HTMLInputElement>(null);
  useKey(['/'], () => search.current?.focus());
  return (
    <>
      <select
        aria-label="Label"
        value={filter.label ?? ''}
        onChange={({ target }) => setFilter({ ...filter, label: target.value || undefined })}
      >
        <option value="">all labels</option>
        {labels.map((label) => (
          <option key={label} value={label}>
            {shortened(label)}
          </option>
        ))}
      </select>
      <label>
        <input
          type="checkbox"
          checked={filter.wrongOnly}
          onChange={({ target }) => setFilter({ ...filter, wrongOnly: target.checked })}
        />{' '}
        wrong only
      </label>
      <label>
        <input
          type="checkbox"
          checked={filter.silentOnly}
          onChange={({ target }) => setFilter({ ...filter, silentOnly: target.checked })}
        />{' '}
        groups without signal
      </label>
      <label>
        <input
          type="checkbox"
          checked={filter.cutOnly}
          onChange={({ target }) => setFilter({ ...filter, cutOnly: target.checked })}
        />{' '}
        cut short
      </label>
      <input
        ref={search}
        type="search"
        placeholder="search answers  /"
        aria-label="Search answers"
        value={filter.search}
        onChange={({ target }) => setFilter({ ...filter, search: target.value })}
      />
    </>
  );
}
