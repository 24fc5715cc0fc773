/** Evaluate: scores on held-out clips. */
import { done, open, type Screen } from '../screen.ts';
import { headline, newestOf } from './scores.ts';
import './evaluate.css';

export default {
  label: 'Evaluate',
  stop({ evals, run }) {
    const last = newestOf(evals.filter(({ mute }) => mute === undefined));
    if (!last) return open();
    const score = headline(last, 0);
    // Training has gone on since: the number is of earlier weights, and there is something to do here again.
    return last.step < run.step ? open(`${score} at step ${last.step}`) : done(score);
  },
  load: () => import('./evaluate-screen.tsx'),
} satisfies Screen;
