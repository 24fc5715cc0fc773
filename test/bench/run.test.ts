import { describe, expect, it } from 'vitest';
import { startJax } from '../../src/bench/peers/jax.ts';
import { familyOf } from '../../src/bench/report.ts';
import { chooseComparisons, runBench } from '../../src/bench/run.ts';
import { suite } from '../../src/bench/suite.ts';
import { BENCH_GROUPS, type BenchReport } from '../../src/protocol/bench.ts';
import { testGpu } from '../ops/harness.ts';
import { openTestDevice } from '../setup/adapter.ts';

const BRIEF = { samples: 1, sampleMs: 0, patienceMs: 0 };
const libraries = ['tfjs' as const];

describe('the choice of rows', () => {
  it('has a group for every row of the suite, and rows for every group', () => {
    const families = new Set(suite().map(({ kernel }) => familyOf(kernel)));
    expect([...families].sort()).toEqual([...BENCH_GROUPS].sort());
  });

  it('takes libraries only when chosen, and our own plain ways always', () => {
    const norm = chooseComparisons(suite(), { groups: ['norm'], libraries });
    expect(norm.map(({ peers }) => peers)).toEqual([['tfjs'], ['tfjs']]);
    expect(chooseComparisons(suite(), { groups: ['norm'], libraries: [] })).toEqual([]);
    const own = chooseComparisons(suite(), { groups: ['decode'], libraries: [] });
    expect(own.map(({ peers }) => peers)).toEqual([['g8-over-g1']]);
  });
});

describe('the bench of a page', () => {
  it('tells ceilings first, then rows with rates and their means', async () => {
    const told: { report: BenchReport; done: number; total: number }[] = [];
    const hooks = {
      tell: (report: BenchReport, done: number, total: number) => told.push({ report, done, total }),
      isStopped: () => told.length > 1,
    };
    await runBench(await testGpu(), { groups: ['norm'], libraries }, hooks, BRIEF);
    expect(told.map(({ done, total }) => [done, total])).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(told[0]!.report.rows).toEqual([]);
    expect(told[0]!.report.ceilings.gflops).toBeGreaterThan(0);
    const [row] = told[1]!.report.rows;
    expect(row).toMatchObject({ kernel: 'norm forward+backward', peer: 'tfjs', ratio: expect.any(Number) });
    expect(row!.rates!.gigabytes).toBeGreaterThan(0);
    expect(Object.keys(told[1]!.report.summary)).toEqual(['norm/tfjs']);
  });

  it('says of jax-js, which keeps a GPU that is lost, that it has none', async () => {
    const { gpu, device } = await openTestDevice();
    device.destroy();
    const jax = await startJax(gpu);
    jax.destroy();
    await jax.lost;
    const reports: BenchReport[] = [];
    const hooks = {
      tell: (report: BenchReport) => reports.push(report),
      isStopped: () => reports.length > 1,
    };
    await runBench(await testGpu(), { groups: ['norm'], libraries: ['jax-js'] }, hooks, BRIEF);
    expect(reports.at(-1)!.rows).toMatchObject([
      {
        peer: 'jax-js',
        ratio: null,
        note: expect.stringMatching(/^cannot: jax-js lost its GPU \(.+\) and takes no new one\./),
      },
    ]);
  });
});
