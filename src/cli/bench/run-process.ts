/** A small run in a process of its own, which takes a step whenever it is asked to. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Gpu } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import { type Held, SmallRun, type TimedRun, type TimedStep } from './small-run.ts';

/** A step with that draw, or what is in memory. */
type Request = number | 'held';

/** Its methods throw an InputError once the process has ended. */
export class RunProcess implements TimedRun {
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;

  /** Starts this program once more, with the arguments that lead it to `serveRun`. */
  constructor(args: readonly string[]) {
    this.#process = fork(fileURLToPath(import.meta.url), args);
    this.#ended = once(this.#process, 'exit').then(([code]) => {
      throw new InputError(`The process of a run ended early, with code ${code}.`, {
        hint: 'Look for its own message above.',
      });
    });
    this.#ended.catch(() => undefined);
  }

  async #ask(request: Request): Promise<unknown> {
    this.#process.send(request);
    const [answer] = await Promise.race([once(this.#process, 'message'), this.#ended]);
    return answer;
  }

  async step(draw: number): Promise<TimedStep> {
    return (await this.#ask(draw)) as TimedStep;
  }

  async held(): Promise<Held> {
    return (await this.#ask('held')) as Held;
  }

  [Symbol.dispose](): void {
    this.#process.disconnect();
  }
}

/** In that process: answers until nobody can ask any more. Throws an InputError where nobody can from the start. */
export async function serveRun(gpu: Gpu, now: () => number): Promise<void> {
  if (!process.connected) {
    throw new InputError('A run takes steps only for the process that started it.', {
      hint: 'Ask for long-run, which starts two.',
    });
  }
  using run = await SmallRun.create(gpu, now);
  process.on('message', async (request: Request) => {
    process.send?.(await (request === 'held' ? run.held() : run.step(request)));
  });
  await once(process, 'disconnect');
}
