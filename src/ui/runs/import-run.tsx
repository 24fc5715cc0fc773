/** A run out of a file that "Save as a file" made, here or in another browser. */
import { useState } from 'react';
import { useStudio, useStudioState } from '../../store/react.ts';
import { ChooseFile } from '../parts/choose-file.tsx';
import { fire } from '../parts/fire.ts';

export function ImportRun() {
  const studio = useStudio();
  const [kept, setKept] = useState<string>();
  const busy = useStudioState(({ pending }) => [...pending.values()].includes('importRun'));
  const take = async (file: File) => {
    setKept(undefined);
    const { name } = await studio.ask('importRun', { file, fileName: file.name });
    setKept(name);
  };
  return (
    <p className="toolbar">
      <ChooseFile
        label="Open a run from a file"
        accept=".zip"
        testId="import-run"
        disabled={busy}
        onFile={(file) => fire(take(file))}
      />
      <span role="status" className="muted">
        {busy
          ? 'Every byte of it is compared with its hash…'
          : kept !== undefined && `${kept} is kept here now.`}
      </span>
    </p>
  );
}
