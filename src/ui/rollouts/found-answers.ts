/** Answers that were found among all of a run: the parts of them that are in view are asked for. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { AnswerQuery, FoundAnswer } from '../../protocol/answer-search.ts';
import { useStudio, useStudioState } from '../../store/react.ts';

/** Answers that are asked for together. */
const PART = 60;
/** What is typed is searched for once nothing has been for so long. */
const TYPED_MS = 200;

export interface Found {
  readonly total: number;
  /** Of so many answers. */
  readonly of: number;
  readonly labels: readonly string[];
  readonly rows: ReadonlyMap<number, FoundAnswer>;
}

export interface Finding {
  /** What was found last; undefined until something was. */
  readonly found: Found | undefined;
  /** While it is searched; what is `found` is then of another search. */
  readonly isSearching: boolean;
  /** The search was ended by the person, or why it failed. */
  readonly ended: string | undefined;
  /** The run has taken steps since. */
  readonly isBehind: boolean;
  readonly again: () => void;
  /** Asks for the answers from one place to another, where they are not here. */
  readonly show: (from: number, to: number) => void;
}

interface Outcome {
  readonly of: string;
  readonly found?: Found;
  readonly ended?: string;
  /** Steps that had answers. */
  readonly steps: number;
}

const STOPPED = 'Stopped before its end.';

export function useFoundAnswers(query: AnswerQuery): Finding {
  const studio = useStudio();
  const steps = useStudioState(({ rollouts }) => rollouts.size);
  const [turn, setTurn] = useState(0);
  const asked = JSON.stringify(query);
  const key = `${turn} ${asked}`;
  const [outcome, setOutcome] = useState<Outcome>();
  const part = useCallback(
    (from: number) => {
      const query = JSON.parse(asked) as AnswerQuery;
      return studio.ask('findAnswers', { query, from, count: PART });
    },
    [studio, asked],
  );
  useEffect(() => {
    let wanted = true;
    const end = (next: Pick<Outcome, 'found' | 'ended'>) => {
      const { size } = studio.store.getState().rollouts;
      if (wanted) setOutcome({ ...next, of: key, steps: size });
    };
    const search = () =>
      part(0).then(
        ({ found }) => end(found ? { found: { ...found, rows: placed(0, found.rows) } } : { ended: STOPPED }),
        ({ message }: Error) => end({ ended: message }),
      );
    const timer = setTimeout(search, TYPED_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [studio, part, key]);
  // A search whose panel is closed is nobody's.
  useEffect(() => () => studio.tell('stopFinding'), [studio]);

  const isSearching = outcome?.of !== key;
  const asking = useMemo(() => new Set(isSearching ? [] : [0]), [isSearching]);
  const show = useCallback(
    (from: number, to: number) => {
      for (let n = Math.floor(from / PART); n * PART <= to && asking.size > 0; n++) {
        if (asking.has(n)) continue;
        asking.add(n);
        part(n * PART).then(
          ({ found }) => setOutcome((known) => joined(known, key, n * PART, found?.rows ?? [])),
          () => asking.delete(n),
        );
      }
    },
    [part, key, asking],
  );
  return {
    found: outcome?.found,
    isSearching,
    ended: isSearching ? undefined : outcome?.ended,
    isBehind: !isSearching && outcome !== undefined && outcome.steps !== steps,
    again: () => setTurn(turn + 1),
    show,
  };
}

/** Answers by their places among all that were found. */
const placed = (from: number, rows: readonly FoundAnswer[]): Map<number, FoundAnswer> =>
  new Map(rows.map((row, at) => [from + at, row] as const));

/** With another part of what was found; a part of another search is left out. */
function joined(
  known: Outcome | undefined,
  key: string,
  from: number,
  rows: readonly FoundAnswer[],
): Outcome | undefined {
  if (known?.of !== key || !known.found) return known;
  return { ...known, found: { ...known.found, rows: new Map([...known.found.rows, ...placed(from, rows)]) } };
}
