import type { CDPSession, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { presetConfig } from '../../src/protocol/presets.ts';
import { launchChromium, servePage } from '../setup/chromium.ts';

/** Steps between the first and the last look; STUDIO_MEMORY_STEPS asks for a longer run. */
const STEPS = Number(process.env.STUDIO_MEMORY_STEPS ?? 12);
/** Plans of every length of answer, and what a browser compiles late, have come by then. */
const SETTLED = Math.max(6, Math.floor(STEPS / 5));
const MOST_DRIFT_BYTES = 2 * 2 ** 20;

/** Sends a command to one target of the browser and waits for its answer. */
async function ask(session: CDPSession, method: string): Promise<Record<string, number>> {
  return (await session.send(method as 'Runtime.getHeapUsage')) as unknown as Record<string, number>;
}

/** Bytes of the JavaScript heap of a page after a collection. */
async function pageHeap(session: CDPSession): Promise<number> {
  await ask(session, 'HeapProfiler.collectGarbage');
  return (await ask(session, 'Runtime.getHeapUsage')).usedSize!;
}

/** The worker's messages go through its page's session (Target.sendMessageToTarget). */
class WorkerTarget {
  readonly #session: CDPSession;
  readonly #id: string;
  #last = 0;

  private constructor(session: CDPSession, id: string) {
    this.#session = session;
    this.#id = id;
  }

  static async attach(session: CDPSession): Promise<WorkerTarget> {
    const attached = new Promise<string>((resolve) => {
      session.on('Target.attachedToTarget', ({ sessionId }) => resolve(sessionId));
    });
    await session.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
    });
    return new WorkerTarget(session, await attached);
  }

  #send(method: string): Promise<Record<string, number>> {
    const id = ++this.#last;
    return new Promise((resolve) => {
      const listen = ({ message }: { message: string }): void => {
        const answer = JSON.parse(message) as { id?: number; result?: Record<string, number> };
        if (answer.id !== id) return;
        this.#session.off('Target.receivedMessageFromTarget', listen);
        resolve(answer.result ?? {});
      };
      this.#session.on('Target.receivedMessageFromTarget', listen);
      void this.#session.send('Target.sendMessageToTarget', {
        sessionId: this.#id,
        message: JSON.stringify({ id, method }),
      });
    });
  }

  async heap(): Promise<number> {
    await this.#send('HeapProfiler.collectGarbage');
    return (await this.#send('Runtime.getHeapUsage')).usedSize!;
  }
}

interface Seen {
  readonly page: number;
  readonly worker: number;
  readonly gpu: number;
}

type PlainEvent = Record<string, unknown>;

/** Takes events until one fits; an error on the way fails the test. */
async function until(page: Page, fits: (event: PlainEvent) => boolean): Promise<PlainEvent[]> {
  const seen: PlainEvent[] = [];
  while (!seen.some(fits)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const events = (await page.evaluate(() => window.studio!.take())) as PlainEvent[];
    for (const event of events) if (event.type === 'error') throw new Error(String(event.message));
    seen.push(...events);
  }
  return seen;
}

/** Waits until the run has reached a step and has said how much GPU memory it holds, in bytes. */
async function reach(page: Page, step: number): Promise<number> {
  await until(page, (event) => event.type === 'step' && (event.step as number) >= step);
  const after = await until(page, (event) => event.type === 'memory');
  const { parts } = after.findLast((event) => event.type === 'memory') as { parts: Record<string, number> };
  return Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
}

it(
  `${STEPS} steps of the demo grow neither GPU memory nor the JavaScript heaps`,
  async () => {
    const served = await servePage();
    const chromium = await launchChromium({ adapter: 'swiftshader' });
    try {
      const page = await chromium.context.newPage();
      const session = await chromium.context.newCDPSession(page);
      await page.goto(`${served.url}?headless`);
      await page.waitForFunction(() => window.studio !== undefined);
      const worker = await WorkerTarget.attach(session);
      await page.evaluate(() => window.studio!.post({ type: 'openDemo', requestId: 1 }));
      await until(page, (event) => event.type === 'done');
      const config = presetConfig('demo', { steps: STEPS + 2 });
      await page.evaluate((settings) => window.studio!.post({ type: 'start', config: settings }), config);
      const look = async (step: number): Promise<Seen> => {
        const gpu = await reach(page, step);
        return { gpu, page: await pageHeap(session), worker: await worker.heap() };
      };
      const early = await look(SETTLED);
      const late = await look(STEPS);
      for (const part of ['gpu', 'page', 'worker'] as const) {
        expect(
          late[part] - early[part],
          `${part}: ${early[part]} to ${late[part]} bytes`,
        ).toBeLessThanOrEqual(MOST_DRIFT_BYTES);
      }
      console.log('heap and GPU memory, early and late:', early, late);
    } finally {
      await chromium.close();
      await served.close();
    }
  },
  STEPS * 20_000 + 240_000,
);
