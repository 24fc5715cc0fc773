/** Characters of a text where there is one line for it. */
const MOST_SHOWN = 60;

/** A text of any length as a word of a menu or a line: one line, and its end left out where it is long. */
export function shortened(text: string, most = MOST_SHOWN): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const signs = [...line];
  return signs.length > most ? `${signs.slice(0, most).join('')}…` : line;
}
