/** The page: one worker, one studio, one tree. The embedded demo opens by itself, so that Start is all it takes. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { workerPort } from '../store/port.ts';
import { createStudio } from '../store/studio.ts';
import { App } from './app.tsx';
import { loadRecorded } from './first-minute/load.ts';
import { exposeHeadless } from './headless.ts';
import { keptSettings } from './kept-settings.ts';
import { fire } from './parts/fire.ts';
import { keepOffline } from './shell/offline.ts';

if (new URLSearchParams(location.search).has('headless')) exposeHeadless(workerPort());
else show();

function show(): void {
  const studio = createStudio(workerPort(), keptSettings);
  fire(studio.ask('openDemo'));
  loadRecorded(studio);
  // While developing, files change under the page.
  if (import.meta.env.PROD) keepOffline();
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <App studio={studio} />
    </StrictMode>,
  );
}
