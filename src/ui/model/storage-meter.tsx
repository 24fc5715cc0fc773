/** How much the studio keeps in this browser, and whether the browser may clear it. */
import { useEffect, useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import { FEATURE_SHARE } from '../../math/limits.ts';
import { fire } from '../parts/fire.ts';
import { type StoredAmounts, storedAmounts } from '../stored-amounts.ts';

interface Storage {
  amounts: StoredAmounts;
  /** Bytes that the browser would give beside them, as it estimates. */
  free: number;
  /** Bytes that features may take. */
  featureLimit: number;
  /** The browser has promised not to clear it by itself. */
  persisted: boolean;
}

/** @param props.models measured again whenever they change */
export function StorageMeter({ models }: { models: unknown }) {
  const [storage, setStorage] = useState<Storage>();
  const [refused, setRefused] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the models is what changes the storage.
  useEffect(() => {
    fire(measure().then(setStorage));
  }, [models]);
  if (!storage) return null;
  const persist = async () => {
    setRefused(!(await navigator.storage.persist()));
    setStorage(await measure());
  };
  const { amounts, free, featureLimit, persisted } = storage;
  const own = amounts.models + amounts.runs + amounts.features + amounts.rest;
  return (
    <div className="storage" data-testid="storage">
      <meter value={own} max={own + free} aria-label="Storage used" />
      <span className="number muted">
        {formatBytes(own)} stored ({amountWords(amounts)}); by the browser's estimate {formatBytes(free)} are
        free
      </span>
      {amounts.features > 0 && (
        <span className="number muted">
          Features are what towers made of clips. They take at most {formatBytes(featureLimit)}: beyond that
          the least recently used go.
        </span>
      )}
      {persisted ? (
        <span className="muted">Kept until you remove it.</span>
      ) : (
        <span className="muted">
          The browser may clear it when the disk runs full.{' '}
          <button type="button" className="link" data-testid="persist" onClick={() => fire(persist())}>
            Ask it not to
          </button>
          {refused && (
            <span role="status">
              {' '}
              It did not agree; it does so for pages that are bookmarked or often used.
            </span>
          )}
        </span>
      )}
    </div>
  );
}

/** What of the storage is what; kinds of which there is nothing are left out. */
function amountWords({ models, runs, features, rest }: StoredAmounts): string {
  const parts = { models, runs, features, 'settings and exports': rest };
  const words = Object.entries(parts).filter(([, bytes]) => bytes > 0);
  return words.map(([kind, bytes]) => `${kind} ${formatBytes(bytes)}`).join(', ') || 'nothing yet';
}

async function measure(): Promise<Storage> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return {
    amounts: await storedAmounts(),
    free: Math.max(0, quota - usage),
    featureLimit: FEATURE_SHARE * quota,
    persisted: await navigator.storage.persisted(),
  };
}
