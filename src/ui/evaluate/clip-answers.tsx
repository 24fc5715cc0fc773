/** The clips of a selection: truth, what was read, what was read before, and the answers in full. */
import { useState } from 'react';
import { counted } from '../../math/format.ts';
import type { EvalAnswer, EvalClip, EvalResult } from '../../protocol/messages.ts';
import { exampleOf } from '../../store/examples.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { goTo } from '../address.ts';
import { fire } from '../parts/fire.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { asksQuestions, useWords } from '../parts/use-words.ts';
import { answerCounts, evalName } from './scores.ts';

/** Rows in the page at once; more on demand. */
const PAGE_ROWS = 50;

interface AnswersProps {
  title: string;
  clips: readonly EvalClip[];
  before?: EvalResult;
}

export function ClipAnswers({ title, clips, before }: AnswersProps) {
  const [limit, setLimit] = useState(PAGE_ROWS);
  const words = useWords();
  const earlier = before && new Map(before.clips.map((clip) => [clip.exampleId, clip]));
  return (
    <Panel title={`${counted(clips.length, words('clip'))}: ${title}`}>
      {clips.length === 0 && <Empty>{words('No clip is among these.')}</Empty>}
      {clips.length > 0 && (
        <table className="eval-clips" data-testid="eval-clips">
          <thead>
            <tr>
              <th scope="col">{words('clip')}</th>
              <th scope="col">truth</th>
              <th scope="col">read as</th>
              <th scope="col">tolerantly</th>
              {before && (
                <th scope="col" title={evalName(before)}>
                  before
                </th>
              )}
              <th scope="col">answer</th>
            </tr>
          </thead>
          <tbody>
            {clips.slice(0, limit).map((clip) => (
              <ClipRow
                key={clip.exampleId}
                clip={clip}
                earlier={earlier && (earlier.get(clip.exampleId)?.exact ?? 'unreadable')}
              />
            ))}
          </tbody>
        </table>
      )}
      {clips.length > limit && (
        <button type="button" onClick={() => setLimit(limit + PAGE_ROWS)}>
          Show more of {clips.length}
        </button>
      )}
    </Panel>
  );
}

function ClipRow({ clip, earlier }: { clip: EvalClip; earlier: string | undefined }) {
  const { exampleId, label, exact, tolerant } = clip;
  const words = useWords();
  return (
    <tr data-testid="eval-clip">
      <td>
        <ClipLink exampleId={exampleId} />{' '}
        <button
          type="button"
          className="link"
          data-testid="clip-over-steps"
          aria-label={words('The clip over all steps')}
          title={words('The clip over all steps')}
          onClick={() => goTo('rollouts', { clip: exampleId })}
        >
          over steps
        </button>
      </td>
      <td>{label}</td>
      <td>
        {exact ?? <span className="muted">unreadable</span>}{' '}
        {exact === label && (
          <span className="right-mark" role="img" aria-label="right">
            ✓
          </span>
        )}
      </td>
      <td>{tolerant === exact ? <span className="muted">the same</span> : (tolerant ?? 'unreadable')}</td>
      {earlier !== undefined && <td className="muted">{earlier}</td>}
      <td>
        <Answers clip={clip} />
      </td>
    </tr>
  );
}

/** A clip by its name and what is asked about it, or a question; pressed, it is shown as the model gets it. */
export function ClipLink({ exampleId }: { exampleId: string }) {
  const studio = useStudio();
  const words = useWords();
  const example = useStudioState(({ data }) => exampleOf(data, exampleId));
  const isText = useStudioState(({ data }) => data?.kind === 'questions');
  const open = () => {
    fire(studio.preview(exampleId));
    goTo('data');
  };
  const asked = useStudioState(asksQuestions) && example?.question;
  return (
    <>
      <button
        type="button"
        className="link"
        title={example?.question ?? words('See the clip')}
        onClick={open}
      >
        {(isText && asked) || (example?.path.split('/').pop() ?? exampleId)}
      </button>
      {!isText && asked && (
        <span className="muted asked">
          <bdi>{asked}</bdi>
        </span>
      )}
    </>
  );
}

export function Answers({ clip }: { clip: EvalClip }) {
  const { answers } = clip;
  const [first] = answers;
  const summary = answers.length > 1 ? answerCounts(clip) : first && answerLine(first);
  if (first?.text === undefined) return <span className="muted">{summary}</span>;
  return (
    <details>
      <summary>{summary}</summary>
      {answers.map(({ text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: answers are known by their place only.
        <pre key={index}>{text}</pre>
      ))}
    </details>
  );
}

/** What stands between the tags; without tags, the beginning of the text. */
function answerLine({ answer, text = 'no answer tags' }: EvalAnswer): string {
  return answer ?? (text.trim().slice(0, 60) || '(nothing)');
}
