/** The run at work: what it is called, and what is written down about it. Those at rest are in the list. */
import { useEffect, useState } from 'react';
import type { RunAbout } from '../../protocol/run-about.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { Panel } from '../parts/panel.tsx';
import { AboutForm } from './about-form.tsx';

export function CurrentRun() {
  const studio = useStudio();
  const runId = useStudioState(({ saved, stored }) =>
    saved && stored.every(({ id }) => id !== saved.id) ? saved.id : undefined,
  );
  const name = useStudioState(({ saved }) => saved?.name);
  const [found, setFound] = useState<{ runId: string; about: RunAbout }>();
  useEffect(() => {
    if (runId !== undefined) fire(studio.ask('aboutRun', { runId }).then(setFound));
  }, [studio, runId]);
  if (runId === undefined || found?.runId !== runId) return null;
  return (
    <Panel title={`At work: ${name}`}>
      <AboutForm key={runId} runId={runId} about={found.about} />
    </Panel>
  );
}
