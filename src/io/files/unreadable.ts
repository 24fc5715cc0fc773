/** Files that cannot be read (any more): edited since they were dropped, moved away, or not on this device. */
import { InputError } from '../../math/errors.ts';

/** What a failed read says, in a browser and in Node. */
const DOM_NAMES = ['NotReadableError', 'NotFoundError', 'NotAllowedError', 'SecurityError'];
const NODE_CODES = [
  'ENOENT',
  'EACCES',
  'EPERM',
  'EIO',
  'EISDIR',
  'ENOTDIR',
  'ELOOP',
  'ERR_INVALID_ARG_VALUE',
];

export function isReadFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return DOM_NAMES.includes(error.name) || NODE_CODES.includes(String((error as { code?: unknown }).code));
}

/** The failure in words. */
export function unreadableFile(path: string, cause: unknown): InputError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new InputError(
    `${path}: found a file that cannot be read (${reason}), expected it as it was when its folder was opened.`,
    {
      hint: 'It was changed, moved or removed since, or lies in the cloud only: see that it is on this device, and open the folder again.',
      cause,
    },
  );
}

/** Does work that reads a file. @throws InputError naming the file where that fails; other errors as they are */
export async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isReadFailure(error) ? unreadableFile(path, error) : error;
  }
}
