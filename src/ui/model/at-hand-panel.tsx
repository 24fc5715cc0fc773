/** Models at hand: in the browser's storage, whole or half, and folders opened before. */
import { type ReactNode, useEffect, useState } from 'react';
import { formatBytes, formatPercent } from '../../math/format.ts';
import { HUB_URL, type StoredModel } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { isActive } from '../../store/state.ts';
import { fire } from '../parts/fire.ts';
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
  const folders = useKeptFolders();
  useEffect(() => {
    if (hasDevice) fire(studio.listModels());
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
              // biome-ignore lint/suspicious/noArrayIndexKey: handles have no name of their own that is unique.
              <FolderRow key={i} folder={folder} />
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
  return useStudioState(
    ({ run, device }) => device.status === 'ready' && !isActive(run.state) && run.state !== 'loading',
  );
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
      onClick={() => fire(studio.openStoredModel(key))}
    >
      Open
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
    <Row name={<SourceName model={model} />} note={sizeWords(model)} testId="stored-model">
      {isComing ? (
        <span className="muted">downloading</span>
      ) : (
        <>
          {complete ? open : goOn}
          <RemoveButton
            label="Remove"
            question={`Remove ${formatBytes(complete ? total : done)}?`}
            onRemove={() => fire(studio.removeModel(key))}
          />
        </>
      )}
    </Row>
  );
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

function sizeWords({ done, total, complete }: StoredModel): string {
  if (complete) return formatBytes(total);
  return total > 0 ? `${formatPercent(done / total, 0)} of ${formatBytes(total)}` : 'nothing yet';
}

function FolderRow({ folder }: { folder: FileSystemDirectoryHandle }) {
  const studio = useStudio();
  const mayOpen = useMayOpen();
  return (
    <Row name={folder.name} note="folder on this machine" testId="kept-folder">
      <button
        type="button"
        data-testid="open-folder"
        disabled={!mayOpen}
        onClick={() => fire(openFolder(studio, folder))}
      >
        Open
      </button>
      <RemoveButton label="Forget" question="Forget it?" onRemove={() => fire(forgetFolder(folder))} />
    </Row>
  );
}

interface RowProps {
  name: ReactNode;
  note: string;
  testId: string;
  children: ReactNode;
}

function Row({ name, note, testId, children }: RowProps) {
  return (
    <tr data-testid={testId}>
      <th scope="row">{name}</th>
      <td className="number muted">{note}</td>
      <td>
        <span className="buttons">{children}</span>
      </td>
    </tr>
  );
}

interface RemoveProps {
  label: string;
  question: string;
  onRemove: () => void;
}

/** Asks once more in its own place before it does what cannot be undone. */
function RemoveButton({ label, question, onRemove }: RemoveProps) {
  const [asked, setAsked] = useState(false);
  return (
    <button
      type="button"
      data-testid="remove"
      className={asked ? 'danger' : ''}
      onBlur={() => setAsked(false)}
      onClick={() => {
        setAsked(!asked);
        if (asked) onRemove();
      }}
    >
      {asked ? question : label}
    </button>
  );
}
