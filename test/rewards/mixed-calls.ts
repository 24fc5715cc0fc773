/** 2,000 texts as models write them at their worst, in calls of every built-in reward, and what its twin has to say of them. */
import { expect } from 'vitest';
import { builtIn } from '../../src/rewards/built-in.ts';
import { REWARD_NAMES, type RewardName, type RewardSettings } from '../../src/rewards/index.ts';
import { batchOf, type Scored, SETTINGS } from './cases.ts';
import { LABELS, mixedPattern, mixedText, pick, ROWS } from './strings.ts';

/** One call of every reward. */
export interface Call {
  readonly settings: RewardSettings;
  readonly cases: readonly Scored[];
}

const OTHER_SETTINGS: RewardSettings = {
  ...SETTINGS,
  ...{ maxCompletionLength: 9, softPunishCache: 3, lengthBudget: 6, lengthBudgetFall: 5, cosineMaxLength: 7 },
  ...{ repetitionNgram: 1, repetitionOf: 'tokens', repetitionMaxPenalty: 0.25, tagCountLineBreaks: false },
  ...{ videoR1Type: 'row', numericAbsolute: 0.25, symbolicTolerance: 0.1 },
  setF1Synonyms: 'cat, cats, the cat sat; happy, yes',
  ...{ regexPattern: '^[^\\s.]+|\\d$|\\S{3,}?(?=a)|.\\W', regexScope: 'completion' },
  jsonSchema: JSON.stringify({
    anyOf: [
      { type: ['integer', 'string'], pattern: '^x\\d$|^.{2,9}$' },
      { required: ['a'], properties: { a: { minimum: 1 } } },
      { minItems: 2, items: { type: 'number' } },
    ],
  }),
};
const CHOSEN_SETTINGS: RewardSettings = {
  ...SETTINGS,
  regexPattern: '[\\s\\-]|\\bcat\\b',
  maxCompletionLength: 12,
};
const STRINGS = 2000;
const ROWS_OF_A_CALL = 8;

/** Every third call has a pattern of its own. */
function settingsOf(call: number): RewardSettings {
  const settings = call % 2 === 0 ? CHOSEN_SETTINGS : OTHER_SETTINGS;
  return call % 3 === 0 ? { ...settings, regexPattern: mixedPattern(call) } : settings;
}

/** Texts by their seeds, each with a right answer that is near many of them, in calls of a few rows. */
export function mixedCalls(): Call[] {
  return Array.from({ length: STRINGS / ROWS_OF_A_CALL }, (_, call) => ({
    settings: settingsOf(call),
    cases: Array.from({ length: ROWS_OF_A_CALL }, (_, place) => {
      const seed = call * ROWS_OF_A_CALL + place;
      const label = pick(LABELS, seed, 4000);
      const near = pick([label, label, pick(LABELS, seed, 4001), '{"a": 1}', '<think>'], seed, 4002) ?? '';
      const ids = Array.from({ length: seed % 14 }, (_, at) => (at * at + seed) % 5);
      return { text: mixedText(seed, near), label, ids, row: pick(ROWS, seed, 4003) };
    }),
  }));
}

/** `there`: of each call, by reward, what the twins say. */
export async function expectAlike(
  calls: readonly Call[],
  there: readonly Readonly<Record<RewardName, readonly (number | null)[]>>[],
): Promise<void> {
  for (const name of REWARD_NAMES) {
    const seen = new Set<number | null>();
    for (const [index, { settings, cases }] of calls.entries()) {
      const { values } = await builtIn(name, settings).score(batchOf(cases), new AbortController().signal);
      cases.forEach((one, place) => {
        const [here, twin] = [values[place]!, there[index]![name][place]!];
        seen.add(here);
        if (here === null || twin === null || Math.abs(here - twin) > 1e-12)
          expect({ ...one, score: twin }, `${name} in Python, beside the studio's`).toEqual({
            ...one,
            score: here,
          });
      });
    }
    expect(seen.size, `${name} scores only one value`).toBeGreaterThan(1);
  }
}
