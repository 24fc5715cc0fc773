/** The real page over a pretended worker. `?gpu=0`, `?clips=5000` and `?stepMs=5` set the stage. */
import { createRoot } from 'react-dom/client';
import { createStudio } from '../../../src/store/studio.ts';
import { App } from '../../../src/ui/app.tsx';
import { fire } from '../../../src/ui/parts/fire.ts';
import { fakePort } from '../fake-port.ts';

const query = new URLSearchParams(location.search);
const number = (name: string, otherwise: number) => Number(query.get(name) ?? otherwise);
const studio = createStudio(
  fakePort({ gpu: number('gpu', 1) === 1, clips: number('clips', 96), stepMs: number('stepMs', 20) }),
);
if (number('demo', 1) === 1) fire(studio.openDemo());
createRoot(document.getElementById('root')!).render(<App studio={studio} />);
