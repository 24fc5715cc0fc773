import { InputError } from '../math/errors.ts';
import type { EventOf } from '../protocol/messages.ts';

/** An error as the page shows it: what a person can mend has a hint, anything else its stack as details. */
export function failureEvent(error: unknown, requestId?: number): EventOf<'error'> {
  const asked = requestId === undefined ? {} : { requestId };
  if (error instanceof InputError) {
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    const details = error.details === undefined ? {} : { details: error.details };
    return { type: 'error', ...asked, message: error.message, ...hint, ...details, fatal: false };
  }
  const message = error instanceof Error ? error.message : String(error);
  const details = error instanceof Error && error.stack ? { details: error.stack } : {};
  return { type: 'error', ...asked, message, ...details, fatal: false };
}
