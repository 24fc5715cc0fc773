/** WAR and UAR with how sure they are, what changed since the baseline, and the scores of several answers. */
import type { Interval } from '../../math/bootstrap.ts';
import { formatPercent } from '../../math/format.ts';
import type { EvalChange, LabelChange } from '../../protocol/evaluation.ts';
import type { ClosedEval, EvalResult } from '../../protocol/messages.ts';
import { useWords } from '../parts/use-words.ts';
import { evalName, points, type Selection } from './scores.ts';

interface SummaryProps {
  now: ClosedEval;
  before?: ClosedEval;
  change?: LabelChange;
  select: (selection: Selection) => void;
}

export function ScoreSummary({ now, before, change, select }: SummaryProps) {
  const since = (key: 'war' | 'uar') => (change ? ` (${points(change[key].change)})` : '');
  return (
    <>
      <p className="lead scores number" data-testid="scores">
        <b>WAR {formatPercent(now.war)}</b>
        {since('war')} · <b>UAR {formatPercent(now.uar)}</b>
        {since('uar')} · n = {now.n} · {now.unreadable} unreadable{' '}
        <span className="muted">
          {now.split}, {evalName(now)}
          {before && `, against ${evalName(before)}`}
        </span>
      </p>
      <div className="scrolls">
        <ScoreTable now={now} before={before} change={change} />
      </div>
      <PassRates result={now} vote={now.war} />
      {change && <ChangeLine change={change} select={select} />}
    </>
  );
}

const SCORES = [
  {
    key: 'war',
    name: 'WAR',
    interval: 'interval',
    help: 'Weighted average recall: the share of clips right.',
  },
  {
    key: 'uar',
    name: 'UAR',
    interval: 'uarInterval',
    help: 'Unweighted average recall: the mean recall of the labels among the clips.',
  },
] as const;

export const COLUMN_HELP = {
  exact: 'The answer equals the label letter by letter.',
  tolerant: 'Case, outer punctuation and noun forms (anger, happiness) do not matter.',
  interval: 'Percentile bootstrap over the clips, 2000 resamples.',
  paired: 'Bootstrap of the difference: both evaluations on the same resampled clips.',
};

/** Why an interval cannot be estimated. */
const NO_INTERVAL = {
  war: 'All of these clips are right, or none is: more clips would tell.',
  uar: 'Of every label all clips are right, or none is: more clips would tell.',
};
export const NO_CHANGE = 'These clips changed alike, or did not change: more clips would tell.';

function ScoreTable({ now, before, change }: Omit<SummaryProps, 'select'>) {
  const words = useWords();
  return (
    <table className="score-table number" data-testid="score-table">
      <thead>
        <tr>
          <td />
          <th scope="col" title={COLUMN_HELP.exact}>
            exact match
          </th>
          <th scope="col" title={words(COLUMN_HELP.interval)}>
            95 % interval
          </th>
          <th scope="col" title={COLUMN_HELP.tolerant}>
            tolerant match
          </th>
          {before && change && (
            <>
              <th scope="col">before</th>
              <th scope="col">change, points</th>
              <th scope="col" title={words(COLUMN_HELP.paired)}>
                95 % interval of the change
              </th>
            </>
          )}
        </tr>
      </thead>
      <tbody>
        {SCORES.map(({ key, name, interval, help }) => (
          <tr key={key}>
            <th scope="row" title={words(help)}>
              {name}
            </th>
            <td>{formatPercent(now[key])}</td>
            <td>
              <IntervalOf ends={now[interval]} write={formatPercent} why={NO_INTERVAL[key]} />
            </td>
            <td>{formatPercent(now.tolerant[key])}</td>
            {before && change && (
              <>
                <td>{formatPercent(before[key])}</td>
                <td>{points(change[key].change)}</td>
                <td>
                  <IntervalOf ends={change[key].interval} write={points} why={NO_CHANGE} />
                </td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface IntervalProps {
  ends: Interval | null | undefined;
  write: (value: number) => string;
  /** Why there may be none. */
  why: string;
}

/** "41.2 % to 63.0 %"; where the clips cannot tell, that. Runs of earlier versions kept intervals without width instead. */
export function IntervalOf({ ends, write, why }: IntervalProps) {
  const words = useWords();
  if (ends === undefined || ends === null || ends[0] === ends[1]) {
    return (
      <span className="muted" title={words(why)}>
        cannot be estimated<span className="sr-only">: {words(why)}</span>
      </span>
    );
  }
  return (
    <>
      {write(ends[0])} to {write(ends[1])}
    </>
  );
}

/** Chances that one of so many answers is right; `vote`: what the majority of all of them scores. */
export function PassRates({ result, vote }: { result: EvalResult; vote?: number }) {
  if (!result.passAtK) return null;
  return (
    <p className="number" data-testid="pass-rates">
      {result.passAtK.map(({ k, value }) => (
        <span key={k} title={`Chance that at least one of ${k} sampled answers is right, without bias`}>
          pass@{k} {formatPercent(value)} ·{' '}
        </span>
      ))}
      {vote === undefined ? (
        <span>the score above is the mean of {result.sampled?.samples} answers</span>
      ) : (
        <span title="The label most answers name; of equal ones the one named first">
          maj@{result.sampled?.samples} {formatPercent(vote)} (the vote, as scored above and below)
        </span>
      )}
    </p>
  );
}

const CHANGE_NAMES = { fixed: 'fixed', broken: 'broken', changed: 'with another answer' };
const SCORE_CHANGE_NAMES = { ...CHANGE_NAMES, fixed: 'with a higher score', broken: 'with a lower score' };

export function ChangeLine({
  change,
  select,
}: {
  change: EvalChange;
  select: (selection: Selection) => void;
}) {
  const words = useWords();
  const names = change.score ? SCORE_CHANGE_NAMES : CHANGE_NAMES;
  return (
    <p className="number" data-testid="change">
      On the same {change.n} {words('clips')}:{' '}
      {(['fixed', 'broken', 'changed'] as const).map((kind, index) => (
        <span key={kind}>
          {index > 0 && ' · '}
          <button
            type="button"
            className="link"
            data-testid={`select-${kind}`}
            onClick={() => select({ kind })}
          >
            {change[kind].length} {names[kind]}
          </button>
        </span>
      ))}
    </p>
  );
}
