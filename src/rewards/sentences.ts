/** Parts of an answer that a model may score: its thinking, and the sentences of that as ERV cuts them. */
import { PYTHON_SPACE, pythonStrip } from './python-space.ts';

const THINKING = /<think>([\s\S]*?)<\/think>/;
const SPACE = new RegExp(`[${PYTHON_SPACE}]`);

/** What stands in the first think block, stripped; undefined without one. */
export function readThinking(text: string): string | undefined {
  const inside = THINKING.exec(text)?.[1];
  return inside === undefined ? undefined : pythonStrip(inside);
}

/**
 * Cuts at white space behind . ! or ? that is not inside double quotes, as by the pattern
 * `(?<=[\.!?])\s+(?=(?:[^"]*"[^"]*")*[^"]*$)` of ERV, in one walk from the end: so many quotes follow. Empty parts are left out.
 */
export function sentencesOf(thinking: string): string[] {
  const cuts: number[] = [];
  let quotes = 0;
  for (let at = thinking.length - 1; at > 0; at--) {
    const character = thinking.charAt(at);
    if (character === '"') quotes++;
    const isCut = quotes % 2 === 0 && SPACE.test(character) && '.!?'.includes(thinking.charAt(at - 1));
    if (isCut) cuts.unshift(at);
  }
  const starts = [0, ...cuts];
  return starts
    .map((start, index) => pythonStrip(thinking.slice(start, starts[index + 1])))
    .filter((sentence) => sentence !== '');
}
