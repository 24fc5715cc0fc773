/** What to do once the demo was trained. */
import { useStudioState } from '../../store/react.ts';
import { goTo } from '../address.ts';

export function NextActs() {
  const isDone = useStudioState(({ run }) => run.state === 'finished');
  return (
    <p className="buttons next-acts" data-testid="next-acts">
      <span className="lead">{isDone ? 'You trained it. What next?' : 'What next?'}</span>
      <button type="button" className="primary" onClick={() => goTo('data')}>
        Train on your clips
      </button>
      <button type="button" onClick={() => goTo('model')}>
        Load HumanOmni 0.5B
      </button>
      <button type="button" onClick={() => goTo('evaluate')}>
        Evaluate it on held-out clips
      </button>
    </p>
  );
}
