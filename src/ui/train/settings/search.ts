/** Which settings a search finds. Pure. */
import type { Field } from '../../../protocol/config.ts';
import { PAPERS } from '../../../protocol/papers.ts';

/** Everything that a setting says of itself: name, words, TRL's name, and the papers that it comes from. */
function wordsOf(key: string, { label, help, trl = '', unit = '', about = {}, ...row }: Field): string {
  const papers = [...(row.paper ? [row.paper] : []), ...Object.values(row.paperOf ?? {})];
  const cited = papers.flatMap((id) => [id, PAPERS[id].short, PAPERS[id].title]);
  const choices = row.choices ?? [];
  return [key, label, help, trl, unit, row.group, ...choices, ...Object.values(about), ...cited]
    .join(' ')
    .toLowerCase();
}

/** Whether a setting has all words that are searched for, in any order. */
export function isFound(search: string, key: string, field: Field): boolean {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  const words = wordsOf(key, field);
  return wanted.every((word) => words.includes(word));
}
