/** A part of a recording in seconds; without one of the two from its beginning, to its end. */
export interface Part {
  readonly start?: number;
  readonly end?: number;
}

export const isWhole = ({ start, end }: Part): boolean => start === undefined && end === undefined;
