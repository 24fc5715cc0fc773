/** Bench: how fast this device is. */
import { counted } from '../../math/format.ts';
import { active, done, open, type Screen } from '../screen.ts';
import './bench.css';

export default {
  label: 'Bench',
  stop({ bench, pending }) {
    if ([...pending.values()].includes('bench')) return active('');
    return bench ? done(counted(bench.report.rows.length, 'row')) : open();
  },
  load: () => import('./bench-screen.tsx'),
} satisfies Screen;
