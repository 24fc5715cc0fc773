import type { SkipReason } from '../../protocol/messages.ts';

/** Why a row is left out. */
export interface RowProblem {
  readonly reason: SkipReason;
  readonly message: string;
  /** The next move, where it is not to correct the row. */
  readonly hint?: string;
}

export const isProblem = <T extends object>(read: T | RowProblem): read is RowProblem => 'reason' in read;

export const malformed = (message: string): RowProblem => ({ reason: 'row malformed', message });
