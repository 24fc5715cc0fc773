/** A piece of the answer that is being sampled. */
export interface LiveAnswer {
  step: number;
  exampleId: string;
  /** Which of the example's answers. */
  completion: number;
  /** Characters of the answer that were told before. */
  at: number;
  /** The characters after them, special tokens removed. */
  text: string;
  /** Tokens of the answer so far, the end token included. */
  tokens: number;
}
