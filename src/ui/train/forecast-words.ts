/** What a forecast comes to, in sentences. Pure. */
import { formatMetric } from '../../math/format.ts';
import type { Forecast } from '../../protocol/forecast.ts';

/** Below it most of a step teaches nothing. */
const FEW = 0.4;
/** Above it the limit decides what is learnt. */
const MANY_CUT = 0.3;
/** How much likelier a signal has to get for larger groups to be worth their time. */
const WORTH = 0.1;

const percent = (share: number): string => `${Math.round(100 * share)} %`;

export function forecastLine({
  rows,
  withSignal,
  groupSize,
  reward,
  meanLength,
  stepSeconds,
}: Forecast): string {
  const scored = Number.isNaN(reward) ? 'no reward applied' : `the mean reward is ${formatMetric(reward, 3)}`;
  const seconds = formatMetric(stepSeconds, 2);
  return `${withSignal} of ${rows} clips have a signal: their ${groupSize} answers score differently. Over all answers ${scored}, and an answer has ${Math.round(meanLength)} tokens. Sampling and scoring a step takes about ${seconds} s here; its update comes on top.`;
}

/** What one would change, the most helpful first; nothing where all is well. */
export function forecastMoves(forecast: Forecast): string[] {
  const { rows, withSignal, reward, cutShort } = forecast;
  const moves: string[] = [];
  if (Number.isNaN(reward)) moves.push('No reward applies to these clips: choose others under Rewards.');
  else if (withSignal / rows < FEW) moves.push(...signalMoves(forecast));
  if (cutShort > MANY_CUT)
    moves.push(
      `${percent(cutShort)} of the answers were cut at “Longest answer”: raise it, or most rewards see half an answer.`,
    );
  return moves;
}

function signalMoves({ withSignal, groupSize, bySize }: Forecast): string[] {
  const now = bySize.find((each) => each.groupSize === groupSize)?.share ?? 0;
  const larger = bySize.find((each) => each.groupSize > groupSize && each.share - now > WORTH);
  const moves = larger
    ? [
        `With ${larger.groupSize} answers to each clip a signal is expected in ${percent(larger.share)} of them.`,
      ]
    : [];
  if (withSignal === 0) {
    return [
      ...moves,
      'No clip teaches anything yet. Where all answers score nothing, train supervised for some steps first, or add a reward that tells them apart; where all score alike, the task may be solved.',
    ];
  }
  return [
    ...moves,
    '“Replace clips without signal” fills each step with clips that teach; a higher temperature makes answers differ more.',
  ];
}
