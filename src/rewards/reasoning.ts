/**
 * How far thinking and answer agree, as ERV measures it with a judge that reads the thinking alone: EEA, EPC and FCR. Here a classifier
 * is the judge. Pure.
 */

/** An answer's label, and the one that the judge sees in its thinking; null where there is none to be read. */
export interface Judged {
  readonly gold: string;
  readonly answered: string | null;
  readonly judged: string | null;
}

export interface ReasoningAgreement {
  /** Answers. */
  readonly n: number;
  /** Answers by whether the answer is right, and whether what the judge sees is. */
  readonly cells: {
    readonly both: number;
    readonly answer: number;
    readonly thinking: number;
    readonly neither: number;
  };
  /** Explanation emotion accuracy: the share whose thinking is right. */
  readonly eea: number;
  /** Explanation prediction consistency: the share whose thinking and answer say the same. */
  readonly epc: number;
  /** Faithful consistency rate: the share with both right. */
  readonly fcr: number;
}

/** What cannot be read is not right, and agrees with nothing. Undefined of no answers. */
export function reasoningAgreement(rows: readonly Judged[]): ReasoningAgreement | undefined {
  const n = rows.length;
  if (n === 0) return undefined;
  const isReadable = ({ answered, judged }: Judged): boolean => answered !== null && judged !== null;
  const count = (answer: boolean, thinking: boolean): number =>
    rows.filter(
      (row) =>
        (isReadable(row) && row.answered === row.gold) === answer &&
        (isReadable(row) && row.judged === row.gold) === thinking,
    ).length;
  const cells = {
    both: count(true, true),
    answer: count(true, false),
    thinking: count(false, true),
    neither: count(false, false),
  };
  const agreeing = rows.filter((row) => isReadable(row) && row.answered === row.judged).length;
  return {
    n,
    cells,
    eea: (cells.both + cells.thinking) / n,
    epc: agreeing / n,
    fcr: cells.both / n,
  };
}
