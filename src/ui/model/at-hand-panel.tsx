/** Models at hand: in the browser's storage, whole or half, and folders opened before. */
import { useEffect } from 'react';
import { formatBytes, formatPercent } from '../../math/format.ts';
import { HUB_URL, type StoredModel } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import type { Studio } from '../../store/studio.ts';
import { goTo } from '../address.ts';
import { fire } from '../parts/fire.ts';
import { KeptFolderRow, KeptRow, RemoveButton } from '../parts/kept-row.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problems } from '../shell/notices.tsx';
import { useDownloading } from './hub-panel.tsx';
import { forgetFolder, openFolder, useKeptFolders } from './kept-folders.ts';
import { StorageMeter } from './storage-meter.tsx';

const NO_MODELS: readonly StoredModel[] = [];

export function AtHandPanel() {
  const studio = useStudio();
  const hasDevice = useStudioState(({ device }) => device.status === 'ready');
  const models = useStudioState(({ storedModels }) => storedModels ?? NO_MODELS);
  const folders = useKeptFolders('model');
  const mayOpen = useMayOpen();
  useEffect(() => {
    if (hasDevice) fire(studio.ask('listModels'));
  }, [hasDevice, studio]);
  const isEmpty = models.length === 0 && folders.length === 0;
  return (
    <Panel title="Models at hand">
      {isEmpty ? (
        <Empty>
          What you download, and the folders you open, are listed here: next time one click opens them.
        </Empty>
      ) : (
        <table className="at-hand">
          <tbody>
            {models.map((model) => (
              <StoredRow key={model.key} model={model} />
            ))}
            {folders.map((folder, i) => (
              <KeptFolderRow
                // biome-ignore lint/suspicious/noArrayIndexKey: handles have no name of their own that is unique.
                key={i}
                folder={folder}
                mayOpen={mayOpen}
                onOpen={() => fire(openFolder(studio, 'model', folder))}
                onForget={() => fire(forgetFolder('model', folder))}
              />
            ))}
          </tbody>
        </table>
      )}
      <Problems commands={['listModels', 'removeModel']} />
      <StorageMeter models={models} />
    </Panel>
  );
}

/** Opening another model would take the present one from under a run. */
function useMayOpen(): boolean {
  return useStudioState(({ run, device }) => device.status === 'ready' && !isUnderWay(run.state));
}

function StoredRow({ model }: { model: StoredModel }) {
  const studio = useStudio();
  const mayOpen = useMayOpen();
  const downloading = useDownloading();
  const isComing = useStudioState(({ download }) => downloading && download?.key === model.key);
  const { key, source, done, total, complete } = model;
  const open = (
    <button
      type="button"
      data-testid="open-stored"
      disabled={!mayOpen}
      onClick={() => fire(studio.ask('openStoredModel', { key }))}
    >
      Open
    </button>
  );
  const score = (
    <button type="button" data-testid="open-as-reward" onClick={() => void openAsReward(studio, key)}>
      Open as a reward
    </button>
  );
  const goOn = (
    <button
      type="button"
      data-testid="go-on"
      disabled={downloading}
      onClick={() => fire(studio.downloadModel(source))}
    >
      Go on
    </button>
  );
  return (
    <KeptRow name={<SourceName model={model} />} note={sizeWords(model)} testId="stored-model">
      {isComing ? (
        <span className="muted">downloading</span>
      ) : (
        <>
          {model.isClassifier ? score : complete ? open : goOn}
          <RemoveButton
            label="Remove"
            question={`Remove ${formatBytes(complete ? total : done)}?`}
            onRemove={() => fire(studio.ask('removeModel', { key }))}
          />
        </>
      )}
    </KeptRow>
  );
}

/** Whether it can be opened is said where rewards are chosen. */
async function openAsReward(studio: Studio, key: string): Promise<void> {
  goTo('train');
  await studio.openRewardModel({ key }).catch(() => undefined);
}

function SourceName({ model: { source } }: { model: StoredModel }) {
  const isUsual = source.baseUrl === HUB_URL;
  return (
    <>
      {source.id}{' '}
      <span className="muted">
        {source.revision === 'main' ? '' : source.revision} {isUsual ? '' : new URL(source.baseUrl).host}
      </span>
    </>
  );
}

function sizeWords({ done, total, complete, isClassifier }: StoredModel): string {
  if (complete) return `${formatBytes(total)}${isClassifier ? ', scores answers' : ''}`;
  return total > 0 ? `${formatPercent(done / total, 0)} of ${formatBytes(total)}` : 'nothing yet';
}
