/** A button that opens the browser's file chooser for one file. */
import { useRef } from 'react';

interface Props {
  readonly label: string;
  /** Ends of names: `.json,.yaml`. */
  readonly accept: string;
  /** Of the chooser. */
  readonly testId: string;
  readonly disabled?: boolean;
  onFile(file: File): void;
}

export function ChooseFile({ label, accept, testId, disabled = false, onFile }: Props) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept={accept}
        data-testid={testId}
        onChange={({ target }) => {
          const [file] = target.files ?? [];
          // The same file again is news, too.
          target.value = '';
          if (file) onFile(file);
        }}
      />
    </>
  );
}
