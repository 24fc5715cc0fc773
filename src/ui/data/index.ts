/** Data: bring clips in, and look at them. */
import { counted } from '../../math/format.ts';
import { inWords } from '../parts/use-words.ts';
import { done, open, type Screen } from '../screen.ts';
import './data.css';

export default {
  label: 'Data',
  stop: ({ data, model }) =>
    data
      ? (data.reading?.asks.length ?? 0) > 0
        ? open('to be answered')
        : done(counted(data.count, inWords({ data, model }, 'clip')))
      : open(),
  load: () => import('./data-screen.tsx'),
} satisfies Screen;
