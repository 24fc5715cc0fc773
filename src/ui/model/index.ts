/** Model: what trains, and where it comes from. */
import { formatCount } from '../../math/format.ts';
import { done, open, type Screen } from '../screen.ts';
import './model.css';

export default {
  label: 'Model',
  stop({ model }) {
    const parameters = Object.values(model?.parts ?? {}).reduce((total, count) => total + count, 0);
    return model ? done(formatCount(parameters)) : open();
  },
  load: () => import('./model-screen.tsx'),
} satisfies Screen;
