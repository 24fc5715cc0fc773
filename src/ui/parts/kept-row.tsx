/** A line of a table of things that are kept on this device, with what can be done with it. */
import { type ReactNode, useState } from 'react';
import { useFocusHandover } from './use-focus-handover.ts';

interface RowProps {
  name: ReactNode;
  note: string;
  testId: string;
  children: ReactNode;
}

export function KeptRow({ name, note, testId, children }: RowProps) {
  const place = useFocusHandover<HTMLTableRowElement>();
  return (
    <tr ref={place} data-testid={testId}>
      <th scope="row">{name}</th>
      <td className="number muted">{note}</td>
      <td>
        <span className="buttons">{children}</span>
      </td>
    </tr>
  );
}

interface RemoveProps {
  testId?: string;
  label: string;
  question: string;
  onRemove: () => void;
}

/** Asks once more in its own place before it does what cannot be undone. */
export function RemoveButton({ testId = 'remove', label, question, onRemove }: RemoveProps) {
  const [asked, setAsked] = useState(false);
  return (
    <button
      type="button"
      data-testid={testId}
      className={asked ? 'danger' : ''}
      onBlur={() => setAsked(false)}
      onClick={() => {
        setAsked(!asked);
        if (asked) onRemove();
      }}
    >
      {asked ? question : label}
    </button>
  );
}

interface FolderProps {
  folder: FileSystemDirectoryHandle;
  mayOpen: boolean;
  onOpen: () => void;
  onForget: () => void;
}

/** A folder of an earlier visit: one press opens it, and the browser may ask whether the page is allowed to read it. */
export function KeptFolderRow({ folder, mayOpen, onOpen, onForget }: FolderProps) {
  return (
    <KeptRow name={folder.name} note="folder on this machine" testId="kept-folder">
      <button type="button" data-testid="open-folder" disabled={!mayOpen} onClick={onOpen}>
        Open
      </button>
      <RemoveButton label="Forget" question="Forget it?" onRemove={onForget} />
    </KeptRow>
  );
}
