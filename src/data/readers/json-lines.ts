import { parseJson } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { isRecord } from '../json-shapes.ts';
import type { Beside, Entry } from '../known-entries.ts';
import { type ReadList, rowsOfEntries } from '../rows.ts';

/** Rows of JSON Lines; a line that is not JSON is an issue of its own. */
export function rowsOfJsonLines(file: string, text: string, beside: Beside): ReadList {
  const issues: DataIssue[] = [];
  const entries: Entry[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const row = index + 1;
    try {
      entries.push({ row, item: parseJson(line, file, { nonFinite: true }) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push({ reason: 'row malformed', file, row, message: error.message, hint: error.hint });
    }
  });
  const read = rowsOfEntries(file, entries, beside);
  return { ...read, issues: [...issues, ...read.issues], met: read.met + issues.length };
}

/** Whether each of the first two lines that hold something is a JSON object of its own. */
export function isJsonLines(text: string, label: string): boolean {
  const lines = /^\s*(\S[^\n]*)\n\s*(\S[^\n]*)(?:\n|$)/.exec(text)?.slice(1) ?? [];
  return lines.length === 2 && lines.every((line) => isObject(line, label));
}

function isObject(line: string, label: string): boolean {
  try {
    return isRecord(parseJson(line, label, { nonFinite: true }));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return false;
  }
}
