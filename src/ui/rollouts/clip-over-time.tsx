/** One clip over all steps: how often its answers were right, what they earned, and the answers themselves, step by step. */
import { useEffect, useMemo, useState } from 'react';
import { type AnswerQuery, type ClipVisit, NO_FILTER, wantsBareText } from '../../protocol/answer-search.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { goTo } from '../address.ts';
import { Answers, ClipLink } from '../evaluate/clip-answers.tsx';
import { evalName } from '../evaluate/scores.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { useWords } from '../parts/use-words.ts';
import { ClipCurve } from './clip-curve.tsx';
import { type ClipMeasure, clipLine, measuresOf } from './clip-words.ts';
import { useFoundAnswers } from './found-answers.ts';
import { FoundList } from './found-list.tsx';

export function ClipOverTime({ exampleId }: { readonly exampleId: string }) {
  const words = useWords();
  const isBare = useStudioState(({ running }) => running !== undefined && wantsBareText(running));
  const visits = useVisits(exampleId, isBare);
  const evals = useStudioState((state) => state.evals);
  const measures = useMemo(() => measuresOf(evals, exampleId), [evals, exampleId]);
  const isNowhere = visits?.length === 0 && measures.length === 0;
  return (
    <section
      className="clip-over-time"
      aria-label={words('The clip over all steps')}
      data-testid="clip-over-time"
    >
      <div className="toolbar">
        <ClipLink exampleId={exampleId} />
        <span className="muted" data-testid="clip-line">
          {visits && clipLine(visits, measures)}
        </span>
        <button type="button" onClick={() => goTo('rollouts')}>
          Back to the steps
        </button>
      </div>
      {isNowhere && (
        <Empty>
          {words(
            'No step of this run has drawn the clip so far, and no evaluation that is known here has asked it.',
          )}
        </Empty>
      )}
      {visits && !isNowhere && (
        <div className="clip-curves">
          <ClipCurve kind="right" {...{ visits, measures }} />
          {visits.length > 0 && <ClipCurve kind="reward" {...{ visits, measures: NO_MEASURES }} />}
        </div>
      )}
      {measures.length > 0 && <Measures measures={measures} />}
      {visits !== undefined && visits.length > 0 && <ByStep {...{ exampleId, isBare }} />}
    </section>
  );
}

const NO_MEASURES: readonly ClipMeasure[] = [];

/** Every step that drew the clip; undefined until the worker has told. They are asked for again as the run goes on. */
function useVisits(exampleId: string, bare: boolean): readonly ClipVisit[] | undefined {
  const studio = useStudio();
  const steps = useStudioState(({ rollouts }) => rollouts.size);
  const [visits, setVisits] = useState<readonly ClipVisit[]>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another step may have drawn it.
  useEffect(() => {
    let wanted = true;
    const show = (next: readonly ClipVisit[] | undefined) => {
      if (wanted && next) setVisits(next);
    };
    studio.ask('clipAnswers', { exampleId, bare }).then(
      (answer) => show(answer.visits),
      () => show([]),
    );
    return () => {
      wanted = false;
    };
  }, [studio, exampleId, bare, steps]);
  return visits;
}

/** What evaluations read in its answers; those that are on the page. */
function Measures({ measures }: { readonly measures: readonly ClipMeasure[] }) {
  return (
    <Panel title="When it was held out">
      <div className="scrolls">
        <table data-testid="clip-measures">
          <thead>
            <tr>
              <th scope="col">evaluation</th>
              <th scope="col">read as</th>
              <th scope="col">answer</th>
            </tr>
          </thead>
          <tbody>
            {measures.map(({ result, clip, right }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a step may be measured twice.
              <tr key={at}>
                <td>{evalName(result)}</td>
                <td>
                  {clip.exact ?? clip.tolerant ?? <span className="muted">nothing</span>}
                  {right === 1 && <span className="right-mark"> ✓</span>}
                </td>
                <td>
                  <Answers clip={clip} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function ByStep({ exampleId, isBare }: { readonly exampleId: string; readonly isBare: boolean }) {
  const words = useWords();
  const query = useMemo<AnswerQuery>(
    () => ({ filter: { ...NO_FILTER, exampleId }, bare: isBare, order: 'step', rising: true }),
    [exampleId, isBare],
  );
  const { found, isBehind, again, show } = useFoundAnswers(query);
  if (!found) return <p className="muted">{words('Answers to the clip are being read…')}</p>;
  return (
    <>
      {isBehind && (
        <button type="button" onClick={again}>
          The run has gone on: read again
        </button>
      )}
      <FoundList
        name={words('Answers to the clip, by step')}
        {...{ found, isBare, show }}
        open={({ step, place }) => goTo('rollouts', { step: `${step}`, answer: `${place}` })}
      />
    </>
  );
}
