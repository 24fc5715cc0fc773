/**
 * Looks over the boxes of an MP4 or MOV before a demuxer does. Demuxers believe the counts in its tables and make that many
 * entries; here each count is held against the bytes that are there.
 */
import { InputError } from '../math/errors.ts';

const CONTAINERS = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'edts', 'mvex', 'moof', 'traf', 'mfra', 'dinf'];
const FIRST_BOXES = ['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot', 'styp', 'sidx', 'moof', 'uuid'];
/** Bytes of an entry at least, and where the count stands in the box; tables whose size follows from their count. */
const TABLES: Readonly<Record<string, { readonly count: number; readonly entry: number }>> = {
  stts: { count: 4, entry: 8 },
  ctts: { count: 4, entry: 8 },
  cslg: { count: 4, entry: 0 },
  stss: { count: 4, entry: 4 },
  stps: { count: 4, entry: 4 },
  stsc: { count: 4, entry: 12 },
  stco: { count: 4, entry: 4 },
  co64: { count: 4, entry: 8 },
  stsd: { count: 4, entry: 8 },
  dref: { count: 4, entry: 8 },
  elst: { count: 4, entry: 12 },
  trun: { count: 4, entry: 0 },
  tfra: { count: 12, entry: 11 },
};
/** Boxes deeper than this, or more of them, are no clip. */
const MOST_DEPTH = 16;
const MOST_BOXES = 200_000;
/** Samples of one fragment, and places where a fragment begins: each becomes an object, and the places are sorted. */
const MOST_FRAGMENT_SAMPLES = 2_000_000;
const MOST_PLACES = 50_000;
/** Tables are read this far to add up the samples that they tell of. */
const MOST_TABLE_BYTES = 64 << 20;

interface Box {
  readonly type: string;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

class BoxWalk {
  readonly #file: Blob;
  readonly #name: string;
  #boxes = 0;
  /** Samples of the track under way, by its size table. */
  #samples = Number.POSITIVE_INFINITY;
  /** Chunks of the track under way. */
  #chunks = Number.POSITIVE_INFINITY;
  /** Samples of the fragment under way, of all fragments, and places that tell where these begin. */
  #inFragment = 0;
  #inFragments = 0;
  #places = 0;

  constructor(file: Blob, name: string) {
    this.#file = file;
    this.#name = name;
  }

  async inside(start: number, end: number, depth: number): Promise<void> {
    const boxes = await this.#boxesIn(start, end, depth);
    // The size table first: the time tables are held against it.
    const first = boxes.filter(({ type }) => type === 'stsz' || type === 'stz2');
    if (boxes.some(({ type }) => type === 'stts') || first.length > 0) {
      this.#samples = Number.POSITIVE_INFINITY;
    }
    for (const box of first) this.#samples = await this.#sampleSizes(box);
    if (boxes.some(({ type }) => type === 'stsc')) this.#chunks = Number.POSITIVE_INFINITY;
    for (const { type, content } of boxes) {
      if (type !== 'stco' && type !== 'co64') continue;
      const head = await this.#view(content, 8);
      if (head.byteLength === 8) this.#chunks = head.getUint32(4);
    }
    for (const box of boxes) {
      if (box.type === 'moof') this.#inFragment = 0;
      if (CONTAINERS.includes(box.type)) await this.inside(box.content, Math.min(box.end, end), depth + 1);
      else if (TABLES[box.type]) await this.#table(box);
      else if (box.type === 'sidx') await this.#segmentIndex(box);
    }
  }

  async #boxesIn(start: number, end: number, depth: number): Promise<Box[]> {
    if (depth > MOST_DEPTH) throw this.#damaged(`boxes ${depth} deep`, `at most ${MOST_DEPTH}`);
    const boxes: Box[] = [];
    for (let at = start; at + 8 <= end; ) {
      if (++this.#boxes > MOST_BOXES) throw this.#damaged(`more than ${MOST_BOXES} boxes`, 'fewer');
      const head = await this.#view(at, 16);
      const type = String.fromCharCode(...[4, 5, 6, 7].map((byte) => head.getUint8(byte)));
      const short = head.getUint32(0);
      const long = short === 1 && head.byteLength >= 16 ? Number(head.getBigUint64(8)) : undefined;
      const size = short === 0 ? end - at : (long ?? short);
      const header = long === undefined ? 8 : 16;
      // What does not fit ends the list, as for the demuxer; a box that goes on beyond the file is a clip that was cut off.
      if (size < header) break;
      boxes.push({ type, start: at, content: at + header, end: at + size });
      at += size;
    }
    return boxes;
  }

  async #table({ type, content, end }: Box): Promise<void> {
    const { count: at, entry } = TABLES[type]!;
    const room = Math.min(end, this.#file.size) - content - at - 4;
    const head = await this.#view(content, at + 4);
    if (head.byteLength < at + 4) throw this.#damaged(`a table "${type}" without its count`, 'one');
    const count = head.getUint32(at);
    if (count * entry > room) {
      throw this.#damaged(
        `a table "${type}" that says it has ${count} entries`,
        `at most ${Math.max(0, Math.floor(room / entry))}, which its ${Math.max(0, room)} bytes can hold`,
      );
    }
    if (type === 'stts' || type === 'ctts') await this.#runs(type, content + at + 4, count);
    if (type === 'stsc') await this.#chunkRuns(content + at + 4, count);
    if (type === 'tfra') {
      this.#places += count;
      if (this.#places > MOST_PLACES)
        throw this.#damaged(`${this.#places} places of fragments`, `at most ${MOST_PLACES}`);
    }
    if (type === 'trun') this.#fragment(head.getUint32(0) & 0xffffff, count, room);
  }

  /** A table of runs: so many samples of one duration or offset. */
  async #runs(type: string, start: number, count: number): Promise<void> {
    const table = await this.#view(start, Math.min(8 * count, MOST_TABLE_BYTES));
    let samples = 0;
    for (let at = 0; at + 8 <= table.byteLength; at += 8) samples += table.getUint32(at);
    // Some writers count a last sample that is not there.
    const most = Math.min(this.#samples, this.#file.size) + 1;
    if (samples > most) {
      throw this.#damaged(`a table "${type}" that tells of ${samples} samples`, `at most ${most}`);
    }
  }

  /** A table of runs of chunks: the first chunk of each, and how many samples every one of these holds. */
  async #chunkRuns(start: number, count: number): Promise<void> {
    const table = await this.#view(start, Math.min(12 * count, MOST_TABLE_BYTES));
    let before = 0;
    for (let at = 0; at + 12 <= table.byteLength; at += 12) {
      const [chunk, samples] = [table.getUint32(at), table.getUint32(at + 4)];
      if (chunk <= before || chunk > this.#chunks) {
        const expected = `a later one than ${before}, and at most ${this.#chunks}`;
        throw this.#damaged(`a table "stsc" with a run from chunk ${chunk}`, expected);
      }
      if (samples > this.#samples + 1) {
        const expected = `at most the ${this.#samples} of the track`;
        throw this.#damaged(`a table "stsc" that tells of ${samples} samples in a chunk`, expected);
      }
      before = chunk;
    }
  }

  /** The samples that a size table tells of. */
  async #sampleSizes({ type, content, end }: Box): Promise<number> {
    const head = await this.#view(content, 12);
    if (head.byteLength < 12) throw this.#damaged(`a table "${type}" without its count`, 'one');
    const count = head.getUint32(8);
    const same = type === 'stsz' ? head.getUint32(4) : 0;
    const bits = type === 'stsz' ? 32 : head.getUint8(7);
    const room = same > 0 ? this.#file.size : Math.min(end, this.#file.size) - content - 12;
    const bytes = same > 0 ? count * same : (count * bits) / 8;
    // Of a clip that was cut off the sizes are all there, and more than the file: that is told elsewhere, by its length.
    const most = same > 0 ? 1e8 : Number.POSITIVE_INFINITY;
    if (same > 0 ? count > most || (bytes > room && count > room) : bytes > room) {
      throw this.#damaged(
        `a table "${type}" that says it has ${count} entries`,
        `no more than ${Math.max(0, room)} bytes can hold`,
      );
    }
    return count;
  }

  #fragment(flags: number, count: number, room: number): void {
    const optional = (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
    const entry = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
    const most = entry > 0 ? Math.floor((room - optional) / entry) : this.#file.size;
    if (count > most)
      throw this.#damaged(`a fragment that says it has ${count} samples`, `at most ${Math.max(0, most)}`);
    this.#inFragment += count;
    this.#inFragments += count;
    if (this.#inFragment > MOST_FRAGMENT_SAMPLES || this.#inFragments > this.#file.size) {
      throw this.#damaged(
        `a fragment of ${this.#inFragment} samples, and ${this.#inFragments} in all fragments`,
        `at most ${MOST_FRAGMENT_SAMPLES}, and one for each byte of the file`,
      );
    }
  }

  async #segmentIndex({ content, end }: Box): Promise<void> {
    const head = await this.#view(content, 32);
    const at = head.byteLength > 0 && head.getUint8(0) > 0 ? 30 : 22;
    if (head.byteLength < at + 2) return;
    const count = head.getUint16(at);
    const room = Math.min(end, this.#file.size) - content - at - 2;
    if (count * 12 > room) {
      throw this.#damaged(
        `an index "sidx" that says it has ${count} entries`,
        `at most ${Math.floor(room / 12)}`,
      );
    }
  }

  async #view(start: number, bytes: number): Promise<DataView> {
    return new DataView(await this.#file.slice(start, start + bytes).arrayBuffer());
  }

  #damaged(found: string, expected: string): InputError {
    return new InputError(`${this.#name}: found ${found}, expected ${expected}: the clip is damaged.`, {
      hint: 'Copy or export the file again, or remove its row.',
    });
  }
}

/** Does nothing for files of another kind. @throws InputError for a table that says more than the file can hold */
export async function checkIsoBoxes(file: Blob, name: string): Promise<void> {
  const type = await file.slice(4, 8).text();
  if (FIRST_BOXES.includes(type)) await new BoxWalk(file, name).inside(0, file.size, 0);
}
