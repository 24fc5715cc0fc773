/** Looking for files in folders that other tabs may be changing at the same moment. */

/** What was looked for, or undefined when it is not there. */
export async function ifFound<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** A file of a folder as it is now; undefined where there is none. */
export function fileIn(folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  return ifFound(folder.getFileHandle(name).then((handle) => handle.getFile()));
}

/** More than anybody needs who does not write without a pause. */
const MOST_TRIES = 10;

/**
 * A file's text as it is now; undefined where there is no file. A browser refuses to read a file that was written to,
 * replaced or removed after it was looked up: then it is looked up again (why: D-070).
 */
export async function presentText(lookUp: () => Promise<Blob | undefined>): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    const file = await lookUp();
    try {
      return await file?.text();
    } catch (error) {
      if (tries === MOST_TRIES || !(isGone(error) || isChanged(error))) throw error;
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError';
}

/** Whether a folder was found where a file was looked for, or the other way round. */
export function isOtherKind(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TypeMismatchError';
}

function isChanged(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotReadableError';
}
