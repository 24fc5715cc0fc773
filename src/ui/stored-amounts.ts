/** How much of the browser's storage the studio has filled, by its own count. */
import { storedFiles } from './stored-files.ts';

/** Bytes in the browser's storage. */
export interface StoredAmounts {
  readonly models: number;
  readonly runs: number;
  /** What towers made of clips. */
  readonly features: number;
  /** Settings of the page, and what an export left. */
  readonly rest: number;
}

const FOLDERS = ['models', 'runs', 'features'] as const;

/**
 * Sums the sizes of the files themselves. What `navigator.storage.estimate()` calls usage is no measure of them: it counts
 * what the browser has set aside or not yet freed, at times gigabytes for a file of a few MB.
 */
export async function storedAmounts(): Promise<StoredAmounts> {
  const amounts = { models: 0, runs: 0, features: 0, rest: settingsBytes() };
  for (const { name, size } of await storedFiles('')) {
    const folder = FOLDERS.find((each) => name.startsWith(`${each}/`));
    amounts[folder ?? 'rest'] += size;
  }
  return amounts;
}

/** The browser keeps a word's letters in two bytes each. */
function settingsBytes(): number {
  return Object.entries(localStorage).reduce((sum, [key, word]) => sum + 2 * (key.length + word.length), 0);
}
