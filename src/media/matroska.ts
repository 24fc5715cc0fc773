/** The frame of a Matroska or WebM file: whether its one segment is all there, and its head sound. */
import { InputError } from '../math/errors.ts';

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;

/** An element's size, and where its content begins; undefined for one that is open-ended. */
function sizeAt(view: DataView, at: number): { size: number | undefined; content: number } {
  const first = view.getUint8(at);
  const length = Math.clz32(first) - 23;
  let size = first & ((1 << (8 - length)) - 1);
  let unknown = size === (1 << (8 - length)) - 1;
  for (let byte = 1; byte < length; byte++) {
    const next = view.getUint8(at + byte);
    unknown &&= next === 255;
    size = size * 256 + next;
  }
  return { size: unknown ? undefined : size, content: at + length };
}

/** True where the segment states its size and all of it is in the file; false where it does not, and for other files. */
export async function isWholeMatroska(file: Blob): Promise<boolean> {
  const view = new DataView(await file.slice(0, 4096).arrayBuffer());
  try {
    if (view.getUint32(0) !== EBML) return false;
    const header = sizeAt(view, 4);
    const segmentAt = header.content + (header.size ?? 0);
    if (view.getUint32(segmentAt) !== SEGMENT) return false;
    const { size, content } = sizeAt(view, segmentAt + 4);
    return size !== undefined && size > 0 && content + size <= file.size;
  } catch {
    // Too short to tell.
    return false;
  }
}

const CLUSTER = 0x1f43b675;
/** Elements of the head that hold others: seek head, seek, info, tracks, track entry, video, colour, audio. */
const MASTERS = [0x114d9b74, 0x4dbb, 0x1549a966, 0x1654ae6b, 0xae, 0xe0, 0x55b0, 0xe1];
/** What may lie directly in a segment before its clusters: these, cues, tags, attachments, chapters, filler, checksum. */
const TOP = [0x114d9b74, 0x1549a966, 0x1654ae6b, 0x1c53bb6b, 0x1254c367, 0x1941a469, 0x1043a770, 0xec, 0xbf];
/** What comes before the first cluster is looked over this far. */
const HEAD_BYTES = 1 << 20;

/** The elements before the first cluster, where one does not fit into another or has no size that can be read. */
class HeadWalk {
  readonly #view: DataView;
  readonly #fileSize: number;

  constructor(view: DataView, fileSize: number) {
    this.#view = view;
    this.#fileSize = fileSize;
  }

  /** Where an element is at odds with what is around it; undefined where none is. */
  faultIn(start: number, end: number, top: boolean): number | undefined {
    for (let at = start; at < end; ) {
      if (at + 12 > this.#view.byteLength) return undefined;
      const idLength = Math.clz32(this.#view.getUint8(at)) - 23;
      if (idLength > 4 || this.#view.getUint8(at + idLength) === 0) return at;
      let id = 0;
      for (let byte = 0; byte < idLength; byte++) id = id * 256 + this.#view.getUint8(at + byte);
      if (top && id === CLUSTER) return undefined;
      // A demuxer that looks for the next known element never ends where the file was cut off as well.
      if (top && !TOP.includes(id)) return at;
      const { size, content } = sizeAt(this.#view, at + idLength);
      if (size === undefined) return top ? undefined : at;
      // At the top a clip that was cut off ends in the middle of an element.
      if (content + size > end) return top && content + size > this.#fileSize ? undefined : at;
      const fault = MASTERS.includes(id) ? this.faultIn(content, content + size, false) : undefined;
      if (fault !== undefined) return fault;
      at = content + size;
    }
    return undefined;
  }
}

/** Does nothing for files of another kind. @throws InputError for a head that a demuxer would never come to the end of */
export async function checkMatroskaHead(file: Blob, name: string): Promise<void> {
  const view = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (view.byteLength < 64 || view.getUint32(0) !== EBML) return;
  const header = sizeAt(view, 4);
  const segmentAt = header.content + (header.size ?? 0);
  if (segmentAt + 12 > view.byteLength || view.getUint32(segmentAt) !== SEGMENT) return;
  const { size, content } = sizeAt(view, segmentAt + 4);
  const fault = new HeadWalk(view, file.size).faultIn(content, content + (size ?? file.size), true);
  if (fault === undefined) return;
  throw new InputError(
    `${name}: found an element at byte ${fault} that does not fit what is around it: the clip is damaged.`,
    { hint: 'Copy or export the file again, or remove its row.' },
  );
}
