/** The report of a run, opened in a browser that reaches nothing; every text in it is somebody else's. */
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { png } from '../../src/io/formats/png.ts';
import { formatMetric, formatPercent } from '../../src/math/format.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { type ReportFacts, reportPage } from '../../src/worker/export/report/page.ts';
import { type ReportedRun, reportFile } from '../../src/worker/export/report/report.ts';
import { LineLog } from '../../src/worker/line-log.ts';
import { answerLines } from '../../src/worker/runs/answers.ts';
import { type Chromium, launchChromium } from '../setup/chromium.ts';
import { playEval, playRollouts, playStep } from './recorded-run.ts';

const PICTURES = 'test/artifacts/ui';
const HOSTILE = [
  '</code></pre><script>window.hit = 1</script>',
  '"><img src=x onerror="window.hit = 1">',
  "' onload='window.hit = 1",
  '<svg onload=window.hit=1>',
  '<style>*{display:none}</style>',
  '\u202Ereversed\u0000',
  '<a href="javascript:window.hit=1">x</a>',
  '<meta http-equiv="refresh" content="0;url=https://studio.example/">',
];
const evil = HOSTILE.join(' ');
const STEPS = 40;
const SOLID = new Uint8Array(3 * 6 * 4).fill(200);

/** A run as it is kept, of the recorded numbers; `label` stands in the place of each row's. */
function madeRun(name: string, relabelled?: string): { run: ReportedRun; steps: number[] } {
  const metricsLog = new LineLog();
  const rolloutsLog = new LineLog();
  const steps = Array.from({ length: STEPS }, (_, i) => i + 1);
  for (const step of steps) {
    const { metrics, seconds } = playStep(step, STEPS);
    metricsLog.append({ step, ...metrics, ...(relabelled ? { [`log/${relabelled}`]: step } : {}), seconds });
    const groups = playRollouts(step, STEPS).groups.map((group) => ({
      ...group,
      ...(relabelled ? { label: relabelled, exampleId: `${group.exampleId} ${relabelled}` } : {}),
    }));
    rolloutsLog.append(...answerLines(step, groups));
  }
  const run = {
    ...{
      metricsLog,
      rolloutsLog,
      evaluations: [playEval(0, { split: 'test' }), playEval(STEPS, { split: 'test' })],
    },
    config: parseConfig({ steps: STEPS, seed: 7, ...(relabelled ? { question: relabelled } : {}) }),
    parts: {
      model: { files: { name } },
      data: { name: relabelled ?? 'demo', kind: 'clips', examples: [] },
      gpu: { info: { description: relabelled ?? 'SwiftShader', vendor: '', architecture: '' } },
    },
  } as unknown as ReportedRun;
  return { run, steps };
}

async function written(run: ReportedRun, card = '# A card', name = 'brave-otter'): Promise<string> {
  const file = reportFile(run, { name, createdAt: Date.UTC(2026, 10, 30) }, card);
  expect(file.path).toBe('report.html');
  let text = '';
  for await (const piece of file.pieces()) text += new TextDecoder().decode(piece);
  return text;
}

let chromium: Chromium;
let page: Page;
const requests: string[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  chromium = await launchChromium({ viewport: { width: 1000, height: 1200 } });
  await chromium.context.setOffline(true);
  page = await chromium.context.newPage();
  page.on('request', (request) => request.url().startsWith('data:') || requests.push(request.url()));
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
});
afterAll(() => chromium?.close());

async function show(text: string): Promise<void> {
  requests.splice(0);
  await page.setContent(text);
}

describe('a report', () => {
  it('has the run’s numbers: curves, scores, answers, settings and its card', async () => {
    const { run } = madeRun('tiny-humanomni');
    await show(await written(run, '# tiny-humanomni-grpo\n\nA card.'));
    expect(await page.textContent('h1')).toBe('brave-otter');
    expect(await page.textContent('header')).toContain(
      'GRPO of tiny-humanomni on demo (0 clips): 40 steps, seed 7.',
    );
    const reward = page.getByRole('img', { name: /^Reward: / }).first();
    const [first, last] = [1, STEPS].map((step) => formatMetric(playStep(step, STEPS).metrics.reward, 4));
    expect(await reward.getAttribute('aria-label')).toContain(
      `From ${first} at step 1 to ${last} at step 40`,
    );
    const drawn = (await reward.locator('path.raw').getAttribute('d'))!;
    expect(drawn.match(/[ML]/g)).toHaveLength(STEPS);
    const { war } = playEval(STEPS, { split: 'test' });
    expect(await page.textContent('#scores')).toContain(formatPercent(war));
    const { groups } = playRollouts(STEPS, STEPS);
    const article = page.locator('article').first();
    expect(await article.locator('code').allTextContents()).toContain(groups[0]!.completions[0]!.text);
    expect(await article.locator('h4').last().textContent()).toBe('Step 40');
    expect(await page.textContent('#settings')).toContain('Seed7');
    expect(await page.textContent('#card')).toContain('A card.');
    expect(await page.evaluate(() => getComputedStyle(document.querySelector('.charts')!).display)).toBe(
      'grid',
    );
    expect(requests).toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${PICTURES}/${colorScheme}-report.png`, fullPage: true });
    }
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
    await page.setViewportSize({ width: 1000, height: 1200 });
  });

  it('is inert, whatever labels, names, questions and answers hold', async () => {
    const { run } = madeRun(evil, evil);
    await show(await written(run, evil, evil));
    expect(await page.evaluate(() => (window as unknown as { hit?: number }).hit)).toBeUndefined();
    // Nothing but what the report itself is made of.
    expect(
      await page.locator('script, iframe, object, a:not(nav a), img, meta[http-equiv=refresh]').count(),
    ).toBe(0);
    expect(await page.locator('style').count()).toBe(1);
    const handlers = await page.evaluate(() =>
      [...document.querySelectorAll('*')].flatMap(({ attributes }) =>
        [...attributes].map(({ name }) => name).filter((name) => name.startsWith('on')),
      ),
    );
    expect(handlers).toEqual([]);
    const shown = HOSTILE.join(' ').replace('\u202E', '').replace('\u0000', '');
    expect(await page.textContent('h1')).toBe(shown);
    expect(await page.locator('article h3').first().textContent()).toContain(shown);
    expect(requests).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('shows a still from within', async () => {
    const bytes = await png(6, 4, SOLID);
    const still = `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
    await show(reportPage({ ...facts(), examples: [{ id: 'clip', label: 'sad', still, told: [] }] }));
    const size = await page.locator('article img').evaluate(async (image: HTMLImageElement) => {
      await image.decode();
      const canvas = new OffscreenCanvas(6, 4).getContext('2d')!;
      canvas.drawImage(image, 0, 0);
      return [image.naturalWidth, image.naturalHeight, [...canvas.getImageData(5, 3, 1, 1).data]];
    });
    expect(size).toEqual([6, 4, [200, 200, 200, 255]]);
  });

  it('has a size that no run takes it beyond', async () => {
    const long = 'a'.repeat(1_000_000);
    const steps = Array.from({ length: 20_000 }, (_, i) => ({
      step: i + 1,
      metrics: Object.fromEntries(Array.from({ length: 60 }, (_, k) => [`log/column ${k}`, Math.sin(i * k)])),
    }));
    const answers = [{ text: long, answer: long, total: 1, advantage: 0 }];
    const examples = [{ id: 'clip', label: long, question: long, told: [{ step: 1, answers }] }];
    const settings = [{ label: 'question', value: long, isChanged: true }];
    const text = reportPage({ ...facts(), steps, examples, settings, card: long });
    expect(text.length).toBeLessThan(1_000_000);
    expect(text).toContain('… (998000 more characters)');
  });
});

function facts(): ReportFacts {
  return {
    ...{ name: 'brave-otter', studio: '0.2.0', model: 'tiny', stage: 'GRPO', seed: 1, device: 'a GPU' },
    data: { name: 'demo', kind: 'clips', examples: 3 },
    ...{ begun: '2026-11-30', steps: [], evaluations: [], examples: [], settings: [], card: '' },
  };
}
