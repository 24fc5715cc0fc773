/** The ways to a model that scores: a folder, one that the browser keeps, the hub. */
import { useEffect } from 'react';
import { formatBytes } from '../../../math/format.ts';
import type { SourceFile } from '../../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../../store/react.ts';
import { ChooseFiles } from '../../data/choose-files.tsx';
import { reportNothing } from '../../data/open-files.ts';
import { canPickFolder, pickFolder } from '../../model/folder-handles.ts';
import { HubPanel } from '../../model/hub-panel.tsx';
import { forgetFolder, openFolder, useKeptFolders } from '../../model/kept-folders.ts';
import { fire } from '../../parts/fire.ts';
import { KeptFolderRow, KeptRow } from '../../parts/kept-row.tsx';

export function OpenRewardModel({ isFirst }: { isFirst: boolean }) {
  const studio = useStudio();
  const hasDevice = useStudioState(({ device }) => device.status === 'ready');
  useEffect(() => {
    if (hasDevice) fire(studio.ask('listModels'));
  }, [hasDevice, studio]);
  const pick = async () => {
    const folder = await pickFolder('reward');
    if (folder) await openFolder(studio, 'reward', folder);
  };
  const onFiles = (files: SourceFile[]) => {
    if (files.length === 0) reportNothing(studio, 'reward');
    else fire(studio.openRewardModel({ files }));
  };
  return (
    <>
      <p className="buttons">
        <ChooseFiles
          label={isFirst ? 'Open a folder' : 'Open another folder'}
          folder
          testId="choose-reward-model"
          onFiles={onFiles}
          onPick={canPickFolder() ? () => fire(pick()) : undefined}
        />
        <span className="muted">or drop it here: config.json, tokenizer, *.safetensors.</span>
      </p>
      <KeptScorers hasDevice={hasDevice} />
      <HubPanel use="reward" />
    </>
  );
}

/** Classifiers in the browser's storage, and folders of earlier visits. */
function KeptScorers({ hasDevice }: { hasDevice: boolean }) {
  const studio = useStudio();
  const stored = useStudioState(({ storedModels }) => storedModels);
  const folders = useKeptFolders('reward');
  const models = stored?.filter(({ isClassifier }) => isClassifier) ?? [];
  if (models.length + folders.length === 0) return null;
  return (
    <table>
      <caption className="sr-only">Reward models at hand</caption>
      <tbody>
        {models.map(({ key, source, total }) => (
          <KeptRow key={key} name={source.id} note={formatBytes(total)} testId="stored-reward-model">
            <button
              type="button"
              data-testid="open-stored-reward-model"
              disabled={!hasDevice}
              onClick={() => fire(studio.openRewardModel({ key }))}
            >
              Open
            </button>
          </KeptRow>
        ))}
        {folders.map((folder, i) => (
          <KeptFolderRow
            // biome-ignore lint/suspicious/noArrayIndexKey: handles have no name of their own that is unique.
            key={i}
            folder={folder}
            mayOpen={hasDevice}
            onOpen={() => fire(openFolder(studio, 'reward', folder))}
            onForget={() => fire(forgetFolder('reward', folder))}
          />
        ))}
      </tbody>
    </table>
  );
}
