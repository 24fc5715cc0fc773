import { beforeEach, describe, expect, it } from 'vitest';
import { storedAnswer, TokenFiles } from '../../src/worker/runs/token-files.ts';
import { TokenLog } from '../../src/worker/runs/token-log.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { tokensAt } from './stored-run.ts';

const RUN = 'runs/calm-fox-1';
let files: MemoryStore;
beforeEach(() => {
  files = new MemoryStore();
});

/** Bytes of all files of values. */
const bytes = async () => (await files.sizes(`${RUN}/tokens`)).reduce((sum, each) => sum + each.bytes, 0);
const names = () => files.list(`${RUN}/tokens`);

/** A run's log with its files, written step by step. */
async function written(steps: readonly number[], log = new TokenLog()): Promise<TokenFiles> {
  const on = new TokenFiles(files, RUN, log);
  for (const step of steps) {
    log.append(step, tokensAt(step));
    await on.flush();
  }
  return on;
}

/** Which of these steps the files have, and the log that takes them over up to one. */
const stored = async (steps: readonly number[]) => {
  const found: number[] = [];
  for (const step of steps) if ((await storedAnswer(files, RUN, step, 1)).tokens) found.push(step);
  return found;
};
async function replayed(step: number, from?: string) {
  const log = new TokenLog();
  const on = new TokenFiles(files, from === undefined ? RUN : 'runs/other', log);
  return { log, on, notes: await on.replay(step, from) };
}

const STEPS = Array.from({ length: 40 }, (_, i) => i + 1);
/** A log that has room for ten of the steps, give or take. */
const small = () => new TokenLog(10 * 150);

describe('files of token values', () => {
  it('hold what the log holds, and give an answer by its step and place', async () => {
    const log = new TokenLog();
    await written(STEPS, log);
    for (const place of [0, 1, 2]) {
      const from = await log.answer(7, place);
      expect(from).toMatchObject({ answers: 3, first: 1, tokens: { ids: tokensAt(7)[place]!.ids } });
      expect(await storedAnswer(files, RUN, 7, place)).toEqual(from);
    }
    expect(await storedAnswer(files, RUN, 7, 3)).toEqual({ answers: 3, first: 1 });
    expect(await storedAnswer(files, RUN, 41, 0)).toEqual({ answers: 0, first: 1 });
    expect(await storedAnswer(files, 'runs/none', 1, 0)).toEqual({ answers: 0 });
    expect(await bytes()).toBe(log.bytes);
  });

  it('stay within the budget: the oldest steps go, from the files, too, and the latest stays', async () => {
    const log = small();
    await written(STEPS, log);
    expect(log.bytes).toBeLessThanOrEqual(10 * 150);
    expect(await bytes()).toBe(log.bytes);
    const kept = await stored(STEPS);
    expect(kept.at(-1)).toBe(40);
    expect(kept.length).toBeGreaterThan(5);
    expect(kept).toEqual(STEPS.slice(-kept.length));
    expect(await log.answer(1, 0)).toEqual({ answers: 0, first: kept[0] });
    expect(await storedAnswer(files, RUN, 1, 0)).toEqual({ answers: 0, first: kept[0] });
    const one = new TokenLog(10);
    await written([1, 2], one);
    expect((await one.answer(2, 0)).tokens).toBeDefined();
    expect(await names()).toEqual(['from-2.bin']);
  });

  it('go on behind a step, byte for byte, with what came later cut off', async () => {
    const log = small();
    await written(STEPS.slice(0, 30), log);
    const whole = new Map(files.files);
    await written(STEPS.slice(30), log);
    // A crash in the middle of a write, after the checkpoint of step 30.
    const last = (await names()).at(-1)!;
    files.files.set(`${RUN}/tokens/${last}`, files.files.get(`${RUN}/tokens/${last}`)!.slice(0, -9));
    const { log: taken, on, notes } = await replayed(30);
    expect(notes).toEqual([]);
    await on.flush();
    expect(await stored(STEPS)).toEqual((await stored(STEPS)).filter((step) => step <= 30));
    for (const [path, content] of files.files) expect(content, path).toEqual(whole.get(path));
    for (const step of STEPS.slice(30)) {
      taken.append(step, tokensAt(step));
      await on.flush();
    }
    expect(await stored(STEPS)).toContain(40);
    expect((await storedAnswer(files, RUN, 40, 0)).tokens?.ids).toEqual(tokensAt(40)[0]!.ids);
  });

  it('pass over what is damaged, say how many steps are missing, and leave it where it lies', async () => {
    await written(STEPS.slice(0, 9));
    const path = `${RUN}/tokens/from-1.bin`;
    const content = files.files.get(path)!;
    const size = content.byteLength / 9;
    content[Math.round(4.5 * size)]! ^= 255;
    const { log, on, notes } = await replayed(9);
    expect(notes).toEqual([
      `${RUN}/tokens: the token values of 1 step are damaged or missing, and left out.`,
    ]);
    const missing: number[] = [];
    for (const step of STEPS.slice(0, 9)) if (!(await log.answer(step, 0)).tokens) missing.push(step);
    expect(missing).toHaveLength(1);
    const before = files.files.get(path)!.slice();
    log.append(10, tokensAt(10));
    await on.flush();
    expect(files.files.get(path)!.subarray(0, before.byteLength)).toEqual(before);
    expect(await stored(STEPS)).toEqual(STEPS.slice(0, 10).filter((step) => !missing.includes(step)));
  });

  it('are written later where the device is full, and anew where they vanished', async () => {
    const log = small();
    const on = await written([1, 2], log);
    files.room = 20;
    log.append(3, tokensAt(3));
    await expect(on.flush()).rejects.toThrow('full');
    files.room = Number.POSITIVE_INFINITY;
    log.append(4, tokensAt(4));
    await on.flush();
    expect(await stored(STEPS)).toEqual([1, 2, 3, 4]);
    files.files.clear();
    log.append(5, tokensAt(5));
    await on.flush();
    expect(await stored(STEPS)).toEqual([1, 2, 3, 4, 5]);
    expect(await bytes()).toBe(log.bytes);
  });

  it('of another run are taken over up to a step, and left as they are', async () => {
    await written(STEPS.slice(0, 9));
    const before = new Map([...files.files].map(([path, content]) => [path, content.slice()]));
    const { on, notes } = await replayed(6, RUN);
    expect(notes).toEqual([]);
    await on.flush();
    for (const [path, content] of before) expect(files.files.get(path), path).toEqual(content);
    expect((await storedAnswer(files, 'runs/other', 6, 0)).tokens?.ids).toEqual(tokensAt(6)[0]!.ids);
    expect((await storedAnswer(files, 'runs/other', 7, 0)).tokens).toBeUndefined();
  });
});
