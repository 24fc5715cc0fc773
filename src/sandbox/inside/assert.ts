/** What a person's tests check with: `assert(condition, message)` and `assert.equal(found, expected, message)`. */
function check(condition: unknown, message = 'the assertion does not hold'): void {
  if (!condition) throw new AssertionError(message);
}

class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Compares as JSON, so that lists and objects may be given. */
function equal(found: unknown, expected: unknown, message?: string): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new AssertionError(message ?? `found ${left}, expected ${right}`);
}

export const assert = Object.assign(check, { equal });
