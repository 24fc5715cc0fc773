/** What a row of the table opens to. */
import { useState } from 'react';
import type { Completion } from '../../protocol/messages.ts';
import { ClipBeside } from './clip-beside.tsx';
import type { RolloutRow } from './rows.ts';
import { type TokenColours, TokenView } from './token-view.tsx';

interface DetailProps {
  readonly row: RolloutRow;
  /** Of which step it is, and how many answers that has. */
  readonly step: number;
  readonly answers: number;
  readonly colours: TokenColours;
}

/** What it is about, and beside that the answer in full. */
export function AnswerDetail({ row, step, answers, colours }: DetailProps) {
  const { completion, exampleId, question, label, place } = row;
  return (
    <div className="answer-detail">
      <ClipBeside key={exampleId} {...{ exampleId, question, label }} />
      <div className="answer-side">
        <Answer completion={completion} />
        <TokenView {...{ step, answers, colours, place, advantage: completion.advantage }} />
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
