/** Export: weights, adapters, and bundles to go on elsewhere. */
import { done, open, type Screen } from '../screen.ts';
import './export.css';

export default {
  label: 'Export',
  stop({ exported, run }) {
    if (!exported) return open();
    if (exported.step < run.step) return open(`step ${exported.step} only`);
    return done(exported.place === '' ? 'ready' : 'saved');
  },
  load: () => import('./export-screen.tsx'),
} satisfies Screen;
