/** A record of a delimited file and the line (1-based) it starts on. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
  /** It opens a quote that is never closed: its cells are what stands in that line. */
  readonly openQuote?: true;
}

/** A quoted cell of one line: quotes that tabs go with are a cell's own unless they end where it does. */
const QUOTED_CELL = /"(?:[^"\r\n]|"")*"(?=[\t\r\n]|$)/y;
/** The line by which a table tells Excel its separator. */
const DECLARED = /^sep=(.)\r?\n/i;
/** Lines that tell whether spaces separate. */
const LINES_TRIED = 50;

/**
 * Records of text that commas, semicolons, tabs, bars or else spaces separate (RFC 4180: quoted cells may hold separators,
 * doubled quotes and line breaks, with tabs but those). The separator is what a first line `sep=;` says, or the one that
 * the first line holds most often. Blank lines are left out. A quote that is never closed costs its own record only.
 */
export function parseCsv(text: string): CsvRecord[] {
  const bare = text.replace(/^\uFEFF/, '');
  // Old programs end lines with CR alone.
  const source = bare.includes('\n') ? bare : bare.replaceAll('\r', '\n');
  const declared = DECLARED.exec(source);
  const separator = declared?.[1] ?? chooseSeparator(source);
  if (separator === ' ') return spaced(source);
  return new Scanner(source, separator).read(declared?.[0].length ?? 0);
}

class Scanner {
  readonly #source: string;
  readonly #separator: string;
  #line = 1;
  #columns?: number;

  constructor(source: string, separator: string) {
    this.#source = source;
    this.#separator = separator;
  }

  read(start: number): CsvRecord[] {
    if (start > 0) this.#line++;
    const records: CsvRecord[] = [];
    for (let at = start; at < this.#source.length; ) {
      const { record, end } = this.#record(at);
      at = end;
      if (record.cells.every((cell) => cell === '')) continue;
      this.#columns ??= record.cells.length;
      records.push(record);
    }
    return records;
  }

  #record(start: number): { record: CsvRecord; end: number } {
    const line = this.#line;
    const cells: string[] = [];
    let isOpen = false;
    let at = start;
    for (;;) {
      const quote = this.#quoteAt(at);
      const closed = quote < 0 || isOpen ? undefined : this.#closed(quote);
      if (quote >= 0 && !closed && !isOpen) isOpen = this.#staysOpen(quote);
      const end = closed?.end ?? this.#cellEnd(at);
      const cell = (closed?.cell ?? this.#source.slice(at, end)).trim();
      if (!closed && this.#separator !== '\t' && quote < 0 && cell.endsWith('"')) isOpen ||= isOdd(cell);
      cells.push(cell);
      at = end;
      if (this.#source[at] === this.#separator) at++;
      else break;
    }
    if (this.#source[at] === '\r') at++;
    if (this.#source[at] === '\n') at++;
    this.#line++;
    return { record: { line, cells, ...(isOpen ? { openQuote: true } : {}) }, end: at };
  }

  /** Where the cell that begins there has its opening quote; -1 for none. */
  #quoteAt(start: number): number {
    let at = start;
    while (this.#source[at] === ' ') at++;
    if (this.#source[at] !== '"') return -1;
    if (this.#separator !== '\t') return at;
    QUOTED_CELL.lastIndex = at;
    return QUOTED_CELL.test(this.#source) ? at : -1;
  }

  /** The quoted cell, where its quote is closed as one should be: before a separator or a line's end, and not by the quote of a later record. */
  #closed(quote: number): { cell: string; end: number } | undefined {
    const source = this.#source;
    let close = quote + 1;
    for (; ; close++) {
      close = source.indexOf('"', close);
      if (close < 0) return undefined;
      if (source[close + 1] !== '"') break;
      close++;
    }
    let end = close + 1;
    while (source[end] === ' ') end++;
    if (end < source.length && ![this.#separator, '\r', '\n'].includes(source[end]!)) return undefined;
    const inside = source.slice(quote + 1, close);
    if (inside.includes('\n')) {
      if (this.#swallows(quote, end)) return undefined;
      this.#line += inside.split('\n').length - 1;
    }
    return { cell: inside.replaceAll('""', '"'), end };
  }

  /** Whether what a quote spans are whole records, as its every further line has their form. */
  #swallows(quote: number, end: number): boolean {
    const lineEnd = this.#source.indexOf('\n', end);
    const span = this.#source.slice(quote, lineEnd < 0 ? undefined : lineEnd);
    return span
      .split('\n')
      .slice(1)
      .every((text) => {
        const cells = text.split(this.#separator);
        return cells.length > 1 && cells.length === this.#columns && /^[^\s"]+$/.test(cells[0]!);
      });
  }

  /** Whether a quote that does not close as it should goes on past its line; else it is a sign of the text. */
  #staysOpen(quote: number): boolean {
    const lineEnd = this.#source.indexOf('\n', quote);
    const rest = this.#source.slice(quote + 1, lineEnd < 0 ? undefined : lineEnd);
    return !rest.includes('"');
  }

  #cellEnd(start: number): number {
    let end = start;
    while (end < this.#source.length && this.#source[end] !== this.#separator && this.#source[end] !== '\n')
      end++;
    return this.#source[end - 1] === '\r' && this.#source[end] !== this.#separator && end > start
      ? end - 1
      : end;
  }
}

/** Whether a cell without an opening quote has one quote too many: it ends what another record opened. */
const isOdd = (cell: string): boolean => cell.split('"').length % 2 === 0;

function spaced(source: string): CsvRecord[] {
  return source.split('\n').flatMap((text, index) => {
    const cells = text.trim().split(/\s+/);
    return cells[0] === '' ? [] : [{ line: index + 1, cells }];
  });
}

/** Spaces only where nothing else separates, and all lines have as many of them. */
function chooseSeparator(text: string): string {
  const first = (/\S.*/.exec(text)?.[0] ?? '').replaceAll(/"(?:[^"]|"")*"/g, '');
  const count = (separator: string) => first.split(separator).length;
  const best = ['\t', ';', ',', '|'].reduce(
    (most, separator) => (count(separator) > count(most) ? separator : most),
    ',',
  );
  if (count(best) > 1) return best;
  const lines = text
    .trim()
    .split('\n', LINES_TRIED)
    .map((line) => line.trim().split(/\s+/).length);
  return lines[0]! > 1 && lines.every((cells) => cells === lines[0]) ? ' ' : ',';
}
