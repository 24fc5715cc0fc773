/** Runs the person's own rewards in frames of the page, which hands over a line for that. */
import { InputError } from '../math/errors.ts';
import type { RewardRunner } from '../rewards/contract.ts';
import { distantLines } from '../sandbox/distant-frames.ts';
import type { StartLine } from '../sandbox/line.ts';
import { PYTHON_ADDRESSES } from '../sandbox/python-addresses.ts';
import { pythonFrom } from '../sandbox/python-files.ts';
import { sandboxRunner } from '../sandbox/reward.ts';
import { type Emit, progressOf } from './progress.ts';

export interface FramedRewards {
  readonly runner: RewardRunner;
  /** The page at the other end opens frames from now on. */
  connect(page: MessagePort): void;
}

export function framedRewards(emit: Emit): FramedRewards {
  let start: StartLine = () => {
    throw new InputError('The page of this session opens no frames for rewards of your own.', {
      hint: 'Reload the page.',
    });
  };
  const python = pythonFrom(PYTHON_ADDRESSES, progressOf(emit, 'Loading Python', 'bytes'));
  return {
    runner: sandboxRunner({ start: () => start(), python }),
    connect(page) {
      start = distantLines(page);
    },
  };
}
