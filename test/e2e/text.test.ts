/** A language model learns the toy task, the larger of two numbers: by the command, and on the page from dropped folders. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mean } from '../../src/math/stats.ts';
import { type Chromium, launchChromium, type ServedPage, servePage } from '../setup/chromium.ts';
import { command } from './command.ts';
import { type Folder, makeFolder } from './folders.ts';
import { chartValues, dropFolder, reach, screenshot, setAll, show } from './page.ts';

const MINUTES = 60_000;
/** All weights learn from whether the one number that is asked for is said. */
const SETTINGS = {
  ...{ promptPreset: 'sft-label', loraRank: '0', trainDecoder: 'true', beta: '0', maxCompletionLength: '3' },
  ...{ groupSize: '8', promptsPerStep: '16', learningRate: '1e-3', schedule: 'constant' },
};

let toy: Folder;
let chromium: Chromium;
let served: ServedPage;
beforeAll(async () => {
  toy = makeFolder('toy');
  // One layer is enough for it, at two thirds of the work.
  const args = ['--family', 'qwen2.5', '--tiny', '--layers', '1', '--toy', '--seed', '1', '--out', toy.path];
  await command('make-checkpoint', ...args);
  [chromium, served] = await Promise.all([launchChromium({ adapter: 'swiftshader' }), servePage()]);
}, 10 * MINUTES);
afterAll(async () => {
  await chromium.close();
  await served.close();
  toy.remove();
});

/** The highest mean of five rewards in a row. */
const best = (rewards: readonly number[]): number =>
  Math.max(...rewards.slice(4).map((_, at) => mean(rewards.slice(at, at + 5))));

it(
  'by the command it rises from a fifth to nine tenths of right answers, and holds on questions that it was not trained on',
  async () => {
    const settings = Object.entries(SETTINGS).flatMap(([key, value]) => [`--${key}`, value]);
    const inputs = ['--model', `${toy.path}/model`, '--data', `${toy.path}/data`];
    const text = await command('train', ...inputs, ...settings, '--rewards', 'accuracy', '--steps', '32');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const rewards: number[] = lines.filter(({ type }) => type === 'step').map(({ reward }) => reward);
    expect(rewards.length).toBe(32);
    expect(rewards[0]).toBeGreaterThan(0);
    expect(rewards[0]).toBeLessThanOrEqual(0.4);
    expect(best(rewards)).toBeGreaterThanOrEqual(0.9);
    const { eval: scores } = lines.find(({ type }) => type === 'summary');
    expect(scores.n).toEqual({ before: 9, after: 9 });
    expect(scores).not.toHaveProperty('no_audio');
  },
  10 * MINUTES,
);

describe('on the page', () => {
  it(
    'it learns from dropped folders, and nothing speaks of clips',
    async () => {
      const page = await chromium.context.newPage();
      const errors: string[] = [];
      page.on('pageerror', ({ message }) => errors.push(message));
      await page.goto(served.url);
      await dropFolder(page, 'model', `${toy.path}/model`);
      await page.getByTestId('model-name').filter({ hasText: 'model' }).waitFor();
      await dropFolder(page, 'data', `${toy.path}/data`);
      await page.getByTestId('data-summary').filter({ hasText: '90 questions · 9 answers' }).waitFor();
      const row = page.getByTestId('clip-row').first();
      expect(await row.textContent()).toBe('Which is more, 0 or 1?1train');
      await row.click();
      const preview = page.getByTestId('preview');
      await preview.waitFor();
      expect(await preview.textContent()).toContain('<|im_start|>user\nWhich is more, 0 or 1?');
      expect(await preview.locator('canvas').count()).toBe(0);
      await screenshot(page, 'questions');

      await setAll(page, { ...SETTINGS, steps: '18' });
      await page.getByTestId('start').click();
      await reach(page, 'finished');
      // The curves are drawn a moment after the state is told.
      await expect.poll(async () => (await chartValues(page, 'reward')).size).toBe(18);
      const rewards = [...(await chartValues(page, 'reward')).values()];
      expect(mean(rewards.slice(-5)) - mean(rewards.slice(0, 3))).toBeGreaterThan(0.3);

      await show(page, 'rollouts');
      await page.getByTestId('rollout-row').first().waitFor();
      expect(await page.locator('table.rollouts .clip-path').first().textContent()).toMatch(/^Which is more/);
      await show(page, 'evaluate');
      expect(await page.getByTestId('evaluate-no-audio').count()).toBe(0);
      await page.getByTestId('evaluate').click();
      await page.getByTestId('scores').filter({ hasText: 'n = 9' }).waitFor({ timeout: MINUTES });
      await screenshot(page, 'evaluate-questions');
      await show(page, 'export');
      expect(await page.getByTestId('export-clips').count()).toBe(0);
      expect(await page.getByTestId('python').textContent()).toContain('AutoModelForCausalLM');
      await screenshot(page, 'export-questions');
      await show(page, 'train');
      await page.getByTestId('all-settings').click();
      expect(await page.getByTestId('all-field-trainProjectors').count()).toBe(0);
      await screenshot(page, 'train-questions');
      expect(errors).toEqual([]);
      await page.close();
    },
    10 * MINUTES,
  );
});
