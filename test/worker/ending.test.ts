import { describe, expect, it } from 'vitest';
import { endingWith } from '../../src/worker/ending.ts';

const failing = (message: string) => async () => {
  throw new Error(message);
};

describe('endingWith', () => {
  it('does the last thing after the work, which it returns or fails as', async () => {
    const seen: string[] = [];
    const last = async () => void seen.push('last');
    const work = async () => seen.push('work');
    expect(await endingWith(last, work)).toBe(1);
    await expect(endingWith(last, failing('work broke'))).rejects.toThrow('work broke');
    expect(seen).toEqual(['work', 'last', 'last']);
  });

  it('throws what the work failed with, not what came of it', async () => {
    await expect(endingWith(failing('last broke'), failing('work broke'))).rejects.toThrow('work broke');
    await expect(endingWith(failing('last broke'), async () => 1)).rejects.toThrow('last broke');
  });
});
