/** Own rewards on Train: those of the settings and those kept from before, a new one, one from the disk, and the editor. */
import { useState } from 'react';
import { useStudio, useStudioState } from '../../store/react.ts';
import { sourcesIn } from '../../store/reward-choice.ts';
import { KeptRow, RemoveButton } from '../parts/kept-row.tsx';
import { EditorPlace } from './editor-place.tsx';
import { forgetVersions, useVersions } from './kept-versions.ts';
import { NewReward } from './new-reward.tsx';
import { openInUse, openNew, useOpenFile } from './open-file.ts';
import {
  type FileInUse,
  fileOf,
  filesInUse,
  LANGUAGE_NAMES,
  rewardSettingsOf,
  withSources,
} from './own-files.ts';
import type { Version } from './versions.ts';

export function OwnRewards() {
  const open = useOpenFile();
  const count = useStudioState(({ draft }) => sourcesIn(draft).length);
  const [isShown, setShown] = useState(open !== undefined);
  return (
    <details className="own-rewards" open={isShown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary data-testid="own-rewards">Own rewards{count > 0 && ` (${count})`}</summary>
      {isShown && (
        <>
          <p className="muted">
            A reward may be a program of yours: a function that gives each answer a number. It runs in this
            browser, without network and files.
          </p>
          <Programs isBusy={open !== undefined} />
          {open ? <EditorPlace open={open} /> : <NewReward />}
        </>
      )}
    </details>
  );
}

function Programs({ isBusy }: { isBusy: boolean }) {
  const versions = useVersions();
  const draft = useStudioState((state) => state.draft);
  const files = filesInUse(sourcesIn(draft));
  const names = files.flatMap(({ rewards }) => rewards);
  const rest = Object.entries(versions).filter(([name]) => !names.includes(name));
  if (files.length + rest.length === 0) return null;
  return (
    <table>
      <caption className="sr-only">Own rewards: those of the settings, and those kept on this device</caption>
      <tbody>
        {files.map((file) => (
          <InUseRow
            key={file.rewards.join()}
            {...{ file, isBusy }}
            chosen={rewardSettingsOf(draft).rewards}
          />
        ))}
        {rest.map(
          ([name, [newest]]) => newest && <KeptVersionRow key={name} version={newest} isBusy={isBusy} />,
        )}
      </tbody>
    </table>
  );
}

interface InUseProps {
  file: FileInUse;
  /** Names of the rewards that count. */
  chosen: readonly string[];
  /** Another file is in the editor. */
  isBusy: boolean;
}

function InUseRow({ file, chosen, isBusy }: InUseProps) {
  const studio = useStudio();
  const name = file.rewards.join(', ');
  const idle = file.rewards.filter((each) => !chosen.includes(each));
  const use = idle.length === 0 ? 'chosen' : `not chosen: ${idle.join(', ')}`;
  const remove = () =>
    studio.editAll({ ...withSources(rewardSettingsOf(studio.store.getState().draft), file.rewards, []) });
  return (
    <KeptRow name={name} note={`${LANGUAGE_NAMES[file.language]}, ${use}`} testId="own-reward">
      <button type="button" aria-label={`Edit ${name}`} disabled={isBusy} onClick={() => openInUse(file)}>
        Edit
      </button>
      <RemoveButton label="Remove" question="Remove it from the settings?" onRemove={remove} />
    </KeptRow>
  );
}

/** A reward that is not among the settings, by its newest version. */
function KeptVersionRow({ version, isBusy }: { version: Version; isBusy: boolean }) {
  const { name, language } = version;
  return (
    <KeptRow name={name} note={`${LANGUAGE_NAMES[language]}, kept from before`} testId="kept-reward">
      <button
        type="button"
        aria-label={`Open ${name}`}
        disabled={isBusy}
        onClick={() => openNew(fileOf(version), [name])}
      >
        Open
      </button>
      <RemoveButton
        label="Forget"
        question="Forget all its versions?"
        onRemove={() => void forgetVersions(name)}
      />
    </KeptRow>
  );
}
