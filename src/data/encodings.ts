/** Which encoding a text is in that is not UTF-8: told by how common the characters would be that its bytes stand for. */

interface Encoding {
  /** As TextDecoder knows it. */
  readonly decoder: string;
  /** As people know it. */
  readonly name: string;
  /** The mean of what its characters beyond ASCII speak for it, from 0 to 1; undefined without any. */
  readonly judge: (bytes: Uint8Array) => number | undefined;
}

export interface Guess {
  readonly decoder: string;
  readonly name: string;
  readonly score: number;
}

/** From this score on an encoding is believed, where no other comes near. */
const CERTAIN = 0.85;
const CLEARLY_BETTER = 0.25;
/** One that scores less is not named. */
const PLAUSIBLE = 0.5;

/** What a pair of bytes right behind a letter of ASCII weighs. */
const INSIDE_WORD = 0.5;

const between = (value: number, first: number, last: number): boolean => value >= first && value <= last;

/** A judge of encodings with one or two bytes a character. `weigh`: of a pair. A byte that begins none weighs `single`. */
function pairs(
  isLead: (byte: number) => boolean,
  weigh: (lead: number, trail: number) => number,
  single = 0,
): Encoding['judge'] {
  return (bytes) => {
    let [sum, count] = [0, 0];
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte < 0x80) continue;
      count++;
      // Behind a letter of ASCII stands an accented one: Polish in ISO-8859-2 has bytes that pair with the letter after them.
      const share = isLetter(bytes[at - 1]) ? INSIDE_WORD : 1;
      if (isLead(byte)) sum += share * weigh(byte, bytes[++at] ?? 0);
      else sum += share * single;
    }
    return count === 0 ? undefined : sum / count;
  };
}

const gbk = pairs(
  () => true,
  (lead, trail) => {
    if (trail < 0xa1) return 0;
    if (between(lead, 0xb0, 0xd7)) return 1;
    if (between(lead, 0xa1, 0xa3)) return 0.8;
    return lead >= 0xd8 && lead <= 0xf7 ? 0.3 : 0.1;
  },
);
const big5 = pairs(
  () => true,
  (lead) => {
    if (between(lead, 0xa4, 0xc6)) return 1;
    if (between(lead, 0xa1, 0xa3)) return 0.8;
    return between(lead, 0xc9, 0xf9) ? 0.2 : 0;
  },
);
const shiftJis = pairs(
  (byte) => between(byte, 0x81, 0x9f) || byte >= 0xe0,
  (lead, trail) => {
    if (lead === 0x82 && trail >= 0x9f) return 1;
    if (lead === 0x83 && trail <= 0x96) return 1;
    if (lead === 0x81) return 0.8;
    return between(lead, 0x88, 0x98) ? 0.95 : 0.1;
  },
  0.1,
);
const eucJp = pairs(
  () => true,
  (lead) => {
    if (lead === 0xa4 || lead === 0xa5) return 1;
    if (lead === 0xa1) return 0.8;
    return between(lead, 0xb0, 0xcf) ? 0.9 : 0.1;
  },
);
const eucKr = pairs(
  () => true,
  (lead, trail) => {
    if (trail < 0xa1) return 0.1;
    if (between(lead, 0xb0, 0xc8)) return 1;
    return lead === 0xa1 ? 0.8 : 0.1;
  },
);

/** Letters and marks that have these bytes in all of Windows' encodings for Latin letters, the Eastern and Turkish ones too. */
const ALL_LATIN = '\x85\x91\x92\x93\x94\x95\x96\x97\xa0\xab\xb0\xbbÁÂÄÇÉÍÎÓÔÖÚÜßáâäçéíîóôöúü';
const isLetter = (byte = 0): boolean => between(byte | 0x20, 0x61, 0x7a);

/** Accented letters stand alone among plain ones. */
function western(bytes: Uint8Array): number | undefined {
  let [sum, count] = [0, 0];
  bytes.forEach((byte, at) => {
    if (byte < 0x80) return;
    count++;
    if (byte < 0xa0 || ALL_LATIN.includes(String.fromCharCode(byte))) {
      sum += ALL_LATIN.includes(String.fromCharCode(byte)) && touchesLetter(bytes, at) ? 1 : 0;
    } else if (byte >= 0xc0 && touchesLetter(bytes, at)) sum += 0.6;
  });
  return count === 0 ? undefined : sum / count;
}

const touchesLetter = (bytes: Uint8Array, at: number): boolean =>
  isLetter(bytes[at - 1]) || isLetter(bytes[at + 1]);

/** Words of high bytes alone: Cyrillic, Greek, Arabic. Too alike to be told apart for certain. */
function otherScript(bytes: Uint8Array): number | undefined {
  let [sum, count] = [0, 0];
  bytes.forEach((byte, at) => {
    if (byte < 0x80) return;
    count++;
    const inWord = (bytes[at - 1] ?? 0) >= 0xa0 || (bytes[at + 1] ?? 0) >= 0xa0;
    if (byte >= 0xc0 && inWord && !touchesLetter(bytes, at)) sum += 0.7;
  });
  return count === 0 ? undefined : sum / count;
}

const ENCODINGS: readonly Encoding[] = [
  { decoder: 'gb18030', name: 'GBK (GB18030)', judge: gbk },
  { decoder: 'shift_jis', name: 'Shift-JIS', judge: shiftJis },
  { decoder: 'big5', name: 'Big5', judge: big5 },
  { decoder: 'euc-jp', name: 'EUC-JP', judge: eucJp },
  { decoder: 'euc-kr', name: 'EUC-KR', judge: eucKr },
  { decoder: 'windows-1252', name: 'Windows-1252 (Latin-1)', judge: western },
  {
    decoder: 'windows-1251',
    name: 'Windows-1251 (or another one for Cyrillic or Greek)',
    judge: otherScript,
  },
];

/** Encodings that a text which is not UTF-8 may be in, the likeliest first. `certain`: the first, where it is beyond doubt. */
export function guessEncoding(bytes: Uint8Array<ArrayBuffer>): { certain?: Guess; likely: readonly Guess[] } {
  const likely = ENCODINGS.flatMap(({ decoder, name, judge }): Guess[] => {
    const score = judge(bytes) ?? 0;
    return score >= PLAUSIBLE && decodes(bytes, decoder) ? [{ decoder, name, score }] : [];
  }).sort((a, b) => b.score - a.score);
  const [first, second] = likely;
  const isCertain = first && first.score >= CERTAIN && first.score - (second?.score ?? 0) >= CLEARLY_BETTER;
  return { ...(isCertain ? { certain: first } : {}), likely };
}

function decodes(bytes: Uint8Array<ArrayBuffer>, decoder: string): boolean {
  try {
    new TextDecoder(decoder, { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** UTF-16 without its mark: every second byte of plain letters is zero. undefined for anything else. */
export function unmarkedUtf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const zeros = [0, 0];
  bytes.forEach((byte, at) => {
    if (byte === 0) zeros[at % 2]!++;
  });
  const [even = 0, odd = 0] = zeros;
  if (bytes.length % 2 !== 0 || Math.max(even, odd) < bytes.length / 8) return undefined;
  if (even * 16 < odd) return 'utf-16le';
  return odd * 16 < even ? 'utf-16be' : undefined;
}
