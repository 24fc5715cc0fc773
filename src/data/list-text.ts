/** Lists of clips are saved in several encodings: read in the wrong one, two labels may become one. */
import type { FileEntry } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';
import { guessEncoding, unmarkedUtf16 } from './encodings.ts';

export interface ListText {
  readonly text: string;
  /** What it was read as, where that had to be found out. */
  readonly encoding?: string;
}

/** Text of a list, in the encoding that it is certainly in. @throws InputError where none is certain, by the likely one's name */
export async function readListText(file: FileEntry): Promise<ListText> {
  const bytes = new Uint8Array(await (await file.blob()).arrayBuffer());
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe && third === 0 && fourth === 0) throw refused(file, bytes, 'UTF-32');
  if (first === 0xff && second === 0xfe) return { text: decoded(file, bytes, 'utf-16le') };
  if (first === 0xfe && second === 0xff) return { text: decoded(file, bytes, 'utf-16be') };
  const utf16 = unmarkedUtf16(bytes);
  if (utf16) return { text: decoded(file, bytes, utf16), encoding: utf16.toUpperCase() };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const { certain, likely } = guessEncoding(bytes);
    if (certain) return { text: decoded(file, bytes, certain.decoder), encoding: certain.name };
    throw refused(file, bytes, likely.map(({ name }) => name).join(' or '));
  }
}

/** The same, for who needs not say how. */
export const listText = async (file: FileEntry): Promise<string> => (await readListText(file)).text;

function decoded(file: FileEntry, bytes: Uint8Array<ArrayBuffer>, decoder: string): string {
  try {
    return new TextDecoder(decoder, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refused(file, bytes, `a damaged ${decoder.toUpperCase()}`, cause);
  }
}

function refused(
  file: FileEntry,
  bytes: Uint8Array<ArrayBuffer>,
  likely: string,
  cause?: unknown,
): InputError {
  const text = new TextDecoder().decode(bytes);
  const line = text.slice(0, text.indexOf('\uFFFD')).split('\n').length;
  const seems = likely === '' ? '' : `; it seems to be in ${likely}`;
  return new InputError(`${file.path}: line ${line} is not in UTF-8, expected a text in UTF-8${seems}.`, {
    hint: 'Save it again as UTF-8 (in Excel: "CSV UTF-8"). Otherwise Excel writes the encoding of its country: GBK in China, Windows-1252 in the West.',
    ...(cause === undefined ? {} : { cause }),
  });
}
