import { describe, expect, it } from 'vitest';
import { ifFound, presentText } from '../../src/io/files/found.ts';

const failure = (name: string) => new DOMException('Refused.', name);

/** A file that was changed after it was looked up. */
function changed(name: string): Blob {
  return Object.assign(new Blob(['old']), { text: () => Promise.reject(failure(name)) });
}

/** Looks up one of these after the other; the last of them stays. */
function oneAfterTheOther(...found: (Blob | undefined)[]) {
  return async () => (found.length > 1 ? found.shift() : found[0]);
}

describe('presentText', () => {
  it.each(['NotReadableError', 'NotFoundError'])('looks again after a %s', async (name) => {
    const lookUp = oneAfterTheOther(changed(name), changed(name), new Blob(['new']));
    expect(await presentText(lookUp)).toBe('new');
  });

  it('finds nothing where the file was removed before it could be read', async () => {
    expect(await presentText(oneAfterTheOther(changed('NotFoundError'), undefined))).toBeUndefined();
  });

  it('gives up on a file that nobody can read, and says at once what has another cause', async () => {
    let looks = 0;
    const never = async () => {
      looks++;
      return changed('NotReadableError');
    };
    await expect(presentText(never)).rejects.toThrow('Refused.');
    expect(looks).toBe(10);
    await expect(
      presentText(oneAfterTheOther(changed('SecurityError'), new Blob(['new']))),
    ).rejects.toMatchObject({ name: 'SecurityError' });
  });
});

describe('ifFound', () => {
  it('is undefined for what is not there, and hides no other failure', async () => {
    expect(await ifFound(Promise.resolve(1))).toBe(1);
    expect(await ifFound(Promise.reject(failure('NotFoundError')))).toBeUndefined();
    await expect(ifFound(Promise.reject(failure('NoModificationAllowedError')))).rejects.toThrow('Refused.');
  });
});
