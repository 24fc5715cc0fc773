import { describe, expect, it } from 'vitest';
import { type Contestant, timeInTurns } from '../../src/bench/timing.ts';
import { relativeDifference } from '../../src/math/stats.ts';

/** A clock that only computing moves on, on a machine that is half as fast from the `slowFrom`-th computation on. */
function clock(slowFrom = Number.POSITIVE_INFINITY) {
  let time = 0;
  const calls: string[] = [];
  const contestant = (name: string, ms: number, units?: number): Contestant => ({
    ...(units === undefined ? {} : { units }),
    start: () => {
      calls.push(name);
      time += calls.length > slowFrom ? 2 * ms : ms;
    },
    settle: async () => {
      time += 1;
    },
    result: async () => new Float32Array(),
    dispose: () => undefined,
  });
  return { contestant, calls, now: () => time };
}

const OPTIONS = { samples: 5, sampleMs: 40, patienceMs: 1e6 };

describe('timeInTurns', () => {
  it('takes a sample of each contestant in every round', async () => {
    const { contestant, calls, now } = clock();
    await timeInTurns([contestant('a', 50), contestant('b', 100)], OPTIONS, now);
    expect(calls.join('')).toBe(`ab${'ab'.repeat(5)}`);
  });

  it('computes short ones several times a sample, so that the wait weighs little', async () => {
    const { contestant, calls, now } = clock();
    const [time] = await timeInTurns([contestant('a', 3)], OPTIONS, now);
    expect(calls).toHaveLength(1 + 5 * 10);
    expect(time!.medianMs).toBeCloseTo(3.1);
    expect([time!.lowMs, time!.highMs]).toEqual([time!.medianMs, time!.medianMs]);
  });

  it('gives the time of one unit where several are made at a time', async () => {
    const { contestant, now } = clock();
    const [time] = await timeInTurns([contestant('a', 79, 8)], OPTIONS, now);
    expect(time!.medianMs).toBe(10);
  });

  it('compares what was timed side by side, when the machine changes its speed between two', async () => {
    // Of five samples the first has three of the fast machine, and the other three of the slow one.
    const { contestant, now } = clock(2 + 5);
    const [a, b] = await timeInTurns([contestant('a', 50), contestant('b', 100)], OPTIONS, now);
    expect(b!.medianMs / a!.medianMs).toBeCloseTo(101 / 51, 1);
    expect([a!.lowMs, b!.highMs]).toEqual([51, 201]);
  });

  it('is content with seven samples when they took long', async () => {
    const { contestant, calls, now } = clock();
    await timeInTurns([contestant('a', 5000)], { ...OPTIONS, samples: 15, patienceMs: 6000 }, now);
    expect(calls).toHaveLength(1 + 7);
  });
});

describe('relativeDifference', () => {
  it('is the norm of the difference over that of the second', () => {
    expect(relativeDifference(Float32Array.of(3, 4), Float32Array.of(3, 4))).toBe(0);
    expect(relativeDifference(Float32Array.of(0, 0), Float32Array.of(3, 4))).toBe(1);
    expect(relativeDifference(Float32Array.of(3, 5, 9), Float32Array.of(3, 4))).toBeCloseTo(0.2);
  });
});
