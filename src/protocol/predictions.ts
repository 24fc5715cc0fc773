/** `predictions.jsonl`: a line for every answer of an evaluation. Pure. */
import type { EvalAnswer, EvalClip, EvalResult } from './messages.ts';

export interface PredictionLine {
  readonly id: string;
  /** The user's turn in words; null where it was let go of to save memory. */
  readonly question: string | null;
  /** The right answer. */
  readonly answer: string;
  /** The whole text of the answer; null where it was let go of to save memory. */
  readonly prediction: string | null;
  /** What was read as the answer; null where nothing was. */
  readonly extracted: string | null;
  /** By metric: of labels `exact` and `tolerant` (1 right, 0 wrong), of other rows that of their kind. */
  readonly scores: Readonly<Record<string, number>>;
  readonly split: string;
  /** Optimizer steps behind the weights. */
  readonly step: number;
  /** Place among the answers to the same row, from 0, where several were drawn. */
  readonly index?: number;
  readonly temperature?: number;
  /** The sense that was taken away. */
  readonly without?: string;
}

export function predictionLines(result: EvalResult): PredictionLine[] {
  const { split, step, mute, sampled } = result;
  return result.clips.flatMap((clip) =>
    clip.answers.map((answer, index) => ({
      id: clip.exampleId,
      question: clip.question ?? result.question ?? null,
      answer: clip.label,
      prediction: answer.text ?? null,
      ...readingOf(clip, answer),
      ...{ split, step },
      ...(sampled ? { index, temperature: sampled.temperature } : {}),
      ...(mute ? { without: mute } : {}),
    })),
  );
}

function readingOf(
  { kind, label }: EvalClip,
  { read = null, score, answer, exact, tolerant }: EvalAnswer,
): Pick<PredictionLine, 'extracted' | 'scores'> {
  if (kind !== undefined) return { extracted: read, scores: { [kind]: score ?? Number.NaN } };
  const scores = { exact: Number(exact === label), tolerant: Number(tolerant === label) };
  return { extracted: exact ?? tolerant ?? answer, scores };
}
