/** The whole page takes a drop; the drop zones only say so. */
import { type DragEvent, type ReactNode, useState } from 'react';
import { InputError } from '../../math/errors.ts';
import type { SourceFile } from '../../protocol/messages.ts';
import { useStudio } from '../../store/react.ts';
import type { Studio } from '../../store/studio.ts';
import { goTo, useScreen } from '../address.ts';
import { folderOfDrop } from '../model/folder-handles.ts';
import { keepFolder, keepPlanned } from '../model/kept-folders.ts';
import { fire } from '../parts/fire.ts';
import { filesOfDrop } from './dropped-files.ts';
import { ABOUT, type OpenedAs, openGiven, reportNothing } from './open-files.ts';

const RETRY = 'Drop them again, or use Choose folder.';

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether a drop met a part of the page that takes it for what it says. */
const isOn = (target: EventTarget, place: string): boolean =>
  target instanceof Element && target.closest(`[data-drop="${place}"]`) !== null;

/** The files of a drop; undefined, and said so, where they cannot be read. */
function readDrop(studio: Studio, transfer: DataTransfer, as: OpenedAs): Promise<SourceFile[] | undefined> {
  return filesOfDrop(transfer).catch((error: unknown) => {
    if (as !== 'reward') goTo(as);
    studio.report(
      new InputError(`The dropped files could not be read: ${messageOf(error)}`, { hint: RETRY }),
      ABOUT[as],
    );
    return undefined;
  });
}

/** A model that scores, which is kept for the next visit as one that was picked. */
async function openScorer(studio: Studio, transfer: DataTransfer): Promise<void> {
  const dropped = folderOfDrop(transfer);
  const files = await readDrop(studio, transfer, 'reward');
  const folder = await dropped;
  if (!files) return;
  if (files.length === 0) return reportNothing(studio, 'reward', folder?.name);
  await studio.openRewardModel({ files });
  if (folder) await keepFolder('reward', folder);
}

export function DropAnywhere({ children }: { children: ReactNode }) {
  const studio = useStudio();
  const screen = useScreen();
  const [over, setOver] = useState(false);
  /** An element that was entered and not yet hovered takes a drop, too: both events have to be answered (why: D-067). */
  const takeFiles = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    setOver(true);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (isOn(event.target, 'reward-model')) {
      fire(openScorer(studio, event.dataTransfer));
      return;
    }
    const dropped = folderOfDrop(event.dataTransfer);
    const asked = screen === 'model' ? 'model' : 'data';
    const reading = readDrop(studio, event.dataTransfer, asked);
    fire(
      reading.then(async (files) => {
        if (!files) return;
        const plan = await openGiven(studio, files, asked, (await dropped)?.name);
        const folder = await dropped;
        if (folder && plan) await keepPlanned(folder, plan);
      }),
    );
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a drop target for the pointer; the buttons below serve the keyboard.
    <div
      className={over ? 'dropping' : ''}
      onDragEnter={takeFiles}
      onDragOver={takeFiles}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      {children}
    </div>
  );
}
