import { createSHA1, createSHA256 } from 'hash-wasm';
import type { Digest } from './hub-files.ts';

const READ_BYTES = 8 << 20;

/** The digest of a file's content, read piece by piece; `onBytes` is told how far it is and may stop it by throwing. */
export async function digestHex(
  blob: Blob,
  kind: Digest['kind'],
  onBytes: (done: number) => void,
): Promise<string> {
  const hash = await (kind === 'sha256' ? createSHA256() : createSHA1());
  hash.init();
  // Git hashes a header in front of the content: the word blob, the size and a zero byte.
  if (kind === 'git-sha1') hash.update(`blob ${blob.size}\0`);
  for (let at = 0; at < blob.size; at += READ_BYTES) {
    onBytes(at);
    hash.update(new Uint8Array(await blob.slice(at, at + READ_BYTES).arrayBuffer()));
  }
  return hash.digest('hex');
}
