/** The choices of a row as prompts show them; how columns write them is read in src/rewards/row-options.ts. */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** "A. yes", "(B) no", "C) maybe", "D: none". */
const HAS_LETTER = /^\s*\(?[A-Za-z]\s*[.):：、]/;

/** Choices with letters where the right answer is one of these, and they bring none. */
export function withLetters(options: readonly string[], answer: string): readonly string[] {
  const index = answer.length === 1 ? LETTERS.indexOf(answer.toUpperCase()) : -1;
  if (
    index < 0 ||
    index >= options.length ||
    options.length > LETTERS.length ||
    options.some((option) => HAS_LETTER.test(option))
  )
    return options;
  return options.map((option, at) => `${LETTERS[at]}. ${option}`);
}
