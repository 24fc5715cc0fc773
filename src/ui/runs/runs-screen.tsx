/** Runs: the one at work, and those that this browser keeps. */
import { useState } from 'react';
import type { CommandType } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { CurrentRun } from './current-run.tsx';
import { ImportRun } from './import-run.tsx';
import { keptWords } from './kept-words.ts';
import { isFiltered, ORDERS, type Order, placed, tagsOf, type Wanted } from './run-order.ts';
import { RunTable } from './run-table.tsx';

const COMMANDS: readonly CommandType[] = [
  'resumeRun',
  'prolongRun',
  'aboutRun',
  'importRun',
  'deleteRun',
  'saveRunFiles',
];
const ALL: Wanted = { text: '', tag: '', order: 'saved' };

export default function RunsScreen() {
  const runs = useStudioState(({ stored }) => stored);
  const damaged = useStudioState(({ damagedRuns }) => damagedRuns);
  const [wanted, want] = useState(ALL);
  const shown = placed(runs, wanted);
  const nothingFits = shown.length === 0 && runs.length > 0;
  return (
    <>
      <Problems commands={COMMANDS} />
      <CurrentRun />
      <ImportRun />
      {runs.length + damaged.length === 0 ? (
        <Empty>
          Runs are kept on this device from their first checkpoint on, and listed here while no tab is at work
          on them.
        </Empty>
      ) : (
        <Panel title={keptWords(runs, damaged)} className="saved-runs">
          {runs.length > 1 && <Filters runs={runs} wanted={wanted} want={want} />}
          {nothingFits && (
            <p className="muted" role="status">
              None of {runs.length} runs fits.{' '}
              <button type="button" className="link" onClick={() => want({ ...ALL, order: wanted.order })}>
                Show all
              </button>
            </p>
          )}
          <RunTable
            shown={shown}
            runs={runs}
            damaged={isFiltered(wanted) ? [] : damaged}
            onTag={(tag) => want({ ...wanted, tag })}
          />
        </Panel>
      )}
    </>
  );
}

interface FiltersProps {
  runs: Parameters<typeof tagsOf>[0];
  wanted: Wanted;
  want: (wanted: Wanted) => void;
}

function Filters({ runs, wanted, want }: FiltersProps) {
  const tags = tagsOf(runs);
  return (
    <search className="toolbar" aria-label="Runs">
      <input
        type="search"
        aria-label="Filter runs by words of their names, tags, notes, model or data"
        placeholder="name, tag, note, model, data"
        data-testid="runs-filter"
        value={wanted.text}
        onChange={({ target }) => want({ ...wanted, text: target.value })}
      />
      {tags.length > 0 && (
        <label>
          tag{' '}
          <select
            data-testid="runs-tag"
            value={tags.includes(wanted.tag) ? wanted.tag : ''}
            onChange={({ target }) => want({ ...wanted, tag: target.value })}
          >
            <option value="">any</option>
            {tags.map((tag) => (
              <option key={tag}>{tag}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        order{' '}
        <select
          data-testid="runs-order"
          value={wanted.order}
          onChange={({ target }) => want({ ...wanted, order: target.value as Order })}
        >
          {Object.entries(ORDERS).map(([order, words]) => (
            <option key={order} value={order}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}
