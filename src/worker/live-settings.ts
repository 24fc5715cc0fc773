/** What can be changed of a run under way, between two of its steps. */
import { InputError } from '../math/errors.ts';
import type { Config } from '../protocol/config.ts';
import type { CommandOf } from '../protocol/messages.ts';
import type { OnDevice } from './gpu/on-device.ts';
import type { Lane } from './lane.ts';
import type { Stage } from './stage.ts';

/** Where a run is, by now, and the turns in which work on it goes. */
type UnderWay = readonly [stage: () => Stage, lane: Lane, device: OnDevice];

/** Changes something of a run; returns its settings from then on. */
export type RunChange<A> = (asked: A, run: UnderWay) => Promise<Config>;

/** Another program in the place of an own reward's. @throws InputError unless the run rests, or where it cannot be run */
export async function mendReward(
  { source }: CommandOf<'mendReward'>,
  [stage, lane, device]: UnderWay,
): Promise<Config> {
  if (stage().state !== 'paused') {
    throw new InputError('A reward can be mended while its run rests, and no run rests.', {
      hint: 'Pause the run first.',
    });
  }
  return lane.run(() => device.mendReward(source));
}

/** Other settings from the next step on: the step under way ends with those that it began with. @throws InputError */
export function changeSettings(
  { values }: CommandOf<'changeSettings'>,
  [stage, lane, device]: UnderWay,
): Promise<Config> {
  return lane.run(async () => {
    if (!['running', 'pausing', 'paused'].includes(stage().state)) {
      throw new InputError('Settings are changed while a run is under way, and none is.', {
        hint: 'Start a run with them.',
      });
    }
    return device.changeSettings(values);
  });
}
