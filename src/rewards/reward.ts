/** What a reward is: one file of this folder, and a line in index.ts. */

/** The run's settings that rewards read, by their names in the configuration. */
export interface RewardSettings {
  /** The longest completion the run allows, in tokens. */
  readonly maxCompletionLength: number;
  /** For `soft_overlong`: the last stretch before the limit, in tokens, over which the punishment grows. 0 or absent: a fifth. */
  readonly softPunishCache?: number;
  /** For `repetition`: words in a group; 3 unless said. */
  readonly repetitionNgram?: number;
  /** For `repetition`: the score is minus this where all groups are one; 1 unless said. */
  readonly repetitionMaxPenalty?: number;
}

export interface RewardContext extends RewardSettings {
  /** The true label; null when the example has none, and then rewards that need it say null. */
  readonly label: string | null;
  /** Tokens of the completion, its end token included. */
  readonly tokens: number;
}

/** A text and its score, in TypeScript and in Python alike; the label is `happy` and the text has 10 tokens of 100 unless said. */
export interface RewardCase extends Partial<RewardContext> {
  readonly text: string;
  readonly score: number | null;
}

export interface Reward {
  /** What earns or costs a point, as the end of a sentence: the form shows it. */
  readonly help: string;
  /** The least and the greatest score. */
  range(settings: Partial<RewardSettings>): readonly [number, number];
  /** Score of the decoded text, special tokens removed and nothing stripped; null = does not apply. */
  score(text: string, context: RewardContext): number | null;
  /** Whether it compares the answer with the label. */
  readonly readsLabel?: true;
  /** Whether it goes by the number of tokens, which not every trainer hands over. */
  readonly readsTokens?: true;
  /**
   * The same in Python, for the exported rewards.py: defines `_NAME(text, label, tokens)`. It may use what
   * python.ts puts before it: `_SPACES`, and `_setting("camelCase", default)` with the default that `score` has.
   */
  readonly python: string;
  readonly cases: readonly RewardCase[];
}

/** The range of most rewards: a point or none. */
export const zeroToOne = (): readonly [number, number] => [0, 1];
