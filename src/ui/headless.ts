/**
 * The page without a screen, for programs that drive it (`index.html?headless`): commands in by `post`, events out by
 * `take`, folders through a file input, exported files in base64 pieces. The worker behind it is the same.
 */
import type {
  Command,
  CommandOf,
  Event,
  ExportedFile,
  ModelChoice,
  SourceFile,
} from '../protocol/messages.ts';
import type { Port } from '../store/port.ts';
import { keepFiles, readStored, type StoredFile, storedFiles } from './stored-files.ts';

export interface HeadlessStudio {
  post(command: Command): void;
  /**
   * Posts `openData`, `openModel` or `openRewardModel` with the folder chosen in the page's input of folders, or, where `paths` are given, with the
   * files chosen in its input of files, in that order.
   */
  open(type: 'openData' | 'openModel' | 'openRewardModel', requestId: number, asked: Asked): void;
  /** Events since the last call, at least one: waits where there was none. Of exported files only name and size. */
  take(): Promise<unknown[]>;
  /** Bytes [start, end) of an exported file, base64. */
  piece(name: string, start: number, end: number): Promise<string>;
  /** Files of a stored run. */
  stored(runId: string): Promise<StoredFile[]>;
  /** Bytes [start, end) of a file of a stored run, base64; undefined when it has gone or is being written. */
  storedPiece(runId: string, name: string, start: number, end: number): Promise<string | undefined>;
  /** Stores the run whose folder was chosen in the page's file input; the folder's name is the run's id. */
  keepRun(): Promise<void>;
}

interface Asked {
  readonly paths?: readonly string[] | undefined;
  readonly choice?: ModelChoice | undefined;
  /** What a person chose of how data is read. */
  readonly how?: Pick<CommandOf<'openData'>, 'columns' | 'answers'> | undefined;
}

declare global {
  interface Window {
    studio?: HeadlessStudio;
  }
}

function fileInput(id: string): HTMLInputElement {
  const input = document.createElement('input');
  input.type = 'file';
  input.id = id;
  document.body.append(input);
  return input;
}

/** The chosen files with their own paths, or with the paths given for them. */
function chosenFiles(input: HTMLInputElement, paths?: readonly string[]): SourceFile[] {
  const files = [...(input.files ?? [])];
  if (paths && paths.length !== files.length) {
    throw new Error(`${files.length} files were chosen for ${paths.length} paths.`);
  }
  return files.map((file, index) => ({
    path: paths?.[index] ?? (file.webkitRelativePath || file.name),
    file,
  }));
}

async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

/** Events as plain data: frames are closed, files are named. */
function plain(event: Event): unknown {
  if (event.type === 'preview') {
    for (const frame of event.preview.frames) frame.close();
    return { type: 'preview', requestId: event.requestId };
  }
  if (event.type !== 'exported') return event;
  return { ...event, files: event.files.map(({ name, blob }) => ({ name, size: blob.size })) };
}

/** Puts the studio of a page without a screen on `window.studio`. */
export function exposeHeadless(port: Port): void {
  let events: unknown[] = [];
  /** Ends the wait for the next event. */
  let arrived: () => void = () => undefined;
  const exported = new Map<string, ExportedFile>();
  const input = fileInput('folder');
  input.webkitdirectory = true;
  const loose = fileInput('files');
  loose.multiple = true;
  port.listen((event) => {
    if (event.type === 'exported') for (const file of event.files) exported.set(file.name, file);
    events.push(plain(event));
    arrived();
  });
  window.studio = {
    post: (command) => port.post(command),
    open(type, requestId, { paths, choice, how }) {
      const files = paths ? chosenFiles(loose, paths) : chosenFiles(input);
      if (type === 'openData') port.post({ type, requestId, files, ...how });
      else if (type === 'openRewardModel') port.post({ type, requestId, files });
      else port.post({ type, requestId, files, ...(choice ? { choice } : {}) });
    },
    async take() {
      if (events.length === 0) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
      const taken = events;
      events = [];
      return taken;
    },
    async piece(name, start, end) {
      const file = exported.get(name);
      if (!file) throw new Error(`No exported file ${name}.`);
      return base64(file.blob.slice(start, end));
    },
    stored: (runId) => storedFiles(`runs/${runId}`),
    async storedPiece(runId, name, start, end) {
      const blob = await readStored(`runs/${runId}/${name}`, start, end);
      return blob && base64(blob);
    },
    keepRun: () => keepFiles('runs', chosenFiles(input)),
  };
}
