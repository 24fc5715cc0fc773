/** The form taken along: as an address, as a file, as a GRPOConfig; and brought back. */
import { useState } from 'react';
import { parseConfig } from '../../../protocol/config.ts';
import { toAddress } from '../../../protocol/shared-settings.ts';
import { useStudio, useStudioState } from '../../../store/react.ts';
import { draftProblems } from '../../../store/studio.ts';
import { ChooseFile } from '../../parts/choose-file.tsx';
import { type Brought, BroughtSettings } from './brought-settings.tsx';
import type { FormName } from './settings-files.ts';

const SAVED_AS: readonly (readonly [name: FormName, label: string])[] = [
  ['settings.json', 'Save as JSON'],
  ['grpo.yaml', 'as YAML for TRL'],
  ['grpo_config.py', 'as Python for TRL'],
];

export function ShareSettings() {
  const studio = useStudio();
  const draft = useStudioState((state) => state.draft);
  const [address, setAddress] = useState<string>();
  const [brought, setBrought] = useState<Brought>();
  const cannot = draftProblems(draft).length > 0;
  const copy = async () => {
    const shared = `${location.href.split('#')[0]}#/train?settings=${toAddress(parseConfig(draft))}`;
    setAddress(shared);
    // Where the clipboard is not to be had the address stands in its field, to be copied by hand.
    await navigator.clipboard?.writeText(shared).catch(() => undefined);
  };
  const save = async (name: FormName) => {
    const { saveSettings } = await import('./settings-files.ts');
    saveSettings(parseConfig(draft), name);
  };
  const read = async (file: File) => {
    try {
      const { readSettings } = await import('./settings-files.ts');
      setBrought(await readSettings(file));
    } catch (error) {
      studio.report(error, 'start');
    }
  };
  return (
    <section className="share-settings" aria-label="Settings taken along">
      <p className="buttons">
        <button type="button" data-testid="copy-address" disabled={cannot} onClick={() => void copy()}>
          Copy an address
        </button>{' '}
        {SAVED_AS.map(([name, label]) => (
          <button
            key={name}
            type="button"
            data-testid={`save-${name}`}
            disabled={cannot}
            onClick={() => void save(name)}
          >
            {label}
          </button>
        ))}{' '}
        <ChooseFile
          label="Open a file…"
          accept=".json,.yaml,.yml"
          testId="settings-file"
          onFile={(file) => void read(file)}
        />
      </p>
      {address && (
        <label className="shared-address">
          Copied. Opened elsewhere, it shows what it changes; programs and models of your own stay here.
          <input type="text" readOnly data-testid="shared-address" value={address} />
        </label>
      )}
      {brought && <BroughtSettings brought={brought} onDone={() => setBrought(undefined)} />}
    </section>
  );
}
