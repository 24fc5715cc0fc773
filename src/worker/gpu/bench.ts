import { tf } from '../../media/tf-device.ts';
import type { CommandOf } from '../../protocol/messages.ts';
import type { Emit } from '../progress.ts';
import type { Session } from '../session.ts';

/** Times kernels against libraries while no run is under way. What it takes is fetched when it is first asked for. */
export class Bench {
  readonly #emit: Emit;
  #stopped = false;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  async run(session: Session, { requestId, groups, libraries }: CommandOf<'bench'>): Promise<void> {
    this.#stopped = false;
    const { runBench } = await import('../../bench/run.ts');
    await session.alone(async (gpu) => {
      // Clips may be prepared on another backend of tfjs than the one that is timed.
      const backend = tf.getBackend();
      try {
        await runBench(
          gpu,
          { groups, libraries },
          {
            tell: (report, done, total) => this.#emit({ type: 'bench', requestId, report, done, total }),
            isStopped: () => this.#stopped,
          },
        );
      } finally {
        await tf.setBackend(backend);
      }
    });
  }

  /** Ends it after the row that is being timed. */
  stop(): void {
    this.#stopped = true;
  }
}
