/** From the texts of answers to an evaluation's scores, where each row is scored by its kind. Pure. */
import { meanOfGroups } from '../../math/mean-intervals.ts';
import { mean } from '../../math/stats.ts';
import { type EvalKind, isRightOrWrong } from '../../protocol/eval-kinds.ts';
import type { EvalClip, KindScore, OpenEval } from '../../protocol/messages.ts';
import type { ScoredRow } from './row-kinds.ts';
import { type AnswerContext, scoreAnswer } from './row-scores.ts';
import { passRates, readEvalAnswer } from './score-clips.ts';

export interface SaidText {
  readonly text: string;
  readonly tokens: number;
  readonly ids?: readonly number[];
}

/** A row with its answers in the order they were drawn, each with its score; the mean of those is the row's. */
export function readRow(
  id: string,
  row: ScoredRow,
  said: readonly SaidText[],
  settings: Omit<AnswerContext, 'tokens' | 'ids'>,
): EvalClip {
  const answers = said.map(({ text, ...length }) => ({
    ...readEvalAnswer(text, [row.gold]),
    ...scoreAnswer(text, row, { ...settings, ...length }),
  }));
  const first = answers[0]!;
  return {
    exampleId: id,
    label: row.gold,
    answers,
    exact: first.exact,
    tolerant: first.tolerant,
    kind: row.kind,
    score: mean(answers.map(({ score }) => score)),
  };
}

type Scores = Pick<OpenEval, 'n' | 'scores' | 'passAtK' | 'clips'>;

/** All scores of answered rows: their mean over the kinds, and each kind's. `seed` is the bootstrap's. */
export function scoreRows(rows: readonly EvalClip[], seed: number): Scores {
  const kinds = [...new Set(rows.map(kindOfClip))];
  const all = meanOfGroups(rows.map(kindOfClip), rows.map(scoreOfClip), { seed });
  const byKind = kinds.map((kind) =>
    kindScore(
      kind,
      rows.filter((row) => row.kind === kind),
      seed,
    ),
  );
  const samples = rows[0]?.answers.length ?? 0;
  return {
    n: rows.length,
    scores: {
      score: all.mean,
      ...(all.interval ? { interval: all.interval } : {}),
      unreadable: rows.filter(({ answers }) => answers.every(({ read }) => read === null)).length,
      kinds: byKind.sort((a, b) => b.n - a.n),
    },
    ...(samples > 1 && kinds.every(isRightOrWrong)
      ? { passAtK: passRates(rows, samples, ({ score }) => score === 1) }
      : {}),
    clips: [...rows],
  };
}

const kindOfClip = ({ kind }: EvalClip): EvalKind => kind ?? 'exact';
const scoreOfClip = ({ score }: EvalClip): number => score ?? Number.NaN;

function kindScore(kind: EvalKind, rows: readonly EvalClip[], seed: number): KindScore {
  const { mean: score, interval } = meanOfGroups(
    rows.map(() => kind),
    rows.map(scoreOfClip),
    { seed },
  );
  return {
    ...{ kind, n: rows.length, score },
    ...(interval ? { interval } : {}),
    exact: rows.filter(({ exact, label }) => exact === label).length,
    tolerant: rows.filter(({ tolerant, label }) => tolerant === label).length,
  };
}
