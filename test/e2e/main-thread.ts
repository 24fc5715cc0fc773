/** What a page does on its main thread, task by task, as Chromium's own tracing tells it. */
import type { Page } from 'playwright-core';

/** A task that takes longer is felt: what is pressed meanwhile waits for its end. */
export const LONGEST_TASK_MS = 50;

/** `RunTask`, what of it takes the time, and marks. */
const CATEGORIES = ['disabled-by-default-devtools.timeline', 'devtools.timeline', 'v8', 'blink.user_timing'];
const TRACE_KB = 400_000;
const MARK = 'the page whose tasks are counted';

/** Times in microseconds; `tdur` is of the thread's processor. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly data?: { readonly functionName?: string } };
}

/** Milliseconds that `fixedWork` takes on a core of the pace that the limit is meant for. */
const USUAL_WORK_MS = 15;
const SAMPLES = 5;

/** Runs in the page: milliseconds of the same work, some times over, each time in a task of its own. */
async function fixedWork(samples: number): Promise<number[]> {
  const times: number[] = [];
  // The first ones are compiled meanwhile.
  while (times.length < samples + 2) {
    await new Promise((next) => setTimeout(next));
    const start = performance.now();
    const words = Array.from({ length: 40_000 }, (_, i) => `${(i * 7919) % 40_009}`).sort();
    if (new Map(words.map((word, i) => [word, i])).size === words.length)
      times.push(performance.now() - start);
  }
  return times.slice(2);
}

/** How many times slower than usual this machine is just now, at its quickest; 1 where it is not. */
export async function slownessOf(page: Page): Promise<number> {
  return Math.max(1, Math.min(...(await page.evaluate(fixedWork, SAMPLES))) / USUAL_WORK_MS);
}

export interface MainThreadTask {
  /**
   * Milliseconds of processor: a busy machine makes a task last longer, but hardly take more of this. Where fixed work before and
   * after took longer than usual, the machine is slower, or another process has the other half of the core: that part is taken out.
   */
  readonly ms: number;
  /** The dearest parts of one that is too long. */
  readonly parts: readonly string[];
}

/** Every task of the page while something is done, the dearest first. */
export async function mainThreadTasks(page: Page, doing: () => Promise<unknown>): Promise<MainThreadTask[]> {
  const client = await page.context().browser()!.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  const work: number[] = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await client.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      recordMode: 'recordAsMuchAsPossible',
      traceBufferSizeInKb: TRACE_KB,
      includedCategories: CATEGORIES,
      excludedCategories: ['*'],
    },
  });
  try {
    // Tells the page's thread from those of other pages and of frames.
    await page.evaluate((mark) => void performance.mark(mark), MARK);
    work.push(...(await page.evaluate(fixedWork, SAMPLES)));
    await doing();
    work.push(...(await page.evaluate(fixedWork, SAMPLES)));
  } finally {
    const complete = new Promise((done) => client.once('Tracing.tracingComplete', done));
    await client.send('Tracing.end');
    await complete;
    await client.detach();
  }
  const median = work.sort((a, b) => a - b)[SAMPLES]!;
  return tasksOf(events, Math.max(1, median / USUAL_WORK_MS));
}

const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;

function tasksOf(events: readonly TraceEvent[], slowness: number): MainThreadTask[] {
  const thread = threadOf(events.find(({ name }) => name === MARK)!);
  const timed = events.filter((event) => event.tdur !== undefined && threadOf(event) === thread);
  return timed
    .filter(({ name }) => name === 'RunTask')
    .map((task) => ({ ms: task.tdur! / 1000 / slowness, parts: isLong(task) ? partsOf(task, timed) : [] }))
    .sort((a, b) => b.ms - a.ms);
}

const isLong = ({ tdur }: TraceEvent): boolean => tdur! / 1000 > LONGEST_TASK_MS;

const PARTS_TOLD = 6;

function partsOf(task: TraceEvent, events: readonly TraceEvent[]): string[] {
  const end = ({ ts, dur }: TraceEvent) => ts + (dur ?? 0);
  return events
    .filter((event) => event !== task && event.ts >= task.ts && end(event) <= end(task))
    .sort((a, b) => b.tdur! - a.tdur!)
    .slice(0, PARTS_TOLD)
    .map(({ name, tdur, args }) => `${name} ${args.data?.functionName ?? ''} ${Math.round(tdur! / 1000)} ms`);
}
