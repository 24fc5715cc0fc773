/** Speakers and splits of clips whose list says nothing of them, by the folders that they lie in. */
import { folderOf } from '../clip-index.ts';
import { splitOfWord } from '../split-words.ts';
import type { Undivided } from '../types.ts';
import { namedSpeakers } from './class-level.ts';

/** The examples with what their folders say and no row does. */
export function withFolderFacts(examples: readonly Undivided[]): readonly Undivided[] {
  if (examples.some(({ media }) => media.length === 0)) return examples;
  return withSplits(withSpeakers(examples));
}

const foldersOf = ({ media }: Undivided): string[] => folderOf(media[0]?.path ?? '').split('/');

function withSpeakers(examples: readonly Undivided[]): readonly Undivided[] {
  if (examples.some(({ speaker }) => speaker !== null)) return examples;
  const levels = namedSpeakers(examples.map(foldersOf));
  if (levels.length === 0) return examples;
  return examples.map((example) => {
    const names = levels.map((level) => foldersOf(example)[level]).filter((name) => name !== undefined);
    return names.length === 0 ? example : { ...example, speaker: names.join('/') };
  });
}

/** Only where every clip lies in a folder that is a split by nothing but its name, and some are held out. */
function withSplits(examples: readonly Undivided[]): readonly Undivided[] {
  if (examples.some(({ split }) => split !== null)) return examples;
  const splits = examples.map((example) =>
    foldersOf(example)
      .map(splitOfWord)
      .findLast((split) => split !== null),
  );
  const isSaid = !splits.includes(undefined) && new Set(splits).size > 1;
  return isSaid ? examples.map((example, i) => ({ ...example, split: splits[i] ?? null })) : examples;
}
