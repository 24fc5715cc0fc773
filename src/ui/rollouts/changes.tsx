/** The answers whose advantage changes most, each with its text and the way to its clip. */
import { useEffect, useState } from 'react';
import { formatMetric } from '../../math/format.ts';
import type { Completion } from '../../protocol/messages.ts';
import { exampleOf } from '../../store/examples.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { answersOf } from '../../store/step-answers.ts';
import type { Studio } from '../../store/studio.ts';
import { goTo } from '../address.ts';
import { fire } from '../parts/fire.ts';
import { useWords } from '../parts/use-words.ts';
import type { Change } from './what-if.ts';

/** Shows the answers of a step that hold a text, and goes to the one at that place of the step. */
export type ShowAnswer = (step: number, place: number, text: string) => void;

interface ChangesProps {
  readonly changes: readonly Change[];
  readonly show: ShowAnswer;
}

export function Changes({ changes, show }: ChangesProps) {
  const words = useWords();
  const texts = useTexts(changes);
  if (changes.length === 0) return <p className="muted">No advantage changes.</p>;
  return (
    <div className="scrolls">
      <table className="what-if" data-testid="largest-changes">
        <caption>Largest changes</caption>
        <thead>
          <tr>
            <th scope="col">step</th>
            <th scope="col">{words('clip')}</th>
            <th scope="col">answer</th>
            <th scope="col" className="right">
              advantage as trained
            </th>
            <th scope="col" className="right">
              as tried
            </th>
          </tr>
        </thead>
        <tbody>
          {changes.map((change, at) => (
            <tr key={`${change.step} ${change.place}`}>
              <td className="number">{change.step}</td>
              <td>
                <ToClip exampleId={change.exampleId} />
              </td>
              <td>
                <button
                  type="button"
                  className="link answer-text"
                  onClick={() => show(change.step, change.place, texts[at]?.text ?? '')}
                >
                  {texts[at]?.text || `answer ${change.index + 1}`}
                </button>
              </td>
              <td className="right number">{formatMetric(change.before, 3)}</td>
              <td className="right number">{formatMetric(change.after, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ToClip({ exampleId }: { exampleId: string }) {
  const studio = useStudio();
  const name = useStudioState(({ data }) => exampleOf(data, exampleId)?.path ?? exampleId);
  const show = () => {
    fire(studio.preview(exampleId));
    goTo('data');
  };
  return (
    <button type="button" className="link" onClick={show}>
      {name}
    </button>
  );
}

/** The answers themselves. */
function useTexts(changes: readonly Change[]): readonly (Completion | undefined)[] {
  const studio = useStudio();
  const [texts, setTexts] = useState<readonly (Completion | undefined)[]>([]);
  useEffect(() => {
    let wanted = true;
    fire(
      Promise.all(changes.map((change) => answerOf(studio, change))).then((found) => {
        if (wanted) setTexts(found);
      }),
    );
    return () => {
      wanted = false;
    };
  }, [studio, changes]);
  return texts;
}

async function answerOf(studio: Studio, { step, exampleId, index, place }: Change) {
  const groups = await answersOf(studio, step);
  const size = groups[0]?.completions.length ?? 1;
  const group = groups[Math.floor(place / size)];
  return group?.exampleId === exampleId ? group.completions[index] : undefined;
}
