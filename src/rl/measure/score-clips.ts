/** From the texts of answers to an evaluation's scores, where answers are a closed set of labels. Pure. */
import { classificationScores } from '../../math/classification.ts';
import { recallIntervals } from '../../math/recall-intervals.ts';
import { majorityVote, passAtK, passLadder } from '../../math/several-answers.ts';
import { mean } from '../../math/stats.ts';
import type { ClosedEval, EvalAnswer, EvalClip, MatchScores } from '../../protocol/messages.ts';
import { matchLabel, readAnswer } from '../../rewards/answer.ts';

/** The first answer block; unlike in the accuracy reward, an answer may run over several lines. */
const ANSWER = /<answer>([\s\S]*?)<\/answer>/;

/** Reads an answer: exactly (trimmed, then letter by letter), and tolerantly. Without tags the whole text is the answer. */
export function readEvalAnswer(text: string, labels: readonly string[]): EvalAnswer {
  const answer = ANSWER.exec(text)?.[1]?.trim() ?? null;
  const read = answer ?? text.trim();
  const exact = labels.includes(read) ? read : null;
  return { text, answer, exact, tolerant: exact ?? matchLabel(readAnswer(text), labels) };
}

/** A clip with its answers in the order they were drawn; the majority vote over them is its prediction. */
export function readClip(
  example: { readonly id: string; readonly label: string },
  texts: readonly string[],
  labels: readonly string[],
): EvalClip {
  const answers = texts.map((text) => readEvalAnswer(text, labels));
  return {
    exampleId: example.id,
    label: example.label,
    answers,
    exact: majorityVote(answers.map(({ exact }) => exact)),
    tolerant: majorityVote(answers.map(({ tolerant }) => tolerant)),
  };
}

type Scores = Omit<ClosedEval, 'split' | 'step' | 'mute' | 'sampled' | 'best'>;

/** All scores of answered clips. `labels` are those an answer may name; `seed` is the bootstrap's. */
export function scoreClips(clips: readonly EvalClip[], labels: readonly string[], seed: number): Scores {
  const truth = clips.map(({ label }) => label);
  const predictions = clips.map(({ exact }) => exact);
  const exact = classificationScores(truth, predictions, labels);
  const tolerant = classificationScores(
    truth,
    clips.map((clip) => clip.tolerant),
    labels,
  );
  const { war, uar } = recallIntervals(truth, predictions, { seed });
  const { confusion } = exact;
  return {
    ...matchScores(exact),
    n: exact.n,
    confusion: {
      labels: [...confusion.labels],
      counts: confusion.counts.map((row) => [...row]),
      unreadable: [...confusion.unreadable],
    },
    interval: war,
    uarInterval: uar,
    tolerant: matchScores(tolerant),
    clips: [...clips],
  };
}

function matchScores({ correct, war, uar, unreadable }: MatchScores): MatchScores {
  return { correct, war, uar, unreadable };
}

type IsRight = (answer: EvalAnswer, clip: EvalClip) => boolean;
const isLabel: IsRight = ({ exact }, { label }) => exact === label;

/**
 * pass@k for k = 1, 2, 4, … and `samples`, mean over clips. Unless something else is said, an answer is right when its
 * exact reading is the label.
 */
export function passRates(
  clips: readonly EvalClip[],
  samples: number,
  isRight: IsRight = isLabel,
): { k: number; value: number }[] {
  const right = clips.map((clip) => clip.answers.filter((answer) => isRight(answer, clip)).length);
  return passLadder(samples).map((k) => ({
    k,
    value: mean(right.map((correct) => passAtK(samples, correct, k))),
  }));
}
