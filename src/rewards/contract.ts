/**
 * What a reward function is called with and what it returns, after TRL's: one call for a step, sync or async. Everything of it
 * can be cloned to another thread and written as JSON, so that a function may run anywhere.
 */

/** A turn of a chat. Of one about media, the parts before its text say what was shown and played: `{ type: 'video' }`. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string }[];
}

/** Where the run stands, by TRL's names. */
export interface TrainerState {
  /** Optimizer steps before this one. */
  readonly global_step: number;
  readonly max_steps: number;
  /** How often the training rows have been seen, a fraction. */
  readonly epoch: number;
  /** Prompt and answer tokens before this step. */
  readonly num_input_tokens_seen: number;
  readonly is_local_process_zero: true;
  readonly is_world_process_zero: true;
}

/** A step's completions, group after group; every list has one entry for each of them. */
export interface RewardBatch {
  readonly prompts: readonly (string | readonly ChatMessage[])[];
  /** Decoded, special tokens removed and nothing stripped. Functions that want chats get `[{ role: 'assistant', content }]`. */
  readonly completions: readonly string[];
  /** Its end token included. */
  readonly completion_ids: readonly (readonly number[])[];
  /**
   * Every column of the data as the data writes it, null where a row has none. Where the data has no column of such a name: `id`,
   * `label`, `solution` (the label, too), `answer` (the whole answer that supervised training imitates), `question`, `split`.
   */
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  /** The studio's own reading of the right answer, whatever the data calls it; null where there is none. */
  readonly labels: readonly (string | null)[];
  readonly trainer_state: TrainerState;
}

/** What can be logged for a completion. */
export type LoggedValue = string | number | boolean | null;

export interface RewardReturn {
  /** One for each completion, in order; null (or NaN) where the function does not apply. */
  readonly values: readonly (number | null)[];
  /** `log_metric`: each the mean of what was logged by its name in this call. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** `log_extra`: columns of the completions table, one entry for each completion. */
  readonly extras?: Readonly<Record<string, readonly unknown[]>>;
}

/** A function that scores completions, wherever it runs. */
export interface RewardFunction {
  readonly name: string;
  /** What has to be done before its time begins: what runs it may have been ended, and takes a while to start. */
  ready?(): Promise<void>;
  /**
   * Scores a batch; what it throws or rejects with is told to the person, and nothing of the batch is scored then. `stop` is aborted
   * when its time is up: whoever runs it should end it, and be ready for the next batch.
   */
  score(batch: RewardBatch, stop: AbortSignal): Promise<RewardReturn> | RewardReturn;
  /** Whether it takes the time it takes: a part of the studio, not a program of the person. */
  readonly untimed?: true;
  /** Lets go of what runs it. */
  close?(): void;
}

/** How a function takes completions: TRL's chats of one turn, or texts. */
export type CompletionForm = 'messages' | 'text';

/** A reward that the person wrote, as the run's settings keep it. */
export interface RewardSource {
  /** By which the run names it: an identifier. */
  readonly name: string;
  readonly language: 'ts' | 'js' | 'py';
  /** What its file is called where errors name it; absent where it is called as the reward. */
  readonly file?: string | undefined;
  /** The whole file, exactly. */
  readonly source: string;
  /** Which function of the file; without one, that of the reward's name, or the only one. */
  readonly function?: string | undefined;
  readonly completions: CompletionForm;
  /** SHA-256 of the source in UTF-8, in hex. */
  readonly hash: string;
}

/** A model that scores, as the run's settings keep it. */
export interface RewardModel {
  /** By which the run names it: an identifier. */
  readonly name: string;
  /** Its folder or repository, for people. */
  readonly model: string;
  /** A hash that tells its files again. */
  readonly identity: string;
  /** How what the model says becomes a score. */
  readonly mapping: Readonly<Record<string, unknown>>;
}

/** Runs what the person wrote, where a session lives: in a sandboxed frame of the page, or in a process. */
export interface RewardRunner {
  /** Makes a function ready. @throws an error that says what is wrong with the source, and where */
  open(source: RewardSource): Promise<RewardFunction>;
}
