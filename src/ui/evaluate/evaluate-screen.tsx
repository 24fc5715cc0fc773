/** Evaluate: accuracy on held-out clips, before against after, with a sense taken away, and what is confused with what. */
import { useMemo, useState } from 'react';
import { counted } from '../../math/format.ts';
import { compareEvals } from '../../protocol/evaluation.ts';
import type { ClosedEval, EvalResult, OpenEval, Split } from '../../protocol/messages.ts';
import { useStudioState } from '../../store/react.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { ClipAnswers } from './clip-answers.tsx';
import { CommonConfusions } from './common-confusions.tsx';
import { ConfusionTable } from './confusion-table.tsx';
import { EvaluateBar } from './evaluate-bar.tsx';
import { EvalHistory } from './history.tsx';
import { KindSummary } from './kind-summary.tsx';
import { LabelTable } from './label-table.tsx';
import { PredictionsButton } from './predictions-button.tsx';
import { ReasoningTable } from './reasoning-table.tsx';
import { RewardMeans } from './reward-means.tsx';
import { ScoreSummary } from './score-summary.tsx';
import { ScoredAnswers } from './scored-answers.tsx';
import {
  baselinesOf,
  evalName,
  MOST_CONFUSED,
  newestOf,
  notCompared,
  type Selection,
  selectClips,
  startOf,
  worstFirst,
} from './scores.ts';

export default function EvaluateScreen() {
  const evals = useStudioState((state) => state.evals);
  // What a run measures by itself is what the next evaluation is compared with.
  const [split, setSplit] = useState<Split>(() => newestOf(evals)?.split ?? 'test');
  return (
    <>
      <EvaluateBar split={split} setSplit={setSplit} />
      <Problems commands={['evaluate']} />
      {evals.length === 0 && (
        <Empty>
          Scores and every answer will show here; where the answers are labels, also which label is taken for
          which. Evaluate the weights that a run begins with, before it or at any rest after it, to see what
          it changed.
        </Empty>
      )}
      {evals.length > 0 && <Evaluations evals={evals} />}
    </>
  );
}

function Evaluations({ evals }: { evals: readonly EvalResult[] }) {
  const metric = useStudioState(({ running }) => running?.bestMetric ?? 'auto');
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
      <NotCompared evals={evals} now={now} />
      <Scores key={evals.indexOf(now)} now={now} before={before} />
      <PredictionsButton result={now} />
      <EvalHistory
        evals={evals}
        now={now}
        metric={metric}
        show={(result) => choose(result === newestOf(evals) ? undefined : evals.indexOf(result))}
      />
    </>
  );
}

/** Labels up to which the table of confusions leaves room for another beside it. */
const MOST_BESIDE = 5;

/** Evaluations that measured something else, and what. */
function NotCompared({ evals, now }: { evals: readonly EvalResult[]; now: EvalResult }) {
  const reasons = notCompared(evals, now);
  if (reasons.length === 0) return null;
  return (
    <details className="not-compared" data-testid="not-compared">
      <summary>{counted(reasons.length, 'evaluation')} cannot be compared with this one</summary>
      <ul>
        {reasons.map((reason, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: equal evaluations may repeat, and the list is only read.
          <li key={index}>{reason}</li>
        ))}
      </ul>
    </details>
  );
}

function Scores({ now, before }: { now: EvalResult; before?: EvalResult }) {
  if (now.scores) return <RowScores now={now} before={before?.scores ? before : undefined} />;
  return <LabelScores now={now} before={before?.scores ? undefined : before} />;
}

/** Every row with its answer, the worst first, or those of a selection. */
function RowScores({ now, before }: { now: OpenEval; before?: OpenEval }) {
  const change = useMemo(() => (before ? compareEvals(before, now) : undefined), [before, now]);
  const [selection, select] = useState<Selection>();
  const all = useMemo(() => worstFirst(now.clips), [now]);
  const listed = selection && selectClips(selection, now, change);
  return (
    <>
      <KindSummary now={now} before={before} change={change} select={select} />
      <RewardMeans now={now} before={before} />
      {listed && (
        <button type="button" className="link" onClick={() => select(undefined)}>
          All answers
        </button>
      )}
      <ScoredAnswers
        key={listed?.title}
        title={listed?.title ?? 'the worst first'}
        clips={listed ? worstFirst(listed.clips) : all}
        before={before}
        isMixed={now.scores.kinds.length > 1}
      />
    </>
  );
}

function LabelScores({ now, before }: { now: ClosedEval; before?: ClosedEval }) {
  const change = useMemo(() => (before ? compareEvals(before, now) : undefined), [before, now]);
  const [selection, select] = useState<Selection | undefined>(
    now.unreadable > 0 ? { kind: 'unreadable' } : undefined,
  );
  const listed = selection && selectClips(selection, now, change);
  const labels = now.confusion.labels.length;
  const Confusions = labels <= MOST_CONFUSED ? ConfusionTable : CommonConfusions;
  const isWide = labels > MOST_BESIDE && labels <= MOST_CONFUSED;
  const unreadable = now.unreadable > 0 && (
    <button type="button" className="link" onClick={() => select({ kind: 'unreadable' })}>
      {now.unreadable} unreadable
    </button>
  );
  return (
    <>
      <ScoreSummary now={now} before={before} change={change} select={select} />
      <RewardMeans now={now} before={before} />
      <ReasoningTable now={now} before={before} />
      <div className={isWide ? 'stack' : 'columns'}>
        <Panel title="What is taken for what" aside={unreadable}>
          <Confusions result={now} selection={selection} select={select} />
        </Panel>
        <LabelTable now={now} before={before} />
      </div>
      {listed && <ClipAnswers key={listed.title} title={listed.title} clips={listed.clips} before={before} />}
    </>
  );
}
