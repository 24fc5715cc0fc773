import { takeOver, useWaiting } from './offline.ts';

/** Offers a newer version of the page, which waits. */
export function UpdateNotice() {
  if (!useWaiting()) return null;
  return (
    <div className="notice" role="status" data-testid="update">
      <p>
        <strong>A newer version of the studio is here.</strong> Reload when you like: until then, this tab
        goes on with the one it has.
      </p>
      <button type="button" onClick={takeOver}>
        Reload
      </button>
    </div>
  );
}
