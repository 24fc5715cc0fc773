import { deriveSeed } from '../math/random.ts';
import type { DataKind, Split } from '../protocol/messages.ts';
import { groupBy } from './group-by.ts';
import { holdOutByLabel, holdOutSpeakers, type Unit } from './hold-out.ts';
import { type Example, type Folds, mediaName, type Undivided } from './types.ts';

export interface DivideOptions {
  readonly seed: number;
  /** Of a data set that comes in folds: the one its splits are of. */
  readonly folds?: Folds;
  /** Questions are held out whatever their answers: often each of them has one of its own. */
  readonly kind?: DataKind;
}

export interface Divided {
  readonly examples: readonly Example[];
  /** How it was done, a sentence. */
  readonly division: string;
}

/**
 * Gives every example a split. Splits that the data brings win, and examples without one then train. Else whole speakers
 * are held out, where the data knows at least two; else clips, the same share of every label, or questions.
 */
export function divide(
  examples: readonly Undivided[],
  { seed, folds, kind = 'clips' }: DivideOptions,
): Divided {
  if (examples.some(({ split }) => split !== null)) return asGiven(examples, folds);
  if (kind === 'questions') return byQuestion(examples, seed);
  const speakers = new Set(examples.map(({ speaker }) => speaker).filter((speaker) => speaker !== null));
  return speakers.size > 1 ? bySpeaker(examples, seed) : byClip(examples, seed, speakers.size === 1);
}

function asGiven(examples: readonly Undivided[], folds: Folds | undefined): Divided {
  const unmarked = examples.filter(({ split }) => split === null).length;
  const divided = examples.map((example) => ({ ...example, split: example.split ?? 'train' }));
  const sentences = [
    folds ? `Fold ${folds.chosen}, by the data set's own lists.` : 'As the data says.',
    unmarked > 0 ? `${unmarked} without a split train.` : '',
    divided.every(({ split }) => split === 'train') ? 'Nothing is held out.' : '',
    sharedSpeakers(divided),
  ];
  return { examples: divided, division: sentences.filter(Boolean).join(' ') };
}

/** A warning about speakers that are both trained on and held out; '' for none. */
function sharedSpeakers(examples: readonly Example[]): string {
  const known = groupBy(
    examples.filter(({ speaker }) => speaker !== null),
    ({ speaker }) => speaker!,
  );
  const shared = [...known.values()].filter((group) => new Set(group.map(({ split }) => split)).size > 1);
  return shared.length === 0 ? '' : `${shared.length} of ${known.size} speakers are in more than one split.`;
}

function bySpeaker(examples: readonly Undivided[], seed: number): Divided {
  const keyOf = (example: Undivided) =>
    example.speaker === null ? `clip ${unitName(example)}` : `speaker ${example.speaker}`;
  const { divided, counts } = divideUnits(examples, keyOf, (units) =>
    holdOutSpeakers(units, deriveSeed(seed, 'split')),
  );
  const unnamed = examples.filter(({ speaker }) => speaker === null).length;
  const sentences = [
    counts.test === 0
      ? 'Everything trains: no speaker can be held out without losing a label.'
      : `By speaker, seed ${seed}: ${counts.train} train, ${counts.val} val, ${counts.test} test, nobody in two splits.`,
    unnamed > 0 ? `${unnamed} clips without a speaker count as one each.` : '',
  ];
  return { examples: divided, division: sentences.filter(Boolean).join(' ') };
}

function byClip(examples: readonly Undivided[], seed: number, isOneSpeaker: boolean): Divided {
  const { divided, counts } = divideUnits(examples, unitName, (units) =>
    holdOutByLabel(units, deriveSeed(seed, 'split')),
  );
  const sentences = [
    counts.test === 0
      ? 'Everything trains: there are too few clips to hold any out.'
      : `By clip, seed ${seed}: a tenth of every label each for val and test.`,
    isOneSpeaker ? 'All clips are of one speaker: scores say nothing about others.' : '',
  ];
  return { examples: divided, division: sentences.filter(Boolean).join(' ') };
}

/** Rows about the same clip stay together. */
const unitName = ({ id, media }: Undivided): string => (media.length === 0 ? id : mediaName({ media }));

function byQuestion(examples: readonly Undivided[], seed: number): Divided {
  const { divided, counts } = divideUnits(
    examples,
    ({ id }) => id,
    (units) =>
      holdOutByLabel(
        units.map(() => ({ labels: new Map([['', 1]]), size: 1 })),
        deriveSeed(seed, 'split'),
      ),
  );
  const division =
    counts.test === 0
      ? 'Everything trains: there are too few questions to hold any out.'
      : `By question, seed ${seed}: a tenth each for val and test.`;
  return { examples: divided, division };
}

/** Divides examples in units of one key. `counts`: units by split. */
function divideUnits(
  examples: readonly Undivided[],
  keyOf: (example: Undivided) => string,
  holdOut: (units: readonly Unit[]) => Split[],
): { divided: Example[]; counts: Record<Split, number> } {
  const groups = groupBy(examples, keyOf);
  const splits = holdOut([...groups.values()].map(unitOf));
  const splitOf = new Map([...groups.keys()].map((key, index) => [key, splits[index]!]));
  const counts: Record<Split, number> = { train: 0, val: 0, test: 0 };
  for (const split of splits) counts[split] += 1;
  return {
    divided: examples.map((example) => ({ ...example, split: splitOf.get(keyOf(example))! })),
    counts,
  };
}

function unitOf(examples: readonly Undivided[]): Unit {
  const labels = new Map<string, number>();
  for (const { label } of examples) labels.set(label, (labels.get(label) ?? 0) + 1);
  return { labels, size: examples.length };
}
