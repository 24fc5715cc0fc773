/** Whether a list that could not be read may say what the clips show. */
import { extension } from '../../io/files/files.ts';
import { parseJson } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';
import { isMedia } from '../../protocol/clip-types.ts';
import { LABEL_NAMES, squeezed } from '../column-names.ts';
import { parseCsv } from '../csv.ts';
import { emotionOf } from '../emotion-words.ts';
import { isRecord } from '../json-shapes.ts';
import type { Beside } from '../known-entries.ts';

/** Records, or texts of a JSON file, that are looked at. */
const SAMPLE = 100;
/** Shorter lists are names of classes and the like, where there are many more clips. */
const FEW = 30;

export function isAboutClips(file: string, text: string, beside: Beside): boolean {
  return extension(file) === 'json'
    ? isJsonAboutClips(file, text, beside)
    : isTableAboutClips(file, text, beside);
}

function isTableAboutClips(file: string, text: string, beside: Beside): boolean {
  const [header, ...records] = parseCsv(text);
  const cells = records.slice(0, SAMPLE).flatMap((record) => record.cells);
  if (cells.some((cell) => isMedia(cell) || beside.isClip(cell, file))) return true;
  const names = header?.cells.map(squeezed) ?? [];
  const speaksOfLabels =
    names.some((name) => LABEL_NAMES.includes(name)) || cells.some((cell) => emotionOf(cell));
  // A list that was not filled yet says as much as one that is broken.
  return (
    speaksOfLabels &&
    (records.length === 0 || records.length > FEW || records.length * 4 >= beside.paths.length)
  );
}

/** Settings and descriptions beside clips are JSON, too: what names no clip is none of their lists. What is broken may be one. */
function isJsonAboutClips(file: string, text: string, beside: Beside): boolean {
  try {
    return textsIn(parseJson(text, file, { nonFinite: true }), []).some(
      (each) => isMedia(each) || beside.isClip(each, file),
    );
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return true;
  }
}

/** Keys and texts of a JSON value, the first ones. */
function textsIn(value: unknown, found: string[]): string[] {
  if (found.length >= SAMPLE) return found;
  if (typeof value === 'string') found.push(value);
  else if (Array.isArray(value)) for (const each of value.slice(0, SAMPLE)) textsIn(each, found);
  else if (isRecord(value)) {
    for (const [key, each] of Object.entries(value).slice(0, SAMPLE)) {
      found.push(key);
      textsIn(each, found);
    }
  }
  return found;
}
