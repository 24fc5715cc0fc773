/** Rollouts: what the model answered, step by step. */
import { counted } from '../../math/format.ts';
import { done, open, type Screen } from '../screen.ts';
import './all-steps.css';
import './group-view.css';
import './histogram.css';
import './rollouts.css';
import './token-view.css';

export default {
  label: 'Rollouts',
  stop: ({ rollouts }) => (rollouts.size > 0 ? done(counted(rollouts.size, 'step')) : open()),
  load: () => import('./rollouts-screen.tsx'),
} satisfies Screen;
