/** What bytes without a name are, by how they begin. */

/** [place of the signs, signs, ending]; the first that fits. */
const SIGNS: readonly (readonly [at: number, signs: string, ending: string])[] = [
  [0, '\xff\xd8\xff', 'jpg'],
  [0, '\x89PNG', 'png'],
  [0, 'GIF8', 'gif'],
  [8, 'WEBP', 'webp'],
  [8, 'WAVE', 'wav'],
  [8, 'AVI ', 'avi'],
  [4, 'ftypavif', 'avif'],
  [4, 'ftypM4A', 'm4a'],
  [4, 'ftypqt', 'mov'],
  [4, 'ftyp', 'mp4'],
  [0, '\x1a\x45\xdf\xa3', 'webm'],
  [0, 'OggS', 'ogg'],
  [0, 'fLaC', 'flac'],
  [0, 'ID3', 'mp3'],
  [0, 'BM', 'bmp'],
];

/** The ending that a file of such a beginning would have; undefined for what is no known picture, sound or video. */
export function endingOf(head: Uint8Array): string | undefined {
  const begins = (at: number, signs: string) =>
    [...signs].every((sign, i) => head[at + i] === sign.charCodeAt(0));
  const ending = SIGNS.find(([at, signs]) => begins(at, signs))?.[2];
  // A frame of MPEG audio, layer 3: eleven bits set, then a version and that layer.
  const isMp3 = head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2;
  return ending ?? (isMp3 ? 'mp3' : undefined);
}

/** Whether bytes, but for a sign that is cut at their end, are a text in UTF-8. */
export function isText(head: Uint8Array): boolean {
  const text = new TextDecoder('utf-8').decode(head).slice(0, -1);
  const isControl = (sign: string) => sign < ' ' && !'\t\n\r\f\v'.includes(sign);
  return !text.includes('\uFFFD') && ![...text].some(isControl);
}
