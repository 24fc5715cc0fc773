/** The real page over a pretended worker. `?gpu=0`, `?clips=5000`, `?stepMs=5`, `?models=1`, `?scorer=1`, `?broken=1`, `?stored=1`, `?loads=1` (until `loaded()` is called), `?fails=1`, `?unwellAt=9`, `?evals=open`, `?keep=1`, `?asks=1`, `?family=qwen3`, `?own=40`, `?recorded=1` and `?demo=0` set the stage. */
import { createRoot } from 'react-dom/client';
import type { Command } from '../../../src/protocol/messages.ts';
import type { Port } from '../../../src/store/port.ts';
import { recordedFrom } from '../../../src/store/recorded.ts';
import { createStudio } from '../../../src/store/studio.ts';
import { App } from '../../../src/ui/app.tsx';
import { keptSettings } from '../../../src/ui/kept-settings.ts';
import { fire } from '../../../src/ui/parts/fire.ts';
import { FAKE_FAMILIES, type FakeFamily, fakePort } from '../fake-port.ts';
import { MADE_EVALS } from '../made-evals.ts';
import { madeRecorded } from '../made-recorded.ts';

const FAMILIES = Object.keys(FAKE_FAMILIES) as FakeFamily[];
const query = new URLSearchParams(location.search);
const number = (name: string, otherwise: number) => Number(query.get(name) ?? otherwise);
/** A test says when a run is ready: a page on a busy machine is late. */
const loading = new Promise<void>((loaded) => {
  Object.assign(globalThis, { loaded });
});
const port = fakePort({
  gpu: number('gpu', 1) === 1,
  clips: number('clips', 96),
  stepMs: number('stepMs', 20),
  models: number('models', 0) === 1,
  scorer: number('scorer', 0) === 1,
  broken: number('broken', 0) === 1,
  stored: number('stored', 0) === 1,
  loaded: number('loads', 0) === 1 ? loading : undefined,
  fails: number('fails', 0) === 1,
  unwellAt: number('unwellAt', 0),
  asks: number('asks', 0) === 1,
  family: FAMILIES.find((name) => name === query.get('family')),
  own: number('own', 0),
  evals: MADE_EVALS.find((made) => made === query.get('evals')),
});

/** What the page has sent; files by path and size, so that a test can read them from outside. */
const sent: unknown[] = [];
Object.assign(globalThis, { sent });
const readable = (command: Command) =>
  'files' in command
    ? { ...command, files: command.files.map(({ path, file }) => ({ path, size: file.size })) }
    : command;

const listened: Port = {
  ...port,
  post(command) {
    sent.push(readable(command));
    port.post(command);
  },
};
const studio = createStudio(listened, number('keep', 0) === 1 ? keptSettings : undefined);
if (number('demo', 1) === 1) fire(studio.ask('openDemo'));
if (number('recorded', 0) === 1) studio.store.setState({ recorded: recordedFrom(madeRecorded()) });
createRoot(document.getElementById('root')!).render(<App studio={studio} />);
