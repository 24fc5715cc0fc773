/** The table of answers; a row opens to its full text. */
import { Fragment, useEffect, useState } from 'react';
import { formatMetric } from '../../math/format.ts';
import { exampleOf } from '../../store/examples.ts';
import { useStudioState } from '../../store/react.ts';
import type { AnswerFigure } from '../explain/asked.ts';
import { Figure } from '../explain/figure.tsx';
import { useRoving } from '../parts/use-roving.ts';
import { useWords } from '../parts/use-words.ts';
import { useKey } from '../shell/keys.ts';
import { AnswerDetail, type DetailView } from './answer-detail.tsx';
import { type RolloutRow, signed } from './rows.ts';
import type { TokenColours } from './token-view.tsx';

/** Rows in the page at once; more on demand. */
const PAGE_ROWS = 256;

interface TableProps {
  readonly rows: readonly RolloutRow[];
  readonly rewards: readonly string[];
  /** Of which step they are, and how many answers it has. */
  readonly step: number;
  readonly answers: number;
  readonly colours: TokenColours;
  /** Place in its step of an answer that the focus is to go to. */
  readonly wanted?: number | undefined;
  readonly onFound: () => void;
  /** Place in its step of the answer that is open from the first. */
  readonly opened?: number | undefined;
}

export function RolloutTable({ rows, rewards, step, answers, colours, wanted, onFound, opened }: TableProps) {
  const asked = rows.findIndex(({ place }) => place === opened);
  const [open, setOpen] = useState(rows[asked]?.id);
  const [view, setView] = useState<DetailView>('answer');
  const [limit, setLimit] = useState(Math.max(PAGE_ROWS, asked + 1));
  const shown = rows.slice(0, limit);
  const { list, at, setAt, go, onKeyDown, move } = useRoving<HTMLTableSectionElement>(shown.length);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each answer that is asked for.
  useEffect(() => {
    if (wanted === undefined) return;
    const found = shown.findIndex(({ place }) => place === wanted);
    if (found >= 0) go(found);
    onFound();
  }, [wanted]);
  useKey(['j', 'k'], move);
  const openGroup = (place: number) => {
    setAt(place);
    setOpen(shown[place]?.id);
    setView('group');
  };
  useKey(['g'], () => {
    if (open === undefined) openGroup(at);
    else setView(view === 'group' ? 'answer' : 'group');
  });
  const words = useWords();
  const hasKl = rows.some(({ completion }) => completion.meanKl !== undefined);
  const columns = rewards.length + (hasKl ? 9 : 8);
  return (
    <>
      <table className="rollouts">
        <thead>
          <tr>
            <th scope="col">{words('clip')}</th>
            <th scope="col">truth</th>
            <th scope="col">completion</th>
            <th scope="col">answer</th>
            {rewards.map((name) => (
              <th key={name} scope="col" className="right">
                {name}
              </th>
            ))}
            <th scope="col" className="right">
              total
            </th>
            <th
              scope="col"
              className="right"
              title="How much better than its group; what the gradient is weighed by"
            >
              advantage
            </th>
            {hasKl && (
              <th scope="col" className="right" title="Drift from start, mean over the tokens, in nats">
                KL
              </th>
            )}
            <th scope="col" className="right">
              length
            </th>
            <th scope="col">ended</th>
          </tr>
        </thead>
        <tbody ref={list} onKeyDown={(event) => isOnRow(event.target) && onKeyDown(event)}>
          {shown.map((row, place) => (
            <Fragment key={row.id}>
              <AnswerRow
                row={row}
                rewards={rewards}
                hasKl={hasKl}
                step={step}
                place={place}
                isTabStop={place === at}
                open={open === row.id}
                openGroup={() => openGroup(place)}
                toggle={() => {
                  setAt(place);
                  setOpen(open === row.id ? undefined : row.id);
                }}
              />
              {open === row.id && (
                <tr className="detail">
                  <td colSpan={columns}>
                    <AnswerDetail {...{ row, step, answers, colours, view, setView }} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
      {rows.length > limit && (
        <button type="button" onClick={() => setLimit(limit + PAGE_ROWS)}>
          Show more ({rows.length - limit} left)
        </button>
      )}
    </>
  );
}

/** What a row opened to has arrow keys of its own: a player, a choice, tokens. */
const isOnRow = (target: EventTarget): boolean => target instanceof Element && !target.closest('.detail');

interface RowProps {
  row: RolloutRow;
  rewards: readonly string[];
  hasKl: boolean;
  step: number;
  place: number;
  /** One row of the table can be reached by the tab key; the others from there. */
  isTabStop: boolean;
  open: boolean;
  toggle: () => void;
  /** Opens it to all answers of its group. */
  openGroup: () => void;
}

function AnswerRow({ row, rewards, hasKl, step, place, isTabStop, open, toggle, openGroup }: RowProps) {
  const { completion, answer, label, first, exampleId, question, group } = row;
  const example = useStudioState(({ data }) => exampleOf(data, exampleId));
  const isText = useStudioState(({ data }) => data?.kind === 'questions');
  const name = (example?.path ?? exampleId).split('/').pop();
  const asked = question ?? (isText ? example?.question : undefined);
  const right = answer === label;
  const figure = (title: string, of: AnswerFigure, shown: string) => (
    <Figure
      name={title}
      of={{ kind: 'answer', step, place: row.place, figure: of }}
      tabIndex={isTabStop ? 0 : -1}
    >
      {shown}
    </Figure>
  );
  return (
    <tr className={first ? 'first' : ''} data-testid="rollout-row" data-open={open} onClick={toggle}>
      <td className="clip-path" title={first ? asked : undefined}>
        {first && !(isText && asked) && (
          <button
            type="button"
            className="clip-link"
            tabIndex={-1}
            title="All answers beside each other (g)"
            onClick={(event) => {
              event.stopPropagation();
              openGroup();
            }}
          >
            {name}
          </button>
        )}
        {first && asked && (
          <span className={isText ? 'asked' : 'muted asked'}>
            <bdi>{asked}</bdi>
          </span>
        )}
      </td>
      <td className="truth" title={first ? label : undefined}>
        {first && <bdi>{label}</bdi>}
      </td>
      <td className="answer-text">
        <button
          type="button"
          className="row-button"
          aria-expanded={open}
          data-place={place}
          tabIndex={isTabStop ? 0 : -1}
        >
          {completion.text || <span className="muted">(nothing)</span>}
        </button>
      </td>
      <td className="answer-read">
        {answer ?? <span className="muted">–</span>} {right && <span className="right-mark">✓</span>}
      </td>
      {rewards.map((name) => (
        <td key={name} className="number right" data-name={name}>
          {figure(name, { reward: name }, formatMetric(completion.rewards[name], 3))}
        </td>
      ))}
      <td className="number right" data-name="total">
        {figure('total', 'total', formatMetric(completion.total, 3))}
      </td>
      <td className={`number right ${completion.advantage < 0 ? 'negative' : ''}`} data-name="advantage">
        {group.leftOut ? <LeftOut /> : figure('advantage', 'advantage', signed(completion.advantage))}
      </td>
      {hasKl && (
        <td className="number right" data-name="KL">
          {figure('KL', 'kl', formatMetric(completion.meanKl, 2))}
        </td>
      )}
      <td className="number right" data-name="length">
        {figure('length', 'length', String(completion.tokens))}
      </td>
      <td>{completion.ended === 'length' ? 'cut ⚠' : completion.ended}</td>
    </tr>
  );
}

function LeftOut() {
  return (
    <span
      className="muted"
      title="All answers scored the same: another clip was asked in its place, and this one trained nothing."
    >
      left out
    </span>
  );
}
