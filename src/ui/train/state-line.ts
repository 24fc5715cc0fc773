/** What a run is doing, in words, before there are curves to speak for it. Pure. */

import { formatBytes } from '../../math/format.ts';
import type { Progress, StudioState } from '../../store/state.ts';
import { startHindrance } from '../../store/studio.ts';

/** "Preparing clips, 42 of 96 clips": what is under way and how far it is. */
export function progressWords({ what, done, total, unit }: Progress): string {
  const amount = (value: number) => (unit === 'bytes' ? formatBytes(value) : String(value));
  const counted = unit === 'bytes' ? '' : ` ${unit}`;
  return total > 0 ? `${what}, ${amount(done)} of ${amount(total)}${counted}` : what;
}

/** The run's state where curves do not say it; undefined where they do. */
export function stateLine(studio: StudioState): string | undefined {
  const { run, steps, progress } = studio;
  switch (run.state) {
    case 'loading':
      return `Getting ready${progress ? `: ${progressWords(progress)}` : ''}. Curves draw with the first step.`;
    case 'running':
    case 'pausing':
      if (steps.length > 0) return undefined;
      return `The first step is under way${progress ? `: ${progressWords(progress)}` : ''}. Curves draw when it is done.`;
    case 'paused':
      return steps.length > 0 ? undefined : 'Paused before the first step. Resume goes on.';
    case 'failed':
      return failedLine(run, steps.length);
    case 'stopped':
      return steps.length > 0 ? undefined : 'Stopped before the first step. Start begins anew.';
    default:
      return steps.length > 0 ? undefined : readyLine(studio);
  }
}

/** What Start would do, or why it cannot; undefined where something has to be opened first. */
function readyLine(studio: StudioState): string | undefined {
  const { model, data } = studio;
  if (!model || !data) return undefined;
  const hindrance = startHindrance(studio);
  return hindrance === undefined
    ? `Ready to train ${model.name} on ${data.name}. Press Start: the curves draw as the model learns. You can't break anything.`
    : `Not ready: ${hindrance}`;
}

function failedLine({ step, message }: StudioState['run'], shown: number): string {
  const when = step > 0 || shown > 0 ? `failed after step ${step}` : 'failed before its first step';
  const why = message ? `: ${message}` : '.';
  return `The run ${when}${why} What helps is said above; then press Start, or Resume what is kept of it.`;
}
