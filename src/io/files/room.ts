/** What a browser says when it has no room left, in plain words. */

export function isFull(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}
