/** A file that is kept equal to a log in memory: what could not be written is written later, what vanished again. */

import { checkedLines } from '../../io/json/json-lines.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import type { LineLog } from '../line-log.ts';

/** Bytes of the log that are written at a time. */
const PIECE_BYTES = 4 << 20;
const NEWLINE = 10;

export class GrowingFile {
  readonly #store: FileStore;
  readonly #path: string;
  readonly #log: LineLog;
  /** Bytes of the log that the file holds, and where in the file they end. */
  #written = 0;
  #end = 0;

  constructor(store: FileStore, path: string, log: LineLog) {
    this.#store = store;
    this.#path = path;
    this.#log = log;
  }

  /** Says that the file holds the whole log as it is now, in its first `end` bytes. */
  holdsAll(end: number): void {
    this.#written = this.#log.bytes;
    this.#end = end;
  }

  /** Brings the file up to the log. Throws when the device refuses; nothing is lost by that. */
  async flush(): Promise<void> {
    while (this.#written < this.#log.bytes) {
      const lines = await this.#nextLines();
      const bytes = checkedLines(await lines.text());
      if (await this.#store.writeFrom(this.#path, this.#end, bytes)) {
        this.#written += lines.size;
        this.#end += bytes.byteLength;
      } else {
        // The file is shorter than what was written to it: it was removed, and is written anew.
        this.#written = 0;
        this.#end = 0;
      }
    }
  }

  /** Whole lines that are still to be written. */
  async #nextLines(): Promise<Blob> {
    const log = this.#log.blob();
    for (let most = PIECE_BYTES; ; most *= 2) {
      const piece = log.slice(this.#written, this.#written + most);
      if (this.#written + piece.size === log.size) return piece;
      const end = new Uint8Array(await piece.arrayBuffer()).lastIndexOf(NEWLINE);
      if (end >= 0) return piece.slice(0, end + 1);
    }
  }
}
