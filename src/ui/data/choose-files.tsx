/** A button that opens the browser's file chooser for a folder or for files. */
import { useRef } from 'react';
import type { SourceFile } from '../../protocol/messages.ts';
import { filesOfInput } from './dropped-files.ts';

/** Chromium's attribute for choosing a folder with all below it; the DOM types do not know it. */
const WHOLE_FOLDER = { webkitdirectory: '' };

interface ChooseProps {
  label: string;
  folder: boolean;
  testId: string;
  onFiles: (files: SourceFile[]) => void;
  /** What the button does instead, where the browser has something better than its file chooser. */
  onPick?: (() => void) | undefined;
}

export function ChooseFiles({ label, folder, testId, onFiles, onPick }: ChooseProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" onClick={onPick ?? (() => input.current?.click())}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        {...(folder ? WHOLE_FOLDER : undefined)}
        data-testid={testId}
        onChange={(event) => {
          onFiles(filesOfInput(event.target.files ?? []));
          event.target.value = '';
        }}
      />
    </>
  );
}
