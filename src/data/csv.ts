import { InputError } from '../math/errors.ts';

/** A record of a delimited file and the line (1-based) it starts on. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A quoted cell of one line: quotes that tabs go with are a cell's own unless they end where it does. */
const QUOTED_CELL = /"(?:[^"\r\n]|"")*"(?=[\t\r\n]|$)/y;
/** The line by which a table tells Excel its separator. */
const DECLARED = /^sep=(.)\r?\n/i;

/**
 * Records of comma-, semicolon- or tab-separated text (RFC 4180: quoted cells may hold separators, doubled quotes and
 * line breaks, with tabs but those). The separator is what a first line `sep=;` says, or the one of the three that the first line
 * holds most often. Blank lines are left out. `file`: for messages. @throws InputError where a quote is never closed
 */
export function parseCsv(text: string, file = 'the table'): CsvRecord[] {
  const bare = text.replace(/^\uFEFF/, '');
  // Old programs end lines with CR alone.
  const source = bare.includes('\n') ? bare : bare.replaceAll('\r', '\n');
  const declared = DECLARED.exec(source);
  const separator = declared?.[1] ?? chooseSeparator(source);
  const isQuote = (at: number): boolean => {
    if (separator !== '\t') return true;
    QUOTED_CELL.lastIndex = at;
    return QUOTED_CELL.test(source);
  };
  const records: CsvRecord[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = declared ? 2 : 1;
  let startLine = line;
  let quoteLine = 0;
  const endRecord = () => {
    cells.push(cell);
    if (cells.some((value) => value.trim() !== ''))
      records.push({ line: startLine, cells: cells.map((value) => value.trim()) });
    cells = [];
    cell = '';
    startLine = line;
  };
  for (let i = declared?.[0].length ?? 0; i < source.length; i++) {
    const character = source[i]!;
    if (character === '\n') line++;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (source[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (character === '"' && cell.trim() === '' && isQuote(i)) {
      quoted = true;
      quoteLine = line;
      cell = '';
    } else if (character === separator) {
      cells.push(cell);
      cell = '';
    } else if (character === '\n') endRecord();
    else if (character !== '\r') cell += character;
  }
  if (quoted) {
    throw new InputError(
      `${file}: the quote that opens a cell in line ${quoteLine} is never closed, so that every line after it would be part of that cell.`,
      { hint: 'Close or remove that quote; a quote inside a cell is written twice ("").' },
    );
  }
  endRecord();
  return records;
}

function chooseSeparator(text: string): string {
  const first = (/\S.*/.exec(text)?.[0] ?? '').replaceAll(/"(?:[^"]|"")*"/g, '');
  const count = (separator: string) => first.split(separator).length;
  return ['\t', ';', ','].reduce(
    (best, separator) => (count(separator) > count(best) ? separator : best),
    ',',
  );
}
