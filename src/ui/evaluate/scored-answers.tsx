/** Rows that were scored by their kind: right answer, what was read, score, and the answers in full. */
import { useState } from 'react';
import { counted } from '../../math/format.ts';
import { evalKind } from '../../protocol/eval-kinds.ts';
import type { EvalClip, OpenEval } from '../../protocol/messages.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { useWords } from '../parts/use-words.ts';
import { Answers, ClipLink } from './clip-answers.tsx';
import { answerCounts, evalName, scoreWords } from './scores.ts';

/** Rows in the page at once; more on demand. */
const PAGE_ROWS = 50;

interface AnswersProps {
  title: string;
  clips: readonly EvalClip[];
  before?: OpenEval;
  /** Whether rows are of several kinds. */
  isMixed: boolean;
}

export function ScoredAnswers({ title, clips, before, isMixed }: AnswersProps) {
  const [limit, setLimit] = useState(PAGE_ROWS);
  const words = useWords();
  const earlier = before && new Map(before.clips.map(({ exampleId, score }) => [exampleId, score]));
  return (
    <Panel title={`${counted(clips.length, words('clip'))}: ${title}`}>
      {clips.length === 0 && <Empty>{words('No clip is among these.')}</Empty>}
      {clips.length > 0 && (
        <div className="scrolls">
          <table className="eval-clips" data-testid="scored-answers">
            <thead>
              <tr>
                <th scope="col">{words('clip')}</th>
                {isMixed && <th scope="col">scored by</th>}
                <th scope="col">right answer</th>
                <th scope="col">read as</th>
                <th scope="col" className="right">
                  score
                </th>
                {before && (
                  <th scope="col" className="right" title={evalName(before)}>
                    before
                  </th>
                )}
                <th scope="col">answer</th>
              </tr>
            </thead>
            <tbody>
              {clips.slice(0, limit).map((clip) => (
                <AnswerRow
                  key={clip.exampleId}
                  clip={clip}
                  isMixed={isMixed}
                  earlier={earlier && (earlier.get(clip.exampleId) ?? Number.NaN)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {clips.length > limit && (
        <button type="button" onClick={() => setLimit(limit + PAGE_ROWS)}>
          Show more of {clips.length}
        </button>
      )}
    </Panel>
  );
}

interface RowProps {
  clip: EvalClip;
  isMixed: boolean;
  earlier: number | undefined;
}

function AnswerRow({ clip, isMixed, earlier }: RowProps) {
  const { exampleId, label, kind = 'exact', score = Number.NaN, answers } = clip;
  const spread = answers.length > 1 ? ` mean of ${answers.length}` : '';
  return (
    <tr data-testid="scored-answer">
      <td>
        <ClipLink exampleId={exampleId} />
      </td>
      {isMixed && <td className="kind">{evalKind(kind).label}</td>}
      <td title={label}>
        <LongText text={label} />
      </td>
      <td>
        <LongText text={answerCounts(clip)} />
      </td>
      <td className="number right">
        {scoreWords(kind, score)}
        {spread && <span className="muted">{spread}</span>}
      </td>
      {earlier !== undefined && <td className="number right muted">{scoreWords(kind, earlier)}</td>}
      <td>
        <Answers clip={clip} />
      </td>
    </tr>
  );
}

function LongText({ text }: { text: string }) {
  return (
    <span className="long-text">
      <bdi>{text}</bdi>
    </span>
  );
}
