/** The frame of a Matroska or WebM file: only whether its one segment is all there. */

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
