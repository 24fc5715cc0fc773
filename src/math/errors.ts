/** An error the person at the screen can act on: the message says what was found, what was expected and where. */
export class InputError extends Error {
  /** The next move, in one sentence; absent when the message already says it. */
  readonly hint: string | undefined;
  /** All that was found, where the message names only the first of it. */
  readonly details: string | undefined;

  constructor(message: string, options: { hint?: string; details?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'InputError';
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** For logs, tables and terminals: the message, then the hint; on one line, unless the hint has several. */
export function describeError(error: unknown): string {
  if (!(error instanceof InputError)) return error instanceof Error ? error.message : String(error);
  const { message, hint } = error;
  if (!hint) return message;
  return `${message}${hint.includes('\n') ? '\n' : ' '}${hint}`;
}
