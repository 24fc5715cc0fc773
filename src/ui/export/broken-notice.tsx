/** An export that the last visit left unfinished, and the one press that begins it again. */
import type { ExportRequest } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { exportAgain, obstacleTo, unopened } from './again.ts';

export function BrokenNotice() {
  const broken = useStudioState((state) => state.brokenExport);
  const isWriting = useStudioState(({ pending }) => [...pending.values()].includes('export'));
  if (!broken || isWriting) return null;
  const { target, started, files, written, request } = broken;
  const when = started.slice(0, 16).replace('T', ' ');
  return (
    <div className="notice" role="status" data-testid="export-broken">
      <p>
        <strong>An export{target && ` to ${target}`} broke off</strong>
        {when && ` (begun ${when} UTC)`}: {written.length} of {files.length} files are known to be whole. A
        folder that holds manifest.json.part is not complete.
      </p>
      {request ? (
        <Again request={request} />
      ) : (
        <p>No kept run is known that its weights were of. Choose below and export once more.</p>
      )}
    </div>
  );
}

function Again({ request }: { request: ExportRequest }) {
  const studio = useStudio();
  const obstacle = useStudioState((state) => obstacleTo(request, state));
  const first = useStudioState((state) => unopened(request, state));
  const isWorking = useStudioState(({ run }) => ['loading', 'running', 'pausing'].includes(run.state));
  if (obstacle) return <p>{obstacle}</p>;
  const { name, step } = request.run;
  return (
    <p>
      {first}{' '}
      <button
        type="button"
        data-testid="export-again"
        disabled={isWorking}
        onClick={() => fire(exportAgain(studio, request))}
      >
        Export again
      </button>{' '}
      <span className="muted">
        {name} at step {step}, the same files
        {request.place.kind === 'folder' && ', over those that are there'}
      </span>
    </p>
  );
}
