/** What a row of the table opens to. */
import { useState } from 'react';
import type { Completion } from '../../protocol/messages.ts';
import { exampleOf } from '../../store/examples.ts';
import { useStudioState } from '../../store/react.ts';
import type { RolloutRow } from './rows.ts';
import { type TokenColours, TokenView } from './token-view.tsx';

interface DetailProps {
  readonly row: RolloutRow;
  /** Of which step it is, and how many answers that has. */
  readonly step: number;
  readonly answers: number;
  readonly colours: TokenColours;
}

/** The answer in full, and before it what it answers, which the table cuts. */
export function AnswerDetail({ row, step, answers, colours }: DetailProps) {
  const { completion, exampleId, question, label, place } = row;
  const [raw, setRaw] = useState(false);
  const asked = useStudioState(({ data }) => question ?? exampleOf(data, exampleId)?.question);
  return (
    <div className="answer-detail">
      {asked !== undefined && (
        <p data-testid="asked">
          <span className="muted">question</span> <bdi>{asked}</bdi>
        </p>
      )}
      <p>
        <span className="muted">truth</span> <bdi>{label}</bdi>
      </p>
      <pre data-testid="completion-text">{raw ? completion.rawText : completion.text}</pre>
      {completion.extras && <Logged extras={completion.extras} />}
      <p className="muted number">
        <label>
          <input type="checkbox" checked={raw} onChange={({ target }) => setRaw(target.checked)} /> with
          special tokens
        </label>
      </p>
      <TokenView {...{ step, answers, colours, place, advantage: completion.advantage }} />
    </div>
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
