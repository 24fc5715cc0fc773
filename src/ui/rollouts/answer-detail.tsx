/** What a row of the table opens to. */
import { useRef, useState } from 'react';
import type { Completion } from '../../protocol/messages.ts';
import { goTo } from '../address.ts';
import { useWords } from '../parts/use-words.ts';
import { ClipBeside } from './clip-beside.tsx';
import { GroupView } from './group-view.tsx';
import type { RolloutRow } from './rows.ts';
import { type TokenColours, TokenView } from './token-view.tsx';

/** An answer by itself, or all of its group. */
export type DetailView = 'answer' | 'group';

interface DetailProps {
  readonly view: DetailView;
  readonly setView: (view: DetailView) => void;
  readonly row: RolloutRow;
  /** Of which step it is, and how many answers that has. */
  readonly step: number;
  readonly answers: number;
  readonly colours: TokenColours;
}

/** What it is about, and beside that the answer in full, or all answers of its group. */
export function AnswerDetail({ row, step, answers, colours, view, setView }: DetailProps) {
  const { group, completion, exampleId, question, label } = row;
  const words = useWords();
  const own = group.completions.indexOf(completion);
  const [shown, show] = useState(own);
  const ofAnswer = useRef<HTMLButtonElement>(null);
  const { advantage } = group.completions[shown]!;
  const views = [
    ['answer', `answer ${shown + 1} of ${group.completions.length}`, ofAnswer],
    ['group', `all ${group.completions.length} beside each other`, undefined],
  ] as const;
  return (
    <div className="answer-detail">
      <ClipBeside key={exampleId} {...{ exampleId, question, label }} />
      <div className="answer-side">
        <div className="view-choice">
          {views.map(([each, text, ref]) => (
            <button
              key={each}
              ref={ref}
              type="button"
              aria-pressed={view === each}
              onClick={() => setView(each)}
            >
              {text}
            </button>
          ))}
          <button
            type="button"
            data-testid="clip-over-steps"
            onClick={() => goTo('rollouts', { clip: exampleId })}
          >
            {words('this clip over all steps')}
          </button>
        </div>
        {view === 'group' ? (
          <GroupView
            group={group}
            open={(place) => {
              show(place);
              setView('answer');
              ofAnswer.current?.focus();
            }}
          />
        ) : (
          <>
            <Answer completion={group.completions[shown]!} />
            <TokenView
              {...{ step, answers, colours, advantage, exampleId, place: row.place - own + shown }}
            />
          </>
        )}
      </div>
    </div>
  );
}

function Answer({ completion }: { completion: Completion }) {
  const [raw, setRaw] = useState(false);
  return (
    <>
      <pre data-testid="completion-text">{raw ? completion.rawText : completion.text}</pre>
      {completion.extras && <Logged extras={completion.extras} />}
      <p className="muted number">
        <label>
          <input type="checkbox" checked={raw} onChange={({ target }) => setRaw(target.checked)} /> with
          special tokens
        </label>
      </p>
    </>
  );
}

/** What rewards logged of an answer. */
function Logged({ extras }: { extras: NonNullable<Completion['extras']> }) {
  return (
    <dl className="logged" aria-label="Logged by rewards">
      {Object.entries(extras).map(([column, value]) => (
        <div key={column}>
          <dt>{column}</dt>
          <dd>{value === null ? <span className="muted">–</span> : String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
