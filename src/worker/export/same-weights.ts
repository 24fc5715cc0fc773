import { InputError } from '../../math/errors.ts';
import type { KeptWeights } from '../../protocol/messages.ts';

/** Refuses to export other weights than were asked for. @throws InputError saying what is on the device instead */
export function demandSame(wanted: KeptWeights, present: KeptWeights | undefined): void {
  if (present?.id !== wanted.id) {
    throw new InputError(`The run ${wanted.name} could not be opened: nothing was exported.`, {
      hint: 'Open it on the Runs screen to see why, then export again.',
    });
  }
  if (present.step !== wanted.step) {
    throw new InputError(
      `The run ${wanted.name} stands at step ${present.step}; the export that broke off was of step ${wanted.step}.`,
      { hint: 'Those weights are gone. Choose below what to export of the present ones.' },
    );
  }
}
