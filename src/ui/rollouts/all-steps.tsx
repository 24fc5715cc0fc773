/** A search among the answers of all steps: what passes, in an order of the person's choice, each the way to its step. */
import { useState } from 'react';
import { ANSWER_ORDERS, type AnswerFilter, type AnswerOrder } from '../../protocol/answer-search.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { goTo, leaveBehind } from '../address.ts';
import { Empty } from '../parts/panel.tsx';
import { type AllStepsAsked, allStepsAddress, noneLine, ORDER_WORDS, withCommas } from './all-steps-words.ts';
import { type Finding, useFoundAnswers } from './found-answers.ts';
import { FoundList } from './found-list.tsx';

interface AllStepsProps {
  readonly filter: AnswerFilter;
  readonly isBare: boolean;
  /** How the address has them ordered. */
  readonly asked: AllStepsAsked;
}

export function AllSteps({ filter, isBare, asked }: AllStepsProps) {
  const [order, setOrder] = useState<AnswerOrder>(asked.order);
  const [rising, setRising] = useState(asked.rising);
  const finding = useFoundAnswers({ filter, bare: isBare, order, rising });
  const { found, isSearching, ended, show } = finding;
  return (
    <section className="all-steps" aria-label="Answers of all steps" data-testid="all-steps">
      <div className="toolbar">
        <label>
          sorted by{' '}
          <select value={order} onChange={({ target }) => setOrder(target.value as AnswerOrder)}>
            {ANSWER_ORDERS.map((each) => (
              <option key={each} value={each}>
                {ORDER_WORDS[each].name}
              </option>
            ))}
          </select>
        </label>
        <button type="button" data-testid="turn-order" onClick={() => setRising(!rising)}>
          {rising ? ORDER_WORDS[order].rising : ORDER_WORDS[order].falling}
        </button>
        <State finding={finding} />
      </div>
      {ended !== undefined && <p className="notice">{ended}</p>}
      {found?.total === 0 && !isSearching && ended === undefined && (
        <Empty>{noneLine(filter, found.of)}</Empty>
      )}
      {found && found.total > 0 && ended === undefined && (
        <FoundList
          key={`${order} ${rising} ${JSON.stringify(filter)}`}
          name="Answers that were found"
          {...{ found, isBare, show }}
          open={({ step, place }) => {
            leaveBehind(allStepsAddress(filter, { order, rising }));
            goTo('rollouts', { step: `${step}`, answer: `${place}` });
          }}
        />
      )}
    </section>
  );
}

/** How far the search is, and what it found. */
function State({ finding: { found, isSearching, isBehind, again } }: { readonly finding: Finding }) {
  const studio = useStudio();
  const progress = useStudioState((state) => state.progress);
  const isFar = isSearching && progress?.what === SEARCHING;
  return (
    <>
      <span role="status" className="muted number" data-testid="found-count">
        {isSearching
          ? `Searching${isFar ? ` ${Math.floor((100 * progress.done) / progress.total)} %` : ''}…`
          : found && `${withCommas(found.total)} of ${withCommas(found.of)} answers`}
      </span>
      {isFar && (
        <button type="button" onClick={() => studio.tell('stopFinding')}>
          Stop
        </button>
      )}
      {isBehind && (
        <button type="button" onClick={again}>
          The run has gone on: search again
        </button>
      )}
    </>
  );
}

/** What the worker calls it. */
const SEARCHING = 'Searching the answers';
