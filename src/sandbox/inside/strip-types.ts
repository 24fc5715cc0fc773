/** A person's TypeScript or JavaScript, parsed, its types taken away; places in what runs lead back to what was written. */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { transform } from 'sucrase';
import type { SourceText, WireFault } from '../wire.ts';
import { Failure } from './failure.ts';

/** A line and a column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Stripped {
  readonly code: string;
  /** The place in the source that a place in `code` comes from. */
  written(place: Place): Place;
}

/** @throws Failure with the place where it cannot be parsed */
export function stripTypes({
  name,
  language,
  text,
}: Pick<SourceText, 'name' | 'language' | 'text'>): Stripped {
  try {
    const { code, sourceMap } = transform(text, {
      transforms: language === 'ts' ? ['typescript'] : [],
      disableESTransforms: true,
      filePath: name,
      sourceMapOptions: { compiledFilename: name },
    });
    const map = new TraceMap({ ...sourceMap!, version: 3 });
    return {
      code,
      written({ line, column }) {
        const found = originalPositionFor(map, { line, column: column - 1 });
        return { line: found.line ?? line, column: (found.column ?? column - 1) + 1 };
      },
    };
  } catch (error) {
    throw new Failure(parseFault(error));
  }
}

/** Sucrase begins its sentence with the file and ends it with the place, which it says apart as well. */
function parseFault(error: unknown): WireFault {
  const said = error instanceof Error ? error.message : String(error);
  const what = said.replace(/^Error \w+ [^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
  const loc = error instanceof Error && 'loc' in error ? (error.loc as Place | undefined) : undefined;
  return {
    message: `SyntaxError: ${what}`,
    ...(loc ? { line: loc.line, column: loc.column } : {}),
  };
}
