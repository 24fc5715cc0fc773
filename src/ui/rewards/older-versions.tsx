/** Versions of the rewards in the editor: what was accepted when, to be looked at and taken again. */
import { useState } from 'react';
import { useStudioState } from '../../store/react.ts';
import { HeldButton } from '../parts/held-button.tsx';
import { useVersions } from './kept-versions.ts';
import { takeVersion } from './open-file.ts';
import type { OwnFile } from './own-files.ts';
import type { Version } from './versions.ts';

/** Characters of a hash that are shown. */
const HASH_SHOWN = 8;

export function OlderVersions({ file, names }: { file: OwnFile; names: readonly string[] }) {
  const versions = useVersions();
  const mine = names.flatMap((name) => versions[name] ?? []);
  if (mine.length === 0) return null;
  return (
    <details className="versions">
      <summary data-testid="versions">Versions ({mine.length})</summary>
      <ul>
        {mine.map((version) => (
          <VersionRow key={`${version.name} ${version.hash} ${version.at}`} version={version} file={file} />
        ))}
      </ul>
    </details>
  );
}

function VersionRow({ version, file }: { version: Version; file: OwnFile }) {
  const [isShown, setShown] = useState(false);
  const { name, hash, at, source } = version;
  const isHere = source === file.text;
  return (
    <li data-testid="version">
      <span className="number">
        {new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}
      </span>{' '}
      {name} <code title={`SHA-256 ${hash}`}>{hash.slice(0, HASH_SHOWN)}</code> <UsedBy version={version} />{' '}
      <span className="buttons">
        <button type="button" aria-expanded={isShown} onClick={() => setShown(!isShown)}>
          {isShown ? 'Hide' : 'Show'}
        </button>
        <HeldButton data-testid="take-version" disabled={isHere} onClick={() => takeVersion(version)}>
          {isHere ? 'In the editor' : 'Take into the editor'}
        </HeldButton>
      </span>
      {isShown && <pre>{source}</pre>}
    </li>
  );
}

/** Which runs had this very program. */
function UsedBy({ version: { name, hash } }: { version: Version }) {
  const stored = useStudioState((state) => state.stored);
  const running = useStudioState((state) => state.running);
  const isThis = (program: { name: string; hash: string }) => program.name === name && program.hash === hash;
  const isRunning = running?.rewards.includes(name) && running.rewardSources.some(isThis);
  const runs = stored.filter(({ programs = [] }) => programs.some(isThis)).map((run) => run.name);
  const users = [...(isRunning ? ['the run on this page'] : []), ...runs];
  return users.length > 0 ? <span className="tag">used by {users.join(', ')}</span> : null;
}
