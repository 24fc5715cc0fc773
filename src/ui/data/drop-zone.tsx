/** Where files are offered: dropped, chosen as a folder, chosen one by one, or the demo. */
import type { ReactNode } from 'react';
import type { SourceFile } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { fire } from '../parts/fire.ts';
import { ChooseFiles } from './choose-files.tsx';

export function DropZone({
  children,
  onFiles,
  onPickFolder,
}: {
  children: ReactNode;
  onFiles: (files: SourceFile[]) => void;
  /** Picks a folder by other means than the file chooser. */
  onPickFolder?: (() => void) | undefined;
}) {
  const studio = useStudio();
  const busy = useStudioState(({ run }) => isUnderWay(run.state));
  return (
    <div className="drop-zone" data-testid="drop-zone">
      <p>{children}</p>
      <span className="buttons">
        <ChooseFiles
          label="Choose folder"
          folder
          testId="choose-folder"
          onFiles={onFiles}
          onPick={onPickFolder}
        />
        <ChooseFiles label="Choose files" folder={false} testId="choose-files" onFiles={onFiles} />
        <button
          type="button"
          data-testid="use-demo"
          disabled={busy}
          onClick={() => fire(studio.ask('openDemo'))}
        >
          Use the demo
        </button>
      </span>
    </div>
  );
}
