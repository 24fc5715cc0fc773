/** The score of each kind of rows with how sure it is, their mean, and what changed since the baseline. */
import type { Interval } from '../../math/bootstrap.ts';
import { type EvalKind, evalKind } from '../../protocol/eval-kinds.ts';
import { type ScoreChange, scoreName } from '../../protocol/evaluation.ts';
import type { KindScore, OpenEval } from '../../protocol/messages.ts';
import { useWords } from '../parts/use-words.ts';
import { ChangeLine, COLUMN_HELP, IntervalOf, NO_CHANGE, PassRates } from './score-summary.tsx';
import { evalName, gainWords, headline, type Selection, scoreWords } from './scores.ts';

interface SummaryProps {
  now: OpenEval;
  before?: OpenEval;
  change?: ScoreChange;
  select: (selection: Selection) => void;
}

export function KindSummary({ now, before, change, select }: SummaryProps) {
  const { unreadable, kinds } = now.scores;
  const gain = change ? ` (${gainWords(kinds[0]!.kind, change.score.change)})` : '';
  return (
    <>
      <p className="lead scores number" data-testid="scores">
        <b>
          {scoreName(now)} {headline(now)}
        </b>
        {gain} · n = {now.n} ·{' '}
        {unreadable > 0 ? (
          <button type="button" className="link" onClick={() => select({ kind: 'unreadable' })}>
            {unreadable} unreadable
          </button>
        ) : (
          '0 unreadable'
        )}{' '}
        <span className="muted">
          {now.split}, {evalName(now)}
          {before && `, against ${evalName(before)}`}
        </span>
      </p>
      <div className="scrolls">
        <KindTable now={now} before={before} change={change} />
      </div>
      <PassRates result={now} />
      {change && <ChangeLine change={change} select={select} />}
    </>
  );
}

const NO_INTERVAL = 'All of these clips score the same: more clips would tell.';

function KindTable({ now, before, change }: Omit<SummaryProps, 'select'>) {
  const words = useWords();
  const { kinds, score, interval } = now.scores;
  const since = before && change;
  return (
    <table className="score-table number" data-testid="kind-table">
      <thead>
        <tr>
          <th scope="col">answers scored by</th>
          <th scope="col">{words('clips')}</th>
          <th scope="col">score</th>
          <th scope="col" title={words(COLUMN_HELP.interval)}>
            95 % interval
          </th>
          <th scope="col" title="The answer equals the right one letter by letter.">
            exact
          </th>
          <th scope="col" title={COLUMN_HELP.tolerant}>
            tolerant
          </th>
          {since && (
            <>
              <th scope="col">before</th>
              <th scope="col">change</th>
              <th scope="col" title={words(COLUMN_HELP.paired)}>
                95 % interval of the change
              </th>
            </>
          )}
        </tr>
      </thead>
      <tbody>
        {kinds.map((each) => (
          <KindRow key={each.kind} each={each} before={before} change={change} />
        ))}
        {kinds.length > 1 && (
          <tr>
            <th scope="row" title="Every kind counts alike, however many rows it has.">
              mean of the kinds
            </th>
            <td>{now.n}</td>
            <td>{headline(now)}</td>
            <td>
              <IntervalOf ends={interval} write={(end) => scoreWords('exact', end)} why={NO_INTERVAL} />
            </td>
            <td>{kinds.reduce((all, { exact }) => all + exact, 0)}</td>
            <td>{kinds.reduce((all, { tolerant }) => all + tolerant, 0)}</td>
            {since && (
              <ChangeCells kind="exact" before={before.scores.score} change={change.score} score={score} />
            )}
          </tr>
        )}
      </tbody>
    </table>
  );
}

interface RowProps extends Omit<SummaryProps, 'now' | 'select'> {
  each: KindScore;
}

function KindRow({ each, before, change }: RowProps) {
  const words = useWords();
  const { kind, n, score, interval, exact, tolerant } = each;
  const { label, help } = evalKind(kind);
  const earlier = before?.scores.kinds.find((other) => other.kind === kind);
  const changed = change?.kinds.find((other) => other.kind === kind);
  return (
    <tr data-testid="kind-row">
      <th scope="row" title={help}>
        {label}
        <span className="muted kind-help">{words(help)}</span>
      </th>
      <td>{n}</td>
      <td>{scoreWords(kind, score)}</td>
      <td>
        <IntervalOf ends={interval} write={(end) => scoreWords(kind, end)} why={NO_INTERVAL} />
      </td>
      <td>{exact}</td>
      <td>{tolerant}</td>
      {earlier && changed && (
        <ChangeCells kind={kind} before={earlier.score} change={changed.change} score={score} />
      )}
    </tr>
  );
}

interface ChangeProps {
  kind: EvalKind;
  before: number;
  score: number;
  change: { readonly change: number; readonly interval: Interval | null };
}

function ChangeCells({ kind, before, change }: ChangeProps) {
  return (
    <>
      <td>{scoreWords(kind, before)}</td>
      <td>{gainWords(kind, change.change)}</td>
      <td>
        <IntervalOf ends={change.interval} write={(end) => gainWords(kind, end)} why={NO_CHANGE} />
      </td>
    </>
  );
}
