/** A run out of a file that "Save as a file" made, here or in another browser. */
import { useRef, useState } from 'react';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';

export function ImportRun() {
  const studio = useStudio();
  const input = useRef<HTMLInputElement>(null);
  const [kept, setKept] = useState<string>();
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('importRun'));
  const take = async (file: File | undefined) => {
    if (!file) return;
    setKept(undefined);
    const { name } = await studio.ask('importRun', { file, fileName: file.name });
    setKept(name);
  };
  return (
    <p className="toolbar">
      <button type="button" disabled={busy} onClick={() => input.current?.click()}>
        Open a run from a file
      </button>
      <input
        ref={input}
        type="file"
        accept=".zip"
        hidden
        data-testid="import-run"
        onChange={({ target }) => {
          fire(take(target.files?.[0]));
          target.value = '';
        }}
      />
      <span role="status" className="muted">
        {busy
          ? 'Every byte of it is compared with its hash…'
          : kept !== undefined && `${kept} is kept here now.`}
      </span>
    </p>
  );
}
