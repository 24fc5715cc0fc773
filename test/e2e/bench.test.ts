/** The bench on the studio's own page: a real worker times a row against tfjs, and the page copies what was found. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BenchReport } from '../../src/protocol/bench.ts';
import { type Chromium, launchChromium, type ServedPage, servePage } from '../setup/chromium.ts';
import { screenshot, settled, show } from './page.ts';

const MINUTES = 60_000;
let chromium: Chromium;
let served: ServedPage;

beforeAll(async () => {
  [chromium, served] = await Promise.all([launchChromium({ adapter: 'swiftshader' }), servePage()]);
});
afterAll(async () => {
  await chromium.close();
  await served.close();
});

it(
  'times RMS norm against tfjs and copies the report',
  async () => {
    await chromium.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await chromium.context.newPage();
    await page.goto(served.url);
    await settled(page);
    await show(page, 'bench');
    for (const group of ['matmul', 'decode', 'attention', 'jax-js'])
      await page.getByTestId(`bench-${group}`).uncheck();
    await page.getByTestId('bench-norm').check();
    await page.getByTestId('bench-run').click();
    await page
      .getByTestId('bench-row')
      .first()
      .waitFor({ timeout: 4 * MINUTES });
    await page.getByTestId('bench-stop').click();
    await page.getByTestId('bench-run').waitFor({ timeout: 4 * MINUTES });
    await page.getByTestId('bench-copy').click();
    const report = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as BenchReport;
    expect(report.adapter).toMatch(/swiftshader/i);
    expect(report.ceilings.gigabytes).toBeGreaterThan(0);
    expect(report.rows[0]).toMatchObject({ kernel: 'norm forward+backward', peer: 'tfjs' });
    expect(report.rows[0]!.ratio).toBeGreaterThan(0);
    expect(report.summary['norm/tfjs']).toBeGreaterThan(0);
    await screenshot(page, 'bench');
    // What is timed gives its memory back, and clips are prepared as before: the demo's next run works.
    await show(page, 'train');
    await page.locator('[data-testid=start]:not([disabled])').waitFor();
  },
  10 * MINUTES,
);
