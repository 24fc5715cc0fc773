/** Runs: those that are kept on this device, and what to do with them. */
import { done, open, type Screen } from '../screen.ts';
import './runs.css';

export default {
  label: 'Runs',
  stop({ stored, damagedRuns }) {
    const kept = stored.length + damagedRuns.length;
    return kept > 0 ? done(String(kept)) : open();
  },
  load: () => import('./runs-screen.tsx'),
} satisfies Screen;
