import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { slowNativeImmediates } from '../../src/cli/unhurried.ts';

const original = globalThis.setImmediate;

beforeEach(() => slowNativeImmediates());
afterEach(() => {
  globalThis.setImmediate = original;
});

/** Bound functions count as native: they have no source either. */
const native = (callback: () => void): (() => void) => callback.bind(undefined);

test('native code that asks again and again does so about once a millisecond', async () => {
  let asked = 0;
  let going = true;
  const ask = (): void => {
    asked++;
    if (going) setImmediate(native(ask));
  };
  ask();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 50));
  going = false;
  expect(asked).toBeGreaterThan(1);
  expect(asked).toBeLessThanOrEqual(performance.now() - start + 2);
});

test('hands on what native code wants its callback to get', async () => {
  const callback = vi.fn();
  await new Promise<void>((resolve) => {
    const bound = (callback as (...args: unknown[]) => void).bind(undefined, 'first');
    setImmediate(bound, 'second');
    setTimeout(resolve, 20);
  });
  expect(callback).toHaveBeenCalledExactlyOnceWith('first', 'second');
});

test("JavaScript's own immediates come before any timer", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      setTimeout(() => {
        order.push('timer');
        resolve();
      }, 50);
      setImmediate(() => order.push('immediate'));
    });
  });
  expect(order).toEqual(['immediate', 'timer']);
});
