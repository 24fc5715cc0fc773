/** Loops of a shader, written out turn by turn, for compilers that leave them as they are and arrays in memory with them (why: D-068). */

/** Of a composed shader; what else a line knows goes with its copies. */
interface Text {
  readonly text: string;
}

/** By name: numbers, flags and more. */
type Defines = Readonly<Record<string, unknown>>;

interface Loop {
  readonly counter: string;
  readonly count: string;
  readonly turns: number;
}

const DIRECTIVE = /^\/\/! write out (\w+) < (\w+) where (\w+)$/;

/**
 * `//! write out c < COUNT where FLAG`: where the definition FLAG is true, each `for (var c = 0u; c < COUNT; c++) { ... }` becomes COUNT
 * blocks, one a turn, with `const c`. A loop ends on its own line or with the first brace in its column.
 * @throws when COUNT is no number among the definitions, or a loop has no end
 */
export function writeOutLoops<Line extends Text>(lines: readonly Line[], defines: Defines): readonly Line[] {
  return lines
    .flatMap(({ text }) => wantedLoop(text, defines) ?? [])
    .reduce<readonly Line[]>((written, loop) => writeOut(written, loop), lines);
}

function wantedLoop(line: string, defines: Defines): Loop | undefined {
  const [, counter, count, flag] = DIRECTIVE.exec(line) ?? [];
  if (counter === undefined || count === undefined || defines[flag!] !== true) return undefined;
  const turns = defines[count];
  if (typeof turns !== 'number') throw new Error(`"${line}": ${count} is no number among the definitions.`);
  return { counter, count, turns };
}

function writeOut<Line extends Text>(lines: readonly Line[], { counter, count, turns }: Loop): Line[] {
  const opening = `for (var ${counter} = 0u; ${counter} < ${count}; ${counter}++) {`;
  const written: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    const first = lines[at]!;
    if (!first.text.includes(opening)) {
      written.push(first);
      continue;
    }
    const end = endOf(lines, at);
    const rest = lines.slice(at + 1, end + 1);
    for (let turn = 0; turn < turns; turn++) {
      written.push(
        { ...first, text: first.text.replace(opening, `{ const ${counter} = ${turn}u;`) },
        ...rest,
      );
    }
    at = end;
  }
  return written;
}

/** The line of the loop's last brace. */
function endOf(lines: readonly Text[], first: number): number {
  const { text } = lines[first]!;
  if (text.endsWith('}')) return first;
  const brace = `${text.slice(0, text.search(/\S/))}}`;
  const end = lines.findIndex((line, at) => at > first && line.text.startsWith(brace));
  if (end < 0) throw new Error(`"${text.trim()}" has no closing brace in its column.`);
  return end;
}
