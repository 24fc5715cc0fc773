/** How much the browser keeps for this page, and whether it may clear it. */
import { useEffect, useState } from 'react';
import { formatBytes } from '../../math/format.ts';
import { FEATURE_SHARE } from '../../math/limits.ts';
import { fire } from '../parts/fire.ts';
import { storedFiles } from '../stored-files.ts';

interface Storage {
  usage: number;
  quota: number;
  /** Bytes of what towers made of clips. */
  features: number;
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
  const { usage, quota, features, persisted } = storage;
  return (
    <div className="storage" data-testid="storage">
      <meter value={usage} max={quota} aria-label="Storage used" />
      <span className="number muted">
        {formatBytes(usage)} of the {formatBytes(quota)} that the browser grants this page
      </span>
      {features > 0 && (
        <span className="number muted" data-testid="feature-storage">
          {formatBytes(features)} of it is what towers made of clips, at most{' '}
          {formatBytes(FEATURE_SHARE * quota)}: beyond that the least recently used goes.
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

async function measure(): Promise<Storage> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  const features = (await storedFiles('features')).reduce((sum, { size }) => sum + size, 0);
  return { usage, quota, features, persisted: await navigator.storage.persisted() };
}
