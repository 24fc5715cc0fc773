/** Data: bring clips in, and look at them. */
import { counted } from '../../math/format.ts';
import { done, open, type Screen } from '../screen.ts';
import './data.css';

export default {
  label: 'Data',
  stop: ({ data }) =>
    data
      ? (data.reading?.asks.length ?? 0) > 0
        ? open('to be answered')
        : done(counted(data.count, data.kind === 'clips' ? 'clip' : 'question'))
      : open(),
  load: () => import('./data-screen.tsx'),
} satisfies Screen;
