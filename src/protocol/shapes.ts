/** The pieces that schemas of messages are made of. */
import { z } from 'zod';

// The page's security policy forbids code made out of text, which zod would try for speed (why: D-091).
z.config({ jitless: true });

export { z };

export const requestId = z.number().int();
/** A number that may be NaN or infinite: showing that is the page's job. */
export const anyNumber = z.custom<number>((value) => typeof value === 'number', 'expected a number');
/** Amounts by name. */
export const counts = z.record(z.string(), z.number());
export const blob = z.custom<Blob>((value) => value instanceof Blob, 'expected a Blob');
export const floats = z.custom<Float32Array>(
  (value) => value instanceof Float32Array,
  'expected a Float32Array',
);
export const doubles = z.custom<Float64Array>(
  (value) => value instanceof Float64Array,
  'expected a Float64Array',
);
export const directory = z.custom<FileSystemDirectoryHandle>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'directory',
  'expected a directory handle',
);

/** An array whose first item stands for all, so that a hundred thousand of them cost nothing. */
export function longArray<S extends z.ZodType>(item: S): z.ZodType<z.infer<S>[]> {
  return z.custom<z.infer<S>[]>(
    (value) => Array.isArray(value) && (value.length === 0 || item.safeParse(value[0]).success),
    'expected an array of another shape',
  );
}

/** The same check, of a type that nobody writes to. zod's own would freeze what it is shown. */
export function unwritten<S extends z.ZodType>(schema: S): z.ZodType<Readonly<z.infer<S>>> {
  return schema as unknown as z.ZodType<Readonly<z.infer<S>>>;
}
