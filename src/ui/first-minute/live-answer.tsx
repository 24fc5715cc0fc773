/** The answer that is being sampled, as it is written. */
import { exampleOf } from '../../store/examples.ts';
import { useStudioState } from '../../store/react.ts';
import { shortened } from '../parts/shortened.ts';
import { asksQuestions } from '../parts/use-words.ts';

export function LiveAnswer() {
  const live = useStudioState((state) => state.live);
  const example = useStudioState(({ data }) => exampleOf(data, live?.exampleId));
  const asked = useStudioState(asksQuestions) ? example?.question : undefined;
  if (!live) return null;
  return (
    <p className="live" data-testid="live">
      <span className="muted number">
        Now, step {live.step}, {asked ? shortened(asked) : (example?.path ?? live.exampleId)}, {live.tokens}{' '}
        tokens:
      </span>{' '}
      <q>{live.text}</q>
      <span className="caret" aria-hidden="true" />
    </p>
  );
}
