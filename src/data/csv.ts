/** A record of a delimited file and the line (1-based) it starts on. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Records of comma-, semicolon- or tab-separated text (RFC 4180: quoted cells may hold separators, doubled quotes and
 * line breaks). The separator is the one of the three that the first line holds most often. Blank lines are left out.
 */
export function parseCsv(text: string): CsvRecord[] {
  const source = text.replace(/^\uFEFF/, '');
  const separator = chooseSeparator(source);
  const records: CsvRecord[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let startLine = 1;
  const endRecord = () => {
    cells.push(cell);
    if (cells.some((value) => value.trim() !== ''))
      records.push({ line: startLine, cells: cells.map((value) => value.trim()) });
    cells = [];
    cell = '';
    startLine = line;
  };
  for (let i = 0; i < source.length; i++) {
    const character = source[i]!;
    if (character === '\n') line++;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (source[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (character === '"' && cell.trim() === '') {
      quoted = true;
      cell = '';
    } else if (character === separator) {
      cells.push(cell);
      cell = '';
    } else if (character === '\n') endRecord();
    else if (character !== '\r') cell += character;
  }
  endRecord();
  return records;
}

function chooseSeparator(text: string): string {
  const first = text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'));
  const count = (separator: string) => first.split(separator).length;
  return ['\t', ';', ','].reduce(
    (best, separator) => (count(separator) > count(best) ? separator : best),
    ',',
  );
}
