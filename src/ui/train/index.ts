/** Train: settings, Start, and how it goes. */
import { isActive } from '../../store/run-state.ts';
import { active, done, open, type Screen } from '../screen.ts';
import '../first-minute/first-minute.css';
import '../rewards/rewards.css';
import './charts.css';
import './rewards/rewards.css';
import './train.css';

export default {
  label: 'Train',
  stop({ run }) {
    if (isActive(run.state)) return active(`${run.step} / ${run.steps}`);
    return run.step > 0 ? done(`step ${run.step}`) : open();
  },
  load: () => import('./train-screen.tsx'),
} satisfies Screen;
