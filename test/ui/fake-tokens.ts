/** Token values of a played run's answers: the texts are the recorded answer's, the numbers are made up and follow from them. */
import type { AnswerOf } from '../../src/protocol/messages.ts';
import { playRollouts } from './recorded-run.ts';

/** The answer of a step that went through no pass. */
export const SILENT_PLACE = 0;
const cut = (text: string): string[] => text.match(/<\|?\/?\w+\|?>|\s*[^\s<]+|\s+|</g) ?? [];

/** A number between 0 and 1 that follows from a text and its place. */
const share = (piece: string, at: number): number =>
  (([...piece].reduce((sum, letter) => sum + letter.codePointAt(0)!, 0) * 37 + at * 61) % 97) / 97;

/** Only the values of a run's last step are kept. */
export function madeTokens(step: number, steps: number, place: number): AnswerOf<'tokenValues'> {
  const all = playRollouts(step, steps).groups.flatMap(({ completions }) => completions);
  if (step < steps) return { answers: 0, first: steps };
  const pieces = cut(all[place]!.rawText);
  const column = (make: (share: number, at: number) => number) =>
    Float32Array.from(pieces, (piece, at) => make(share(piece, at), at));
  const logProbs = column((one) => -4 * one * one);
  const pass = {
    logProbs,
    entropies: column((one) => 2.5 * one),
    mismatches: column((one) => (one - 0.5) * 2e-6),
    ratios: column((one) => 0.7 + 0.6 * one),
    clips: Uint8Array.from(pieces, (piece, at) => Math.floor(2.99 * share(piece, at))),
  };
  const values = {
    ...{ ids: Uint32Array.from(pieces, (_, at) => 1000 + at), pieces, sampler: logProbs },
    ...(place === SILENT_PLACE ? {} : { pass }),
    objective: { lossType: 'dapo', level: 'token', klEstimator: 'k3', iterations: 2 } as const,
  };
  return { answers: all.length, first: steps, values };
}

/** Alternatives at each place of an answer: what was drawn is the second of them. */
export function madeAlternatives(step: number, steps: number, place: number): AnswerOf<'alternatives'> {
  const { ids, pieces } = madeTokens(step, steps, place).values!;
  const count = 5;
  const words = [' happy', '', ' sad', '\n', '</think>'];
  const at = (each: number) => Math.floor(each / count);
  const of = <T>(drawn: (place: number) => T, other: (rank: number) => T): T[] =>
    Array.from({ length: ids.length * count }, (_, each) =>
      each % count === 1 ? drawn(at(each)) : other(each % count),
    );
  return {
    ...{ step: steps, count, temperature: 1 },
    ids: Uint32Array.from(
      of(
        (each) => ids[each]!,
        (rank) => rank,
      ),
    ),
    pieces: of(
      (each) => pieces[each]!,
      (rank) => words[rank]!,
    ),
    logProbs: Float32Array.from({ length: ids.length * count }, (_, each) => -0.7 - 0.9 * (each % count)),
  };
}
