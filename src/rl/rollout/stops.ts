import { stopStringsOf } from '../../protocol/config.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import type { StopOf } from './generator.ts';

/** Tokens that are taken away one by one to find where a stop came to stand. */
const STRIDE = 16;

/**
 * Finds the first of the strings in what was sampled: special tokens count as text, what the chat template begins the answer
 * with does not. The token that completes a string is the answer's last, with whatever stands behind the string in it. Undefined
 * without strings.
 */
export function stopFinder(tokenizer: Pick<Tokenizer, 'decode'>, setting: string): StopOf | undefined {
  const strings = stopStringsOf(setting);
  if (strings.length === 0) return undefined;
  const stands = (ids: Uint32Array): boolean => {
    const text = tokenizer.decode(ids, { skipSpecialTokens: false });
    return strings.some((string) => text.includes(string));
  };
  return (ids) => {
    if (!stands(ids)) return undefined;
    let length = ids.length;
    // Most stops are found soon after they were drawn.
    for (const step of [STRIDE, 1])
      while (length > step && stands(ids.subarray(0, length - step))) length -= step;
    return length;
  };
}
