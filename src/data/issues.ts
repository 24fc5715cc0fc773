import type { InputError } from '../math/errors.ts';
import type { DataIssue } from '../protocol/messages.ts';

/** An error that made a whole file of no use, as an issue. */
export function fileIssue(file: string, { message, hint }: InputError): DataIssue {
  return { reason: 'file unreadable', file, message, hint };
}
