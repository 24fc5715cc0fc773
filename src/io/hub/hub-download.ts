import { InputError } from '../../math/errors.ts';
import { type HubAccess, request } from './hub-fetch.ts';
import type { HubFile } from './hub-files.ts';
import { fileUrl } from './hub-repo.ts';

/** Bytes that are asked for at a time, and after which what is there counts as kept. */
export const PIECE_BYTES = 16 << 20;

/** Where a file's bytes go; a FileSystemSyncAccessHandle is one. */
export interface FileTarget {
  /** @returns how many of the bytes were written */
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(bytes: number): void;
  flush(): void;
}

export interface Transfer {
  readonly access: HubAccess;
  readonly file: HubFile;
  readonly target: FileTarget;
  /** Bytes that the target holds already. */
  readonly done: number;
  readonly pieceBytes?: number;
  /** Bytes written so far; goes back to 0 when the server sends no pieces and a file has to begin again. */
  readonly onBytes: (done: number) => void;
  /** So many bytes are safely in the target, and a later transfer may go on from there. */
  readonly onKept: (done: number) => Promise<void>;
  /** The server ignores ranges, so a transfer that breaks off begins again. */
  readonly onWhole: () => void;
}

/**
 * Fetches a file from byte `done` to its end, piece by piece, each written as it arrives: nothing larger than a network
 * chunk is held. @throws InputError
 */
export async function downloadFile(transfer: Transfer): Promise<void> {
  const { file, target, onKept, pieceBytes = PIECE_BYTES } = transfer;
  let at = transfer.done;
  while (at < file.size) {
    const end = Math.min(file.size, (Math.floor(at / pieceBytes) + 1) * pieceBytes);
    at = await fetchPiece(transfer, at, end);
    target.flush();
    await onKept(at);
  }
  target.truncate(file.size);
  target.flush();
}

/** Writes bytes [start, end), or the whole file where the server knows no ranges. @returns where the next piece starts */
async function fetchPiece(transfer: Transfer, start: number, end: number): Promise<number> {
  const { access, file, target, onBytes, onWhole } = transfer;
  let at = start;
  let last = end;
  const write = (chunk: Uint8Array<ArrayBuffer>): void => {
    if (at + chunk.length > last) throw changed(access, file, `more than ${last} bytes`);
    writeAll(target, chunk, at);
    at += chunk.length;
    onBytes(at);
  };
  await request(
    access,
    () => fileUrl(access.repo, file.path),
    () => ({ headers: { Range: `bytes=${at}-${last - 1}` } }),
    async (response, alive) => {
      if (response.status !== 206) {
        if (end - start < file.size) onWhole();
        at = 0;
        last = file.size;
      } else checkRange(response, at, access, file);
      await readChunks(response, (chunk) => {
        alive();
        write(chunk);
      });
      // A body that ends early without an error: as good as a lost connection.
      if (at < last) throw new TypeError(`${file.path} ended at byte ${at} of ${last}.`);
    },
    () => at,
  );
  return at;
}

/** The header is hidden from pages by servers that do not expose it. */
function checkRange({ headers }: Response, at: number, access: HubAccess, file: HubFile): void {
  const range = headers.get('content-range');
  const found = range === null ? undefined : /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range);
  if (found === undefined) return;
  const total = found?.[2];
  if (Number(found?.[1]) !== at || (total !== '*' && Number(total) !== file.size)) {
    throw changed(access, file, `the range ${range}, expected one from byte ${at} of ${file.size}`);
  }
}

function changed({ repo }: HubAccess, file: HubFile, found: string): InputError {
  return new InputError(`${repo.id}/${file.path}: the server sent ${found}.`, {
    hint: 'The file has changed there meanwhile: go on, and it is compared anew.',
  });
}

async function readChunks(response: Response, take: (chunk: Uint8Array<ArrayBuffer>) => void): Promise<void> {
  const reader = response.body?.getReader();
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) take(next.value);
  } finally {
    // After a failure on our side the rest of the body must not keep coming.
    await reader?.cancel().catch(() => undefined);
  }
}

function writeAll(target: FileTarget, chunk: Uint8Array<ArrayBuffer>, at: number): void {
  for (let written = 0; written < chunk.length; ) {
    const count = target.write(chunk.subarray(written), { at: at + written });
    if (count === 0)
      throw new InputError('The browser gave no room to write to.', { hint: 'Free space on this disk.' });
    written += count;
  }
}
