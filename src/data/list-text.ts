/** Lists of clips are saved in several encodings: read in the wrong one, two labels may become one. */
import type { FileEntry } from '../io/files/files.ts';
import { InputError } from '../math/errors.ts';

/** Text of a list, in UTF-8, or in UTF-16 with its mark. @throws InputError where it is in another encoding */
export async function listText(file: FileEntry): Promise<string> {
  const bytes = await (await file.blob()).arrayBuffer();
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const text = new TextDecoder().decode(bytes);
    const line = text.slice(0, text.indexOf('\uFFFD')).split('\n').length;
    throw new InputError(`${file.path}: line ${line} is not in UTF-8, expected a text in UTF-8.`, {
      hint: 'Save it again as UTF-8 (in Excel: "CSV UTF-8"). Otherwise Excel writes the encoding of its country: GBK in China, Windows-1252 in the West.',
      cause,
    });
  }
}
