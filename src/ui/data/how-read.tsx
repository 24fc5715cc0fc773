/** How the data set was read: what is asked of it, which columns say what, and the person's choice of both. */
import { counted } from '../../math/format.ts';
import type { DataSummary } from '../../protocol/messages.ts';
import { ASKS, type Ask, type ColumnChoice, ROLES, type Role } from '../../protocol/reading.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import type { ReadingChoice } from '../../store/reading.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { fire } from '../parts/fire.ts';
import { Panel } from '../parts/panel.tsx';

type Reading = NonNullable<DataSummary['reading']>;

/** Lists named; the rest is counted. */
const MOST_LISTS = 12;
/** Roles with a menu of their own, and what they are. */
const MENUS: Readonly<Record<Role, string>> = {
  media: 'what is shown or played',
  video: 'its picture',
  image: 'a picture',
  audio: 'its sound',
  question: 'what is asked',
  options: 'to choose from',
  answer: 'label or answer',
  split: 'train, val, test',
  speaker: 'who is seen or heard',
  start: 'of a part, in seconds',
  end: 'of a part, in seconds',
  system: 'before the question',
};

export function HowReadPanel({ reading }: { reading: Reading }) {
  const studio = useStudio();
  const busy = useStudioState(({ run }) => isUnderWay(run.state));
  const { asks, answered, lists } = reading;
  if (asks.length + answered.length + lists.length === 0) return null;
  const choose = (change: Partial<ReadingChoice>) => fire(studio.readAs({ ...choiceOf(reading), ...change }));
  const answer = (what: string, choice: string) =>
    choose({ answers: { ...choiceOf(reading).answers, [what]: choice } });
  return (
    <Panel title="How it was read" className="how-read">
      <div className="stack" data-testid="how-read">
        {asksInOrder(reading).map((ask) => (
          <AskGroup key={keyOf(ask)} ask={ask} busy={busy} onAnswer={answer} />
        ))}
        {lists.length > 0 && <Lists lists={lists} />}
        {lists.length > 0 && (
          <ColumnMenus reading={reading} busy={busy} onChoose={(columns) => choose({ columns })} />
        )}
      </div>
    </Panel>
  );
}

const keyOf = ({ what, choices }: Ask): string => `${what} ${choices[0]?.choice}`;

/** Open ones and answered ones in one list: whoever answers by keyboard stays where they are. */
const asksInOrder = ({ asks, answered }: Reading): Ask[] =>
  [...asks, ...answered].sort((a, b) => ASKS.indexOf(a.what) - ASKS.indexOf(b.what));

/** The choices as they are. */
const choiceOf = ({ chosen, answered }: Reading): ReadingChoice => ({
  columns: chosen,
  answers: Object.fromEntries(answered.map((ask) => [ask.what, ask.chosen ?? ''])),
});

interface AskGroupProps {
  ask: Ask;
  busy: boolean;
  onAnswer: (what: string, choice: string) => void;
}

/** A question of which one choice counts; nothing trains before it is answered. */
function AskGroup({ ask, busy, onAnswer }: AskGroupProps) {
  const { what, question, choices, chosen } = ask;
  return (
    <fieldset
      className={chosen === undefined ? 'ask open' : 'ask'}
      disabled={busy}
      data-testid={`ask-${what}`}
    >
      <legend>
        {chosen === undefined && <span className="tag">asked</span>} {question}
      </legend>
      {choices.map(({ choice, rows, example }) => (
        <label key={choice}>
          <input
            type="radio"
            name={`ask ${keyOf(ask)}`}
            checked={choice === chosen}
            onChange={() => onAnswer(what, choice)}
          />
          <strong>{what === 'level' ? `level ${choice}` : choice}</strong>
          <span className="muted number together">{counted(rows, 'row')}</span>
          {example !== undefined && <span className="muted example">{example}</span>}
        </label>
      ))}
      {chosen === undefined && <p className="muted">No run begins before this is answered.</p>}
    </fieldset>
  );
}

function Lists({ lists }: Pick<Reading, 'lists'>) {
  return (
    <ul className="lists" data-testid="read-lists">
      {lists.slice(0, MOST_LISTS).map(({ file, names, taken }) => (
        <li key={file}>
          <code>{file}</code>{' '}
          {Object.entries(taken)
            .map(([role, column]) => `${role}: ${column}`)
            .join(' · ') || 'nothing taken'}{' '}
          <span className="muted">of {names.length} columns</span>
        </li>
      ))}
      {lists.length > MOST_LISTS && <li className="muted">and {lists.length - MOST_LISTS} more lists</li>}
    </ul>
  );
}

interface ColumnMenusProps {
  reading: Reading;
  busy: boolean;
  onChoose: (columns: ColumnChoice) => void;
}

/** A menu for each role with the columns of the lists. */
function ColumnMenus({ reading: { lists, chosen }, busy, onChoose }: ColumnMenusProps) {
  const names = [...new Set(lists.flatMap((list) => list.names))];
  const takenFor = (role: Role) =>
    [...new Set(lists.flatMap(({ taken }) => taken[role] ?? []))].join(', ') || 'no column';
  const choose = (role: Role, name: string) => {
    const { [role]: _, ...others } = chosen;
    onChoose(name === '' ? others : { ...others, [role]: name });
  };
  return (
    <details data-testid="choose-columns" open={Object.keys(chosen).length > 0}>
      <summary>Choose the columns</summary>
      <div className="column-menus">
        {ROLES.map((role) => (
          <label key={role}>
            <span>
              {role} <span className="muted">{MENUS[role]}</span>
            </span>
            <select
              value={chosen[role] ?? ''}
              disabled={busy}
              data-testid={`column-${role}`}
              onChange={(event) => choose(role, event.target.value)}
            >
              <option value="">{chosen[role] === undefined ? takenFor(role) : 'as found by its name'}</option>
              {names.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
    </details>
  );
}
