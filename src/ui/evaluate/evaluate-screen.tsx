/** Evaluate: accuracy on held-out clips, before against after, with a sense taken away, and what is confused with what. */
import { useMemo, useState } from 'react';
import { compareEvals } from '../../protocol/evaluation.ts';
import type { EvalResult, Split } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { ClipAnswers } from './clip-answers.tsx';
import { ConfusionTable } from './confusion-table.tsx';
import { EvaluateBar } from './evaluate-bar.tsx';
import { EvalHistory } from './history.tsx';
import { LabelTable } from './label-table.tsx';
import { ScoreSummary } from './score-summary.tsx';
import { baselinesOf, evalName, newestOf, type Selection, selectClips, startOf } from './scores.ts';

/** Questions may have an answer each: a table of so many answers says nothing. */
const MOST_ANSWERS = 30;

export default function EvaluateScreen() {
  const evals = useStudioState((state) => state.evals);
  const [split, setSplit] = useState<Split>('test');
  return (
    <>
      <EvaluateBar split={split} setSplit={setSplit} />
      <Problems commands={['evaluate']} />
      {evals.length === 0 && (
        <Empty>
          Accuracy and the confusion table will show here. The weights that a run begins with can be measured
          before it or at any rest after it, to see the difference.
        </Empty>
      )}
      {evals.length > 0 && <Evaluations evals={evals} />}
    </>
  );
}

function Evaluations({ evals }: { evals: readonly EvalResult[] }) {
  const metric = useStudioState(({ running }) => running?.bestMetric ?? 'eval/war');
  const [chosen, choose] = useState<number>();
  const [against, setAgainst] = useState<number>();
  const now = evals[chosen ?? -1] ?? newestOf(evals)!;
  const baselines = baselinesOf(evals, now);
  const picked = evals[against ?? -1];
  const before = picked && baselines.includes(picked) ? picked : startOf(evals, now);
  return (
    <>
      {baselines.length > 0 && (
        <label>
          {evalName(now)}, compared with{' '}
          <select
            data-testid="against"
            value={before ? evals.indexOf(before) : ''}
            onChange={({ target }) => setAgainst(Number(target.value))}
          >
            {!before && <option value="">nothing</option>}
            {baselines.map((result) => (
              <option key={evals.indexOf(result)} value={evals.indexOf(result)}>
                {evalName(result)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Scores key={evals.indexOf(now)} now={now} before={before} />
      <EvalHistory
        evals={evals}
        now={now}
        metric={metric}
        show={(result) => choose(result === newestOf(evals) ? undefined : evals.indexOf(result))}
      />
    </>
  );
}

function Scores({ now, before }: { now: EvalResult; before?: EvalResult }) {
  const change = useMemo(() => (before ? compareEvals(before, now) : undefined), [before, now]);
  const [selection, select] = useState<Selection | undefined>(
    now.unreadable > 0 ? { kind: 'unreadable' } : undefined,
  );
  const isOfLabels = useStudioState(({ data }) => data?.kind !== 'questions');
  const listed = selection && selectClips(selection, now, change);
  return (
    <>
      <ScoreSummary now={now} before={before} change={change} select={select} />
      {(isOfLabels || now.confusion.labels.length <= MOST_ANSWERS) && (
        <div className="columns">
          <Panel
            title="What is taken for what"
            aside={
              now.unreadable > 0 && (
                <button type="button" className="link" onClick={() => select({ kind: 'unreadable' })}>
                  {now.unreadable} unreadable
                </button>
              )
            }
          >
            <ConfusionTable result={now} selection={selection} select={select} />
          </Panel>
          <LabelTable now={now} before={before} />
        </div>
      )}
      {listed && <ClipAnswers key={listed.title} title={listed.title} clips={listed.clips} before={before} />}
    </>
  );
}
