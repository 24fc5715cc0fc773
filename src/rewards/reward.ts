/** What a built-in reward is: one file of this folder, and a line in index.ts. */

interface ParameterWords {
  /** Plain words, as shown beside the control. */
  readonly label: string;
  /** What it does and which way to turn it; names the reward. */
  readonly help: string;
  readonly unit?: string;
}
/** A setting of a reward; its name is one of the run's settings, so it begins with the reward's. */
export type RewardParameter = ParameterWords &
  (
    | { readonly kind: 'int' | 'float'; readonly default: number; readonly min: number; readonly max: number }
    | { readonly kind: 'choice'; readonly default: string; readonly choices: readonly string[] }
    | { readonly kind: 'flag'; readonly default: boolean }
    | {
        readonly kind: 'text';
        readonly default: '';
        /** Throws an InputError where the reward could do nothing with a text. */
        readonly check?: (text: string) => void;
      }
  );
export type RewardParameters = Readonly<Record<string, RewardParameter>>;
/** Of a reward without settings of its own. */
export type NoParameters = Readonly<Record<never, RewardParameter>>;

type ValueOf<P> = P extends { kind: 'int' | 'float' }
  ? number
  : P extends { choices: readonly (infer C)[] }
    ? C
    : P extends { kind: 'flag' }
      ? boolean
      : string;
export type ParameterValues<P> = { readonly [K in keyof P]: ValueOf<P[K]> };

/** What of a run's settings every reward may read, by its name in the configuration. */
export interface RunLimits {
  /** The longest completion the run allows, in tokens. */
  readonly maxCompletionLength: number;
}

/** What is known of a completion beside its text. */
export interface RewardContext extends RunLimits {
  /** The true label; null when the example has none, and then rewards that need it say null. */
  readonly label: string | null;
  /** Tokens of the completion, its end token included. */
  readonly tokens: number;
  /** Its tokens' ids. */
  readonly ids: readonly number[];
  /** The columns of its row, by name; see `RewardBatch.columns`. */
  readonly row: Readonly<Record<string, unknown>>;
  /** The columns of the first row of the call. */
  readonly first: Readonly<Record<string, unknown>>;
}

/** A text and its score, in TypeScript and in Python alike; the label is `happy` and the text has 10 tokens of 100 unless said. */
export type RewardCase<P = NoParameters> = Partial<RewardContext & ParameterValues<P>> & {
  readonly text: string;
  readonly score: number | null;
};

export const REWARD_GROUPS = ['answer', 'format', 'length', 'published'] as const;
export type RewardGroup = (typeof REWARD_GROUPS)[number];

export interface Reward<P = NoParameters> {
  /** What earns or costs a point, as the end of a sentence: the form shows it. */
  readonly help: string;
  /** What it looks at, by which the form sorts rewards; `published`: to the letter what a published recipe computes. */
  readonly group: RewardGroup;
  /** Where its definition comes from. */
  readonly source: string;
  readonly parameters?: P;
  /** The least and the greatest score. */
  range(settings: RunLimits & ParameterValues<P>): readonly [number, number];
  /** Score of the decoded text, special tokens removed and nothing stripped; null = does not apply. */
  score(text: string, context: RewardContext & ParameterValues<P>): number | null;
  /** Whether it compares the answer with the label. */
  readonly readsLabel?: true;
  /** Whether it goes by tokens, which not every trainer hands over. */
  readsTokens?(settings: ParameterValues<P>): boolean;
  /** The columns of a row that it reads, in one form however the data writes them, for programs that get no others. */
  columns?(
    row: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, string | number | readonly string[] | undefined>>;
  /**
   * The same in Python, for the exported rewards.py: defines `_NAME(text, about)`, with what `RewardContext` has in `about`. It may
   * use what python.ts puts before it, and `_setting("parameter", default)` with the parameter's default.
   */
  readonly python: string;
  readonly cases: readonly RewardCase<P>[];
}

/** A reward with settings of its own, whose values `range` and `score` are given. */
export function reward<const P extends RewardParameters>(made: Reward<P>): Reward<P> {
  return made;
}

/** The range of most rewards: a point or none. */
export const zeroToOne = (): readonly [number, number] => [0, 1];
