/** Data folders of earlier visits: one press opens them again. */
import { useStudio, useStudioState } from '../../store/react.ts';
import { isUnderWay } from '../../store/run-state.ts';
import { forgetFolder, openFolder, useKeptFolders } from '../model/kept-folders.ts';
import { fire } from '../parts/fire.ts';
import { KeptFolderRow } from '../parts/kept-row.tsx';

export function KeptData() {
  const studio = useStudio();
  const folders = useKeptFolders('data');
  const mayOpen = useStudioState(({ run, device }) => device.status === 'ready' && !isUnderWay(run.state));
  if (folders.length === 0) return null;
  return (
    <details className="kept-data" data-testid="kept-data">
      <summary>
        {folders.length} {folders.length === 1 ? 'folder' : 'folders'} opened before
      </summary>
      <table className="at-hand">
        <tbody>
          {folders.map((folder, i) => (
            <KeptFolderRow
              // biome-ignore lint/suspicious/noArrayIndexKey: handles have no name of their own that is unique.
              key={i}
              folder={folder}
              mayOpen={mayOpen}
              onOpen={() => fire(openFolder(studio, 'data', folder))}
              onForget={() => fire(forgetFolder('data', folder))}
            />
          ))}
        </tbody>
      </table>
    </details>
  );
}
