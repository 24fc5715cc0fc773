/** All answers to a prompt beside each other: what each earned, and where winners and losers part. */

import { Fragment, useMemo } from 'react';
import { formatMetric } from '../../math/format.ts';
import type { Split } from '../../math/group-diff.ts';
import { wantsBareText } from '../../protocol/answer-search.ts';
import type { RolloutGroup } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { beforeSplit, type Card, groupCards, stretchesOf, waySentence } from './group-cards.ts';
import { signed } from './rows.ts';

interface GroupProps {
  readonly group: RolloutGroup;
  /** Shows one of its answers by itself. */
  readonly open: (place: number) => void;
}

export function GroupView({ group, open }: GroupProps) {
  const isBare = useStudioState(({ running }) => running !== undefined && wantsBareText(running));
  const { cards, split } = useMemo(() => groupCards(group, isBare), [group, isBare]);
  const most = Math.max(...cards.map(({ completion }) => Math.abs(completion.advantage)));
  return (
    <section className="group-view" aria-label="Answers of the group" data-testid="group-view">
      <SplitNote split={split} cards={cards} />
      <ul className="answer-cards">
        {cards.map((card) => (
          <AnswerCard key={card.places[0]} {...{ card, most, open }} label={group.label} />
        ))}
      </ul>
    </section>
  );
}

interface NoteProps {
  readonly split: Split | undefined;
  readonly cards: readonly Card[];
}

function SplitNote({ split, cards }: NoteProps) {
  if (!split) {
    const isEven = cards.every(({ completion }) => completion.advantage === 0);
    return (
      <p className="muted" data-testid="split">
        {isEven
          ? 'There are no winners and no losers: all answers earned the same.'
          : 'No word tells winners from losers: there are none of one side, or the same answer came out both ways.'}
      </p>
    );
  }
  return (
    <div className="split-note" data-testid="split">
      <p>
        {split.at === 0 ? (
          'Winners and losers part at the first word:'
        ) : (
          <>
            Winners and losers first part after <code>{beforeSplit(split)}</code>
          </>
        )}
      </p>
      <dl>
        {split.ways.map((way) => (
          <div key={way.next ?? ''}>
            <dt>{way.next === undefined ? 'the end' : <code>{way.next}</code>}</dt>
            <dd>{waySentence(way)}</dd>
          </div>
        ))}
      </dl>
      <p className="muted">
        Winners have an advantage above 0, losers one below. In each answer <b className="parts-sign">▸</b> is
        where it is like none of the other side any more; what is underlined is not in the nearest of them.
      </p>
    </div>
  );
}

interface CardProps {
  readonly card: Card;
  readonly label: string;
  /** The greatest advantage of the group, by size. */
  readonly most: number;
  readonly open: (place: number) => void;
}

function AnswerCard({ card, label, most, open }: CardProps) {
  const { completion, places, answer } = card;
  const { advantage, rewards, total, tokens, ended } = completion;
  const side = advantage > 0 ? 'won' : advantage < 0 ? 'lost' : 'even';
  return (
    <li className="answer-card" data-side={side} data-testid="answer-card">
      <p className="card-head">
        <Mark answer={answer} label={label} />
        <bdi className="card-answer" title={answer ?? undefined}>
          {answer ?? <span className="muted">no answer read</span>}
        </bdi>
        {places.length > 1 && <b className="number">×{places.length}</b>}
        <span className="number card-advantage">{signed(advantage)}</span>
      </p>
      <AdvantageBar advantage={advantage} most={most} />
      <AnswerText card={card} />
      <dl className="card-rewards number">
        {Object.entries(rewards).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatMetric(value, 3)}</dd>
          </div>
        ))}
        <div>
          <dt>total</dt>
          <dd>{formatMetric(total, 3)}</dd>
        </div>
        <div>
          <dt>length</dt>
          <dd>
            {tokens} {ended === 'length' ? 'cut ⚠' : ended}
          </dd>
        </div>
      </dl>
      <button type="button" className="link" onClick={() => open(places[0]!)}>
        token by token
      </button>
    </li>
  );
}

function Mark({ answer, label }: { readonly answer: string | null; readonly label: string }) {
  if (answer === null) return <span className="muted">–</span>;
  const isRight = answer === label;
  return (
    <span className={isRight ? 'right-mark' : 'negative'} role="img" aria-label={isRight ? 'right' : 'wrong'}>
      {isRight ? '✓' : '✗'}
    </span>
  );
}

/** From the middle to the right where the answer is better than its group, to the left where it is worse. */
function AdvantageBar({ advantage, most }: { readonly advantage: number; readonly most: number }) {
  const share = most > 0 && Number.isFinite(advantage) ? Math.abs(advantage) / most : 0;
  return (
    <span className="advantage-bar" aria-hidden="true">
      <span style={{ inlineSize: `${50 * share}%` }} />
    </span>
  );
}

function AnswerText({ card }: { readonly card: Card }) {
  const { pieces, parting } = card;
  return (
    <pre className="card-text">
      {stretchesOf(card).map(({ text, differs, parts }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a stretch is its place.
        <Fragment key={at}>
          {parts && <PartsSign />}
          {differs || parts ? (
            <mark className={differs ? 'differs' : 'parts'} {...(parts ? { 'data-testid': 'parts-at' } : {})}>
              {text}
            </mark>
          ) : (
            text
          )}
        </Fragment>
      ))}
      {parting.at === pieces.length && (
        <>
          <PartsSign />
          <mark className="parts" data-testid="parts-at">
            (ends)
          </mark>
        </>
      )}
      {pieces.length === 0 && parting.at === undefined && <span className="muted">(nothing)</span>}
    </pre>
  );
}

function PartsSign() {
  return (
    <b className="parts-sign" role="img" aria-label="parts here">
      ▸
    </b>
  );
}
