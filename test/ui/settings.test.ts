/** Settings of a run on the page, over a pretended worker: found, marked, laid over by presets. Leaves pictures in test/artifacts/ui. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { eachPage, id, PICTURES } from './each-page.ts';

let page: Page;
let address: string;
eachPage(({ page: opened, url }) => {
  page = opened;
  address = url;
});

const text = (name: string) => page.textContent(id(name));
const value = (name: string) => page.inputValue(id(name));
const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));

async function open(query = ''): Promise<void> {
  await page.goto(`${address}${query}`);
  await page.waitForSelector(`${id('start')}:not([disabled])`);
}

/** A picture on both grounds and on a narrow screen, which has to do without scrolling sideways. */
async function pictures(name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.screenshot({ path: `${PICTURES}/${name}-${theme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.screenshot({ path: `${PICTURES}/${name}-narrow.png`, fullPage: true });
  await page.setViewportSize({ width: 1280, height: 720 });
}

describe('all settings', () => {
  it('are found by name, meaning and TRL’s name; what is changed is marked and goes back by one press', async () => {
    await open('#/train');
    await page.click(id('all-settings'));
    await page.fill(id('setting-search'), 'num_generations');
    expect(await page.locator('.setting-group .setting').count()).toBe(1);
    expect(await text('setting-count')).toMatch(/^1 of \d+ settings$/);
    await page.fill(id('all-field-groupSize'), '4');
    expect(await text('group-Run')).toContain('1 changed');
    await page.fill(id('setting-search'), 'vespo λ');
    expect(await page.locator('.setting-group .setting').count()).toBe(2);
    await page.fill(id('setting-search'), 'warp drive');
    expect(await text('setting-count')).toMatch(/^None of \d+ settings says “warp drive”\.$/);
    expect(await page.locator('.setting-group').count()).toBe(0);
    await page.fill(id('setting-search'), '');
    await page.check(id('only-changed'));
    expect(await text('setting-count')).toMatch(/^1 of/);
    const back = page.locator(`.setting-group ${id('back-groupSize')}`);
    expect(await back.getAttribute('aria-label')).toBe('Answers per clip (G): changed, back to 8');
    await back.press('Enter');
    expect(await value('field-groupSize')).toBe('8');
    expect(await text('setting-count')).toMatch(/^None of \d+ settings is changed\.$/);
    await page.uncheck(id('only-changed'));
    await page.click(`${id('group-Run')} summary`);
    expect(await page.locator(id('all-field-steps')).isVisible()).toBe(false);
    await page.fill(id('setting-search'), 'steps');
    expect(await page.locator(id('all-field-steps')).isVisible()).toBe(true);
    await page.fill(id('setting-search'), '2503.14476');
    expect(await page.locator('.setting-group a').first().getAttribute('href')).toMatch(/^https:\/\/arxiv/);
    await page.fill(id('all-field-epsilonHigh'), '0.28');
    await page.fill(id('field-steps'), '30');
    await pictures('settings-search');
  });

  it('show what a preset changes, where it is from and what of it is not here, before a press lays it over the form', async () => {
    await open('#/train');
    await page.click(id('all-settings'));
    await page.fill(id('field-steps'), '31');
    await page.selectOption(id('preset'), 'dapo');
    const preview = await text('preset-preview');
    expect(preview).toContain('section 4.1');
    expect(preview).toContain('Not here: several updates on slices');
    expect(await page.locator(`${id('preset-preview')} a`).getAttribute('href')).toBe(
      'https://arxiv.org/abs/2503.14476',
    );
    expect(await text('preset-changes')).toContain('Clip above (ε high): off → 0.28');
    expect(await text('preset-changes')).toContain('Answers per clip (G): 8 → 16');
    expect(await value('all-field-epsilonHigh')).toBe('');
    await pictures('settings-preset');
    await page.uncheck(id('change-groupSize'));
    await page.click(id('apply-preset'));
    expect(await focused()).toBe('preset');
    expect(await value('all-field-epsilonHigh')).toBe('0.28');
    // What was left out, and what a paper's objective says nothing of, stay.
    expect(await value('field-groupSize')).toBe('8');
    expect(await value('field-steps')).toBe('31');
    await page.selectOption(id('preset'), 'gspo');
    expect(await text('preset-changes')).toContain('Ignore answers cut short: on → off');
    await page.click(id('leave-preset'));
    expect(await value('all-field-epsilonHigh')).toBe('0.28');
  });

  it('say what a step comes to, and its memory and time as they are typed', async () => {
    await open('#/train');
    expect(await text('step-plan')).toBe('A step: 8 clips × 8 answers = 64 answers of up to 20 tokens.');
    const asked = () =>
      page.evaluate(
        () =>
          (globalThis as unknown as { sent: { type: string }[] }).sent.filter(({ type }) => type === 'plan')
            .length,
      );
    expect(await asked()).toBe(0);
    await page.fill(id('field-groupSize'), '4');
    await page.fill(id('field-promptsPerStep'), '10');
    // The pretended device: 10 · 4 · 20 tokens of 4 million operations at 1 GFLOP/s, and 2 MB read at 1 GB/s.
    await expect
      .poll(() => text('step-plan'))
      .toBe(
        'A step: 10 clips × 4 answers = 40 answers of up to 20 tokens, 1.40 k tokens with the prompts at most, each group in 2 parts; 11.4 MiB of GPU memory; at least 3.2 s with the longest answers, by what this GPU can do at best (an estimate).',
      );
    await pictures('settings-plan');
    await page.fill(id('field-groupSize'), 'few');
    expect(await page.locator(id('step-plan')).count()).toBe(0);
  });
});

describe('settings that travel', () => {
  it('by address are shown as changes and laid over the form by a press; a stranger’s are judged', async () => {
    await open('#/train');
    await page.click(id('all-settings'));
    await page.fill(id('field-steps'), '33');
    await page.fill(id('all-field-temperature'), '0.8');
    await page.click(id('copy-address'));
    const address = await value('shared-address');
    expect(address).toMatch(/#\/train\?settings=[\w-]+$/);
    // Elsewhere: another form, and an address that is opened in it.
    await page.reload();
    await page.waitForSelector(`${id('start')}:not([disabled])`);
    await page.fill(id('field-groupSize'), '4');
    await page.evaluate((hash) => {
      location.hash = hash;
    }, new URL(address).hash);
    await page.waitForSelector(id('brought'));
    expect(await text('brought-changes')).toContain('Temperature: 1 → 0.8');
    expect(await text('brought-changes')).toContain('Answers per clip (G): 4 → 8');
    expect(await value('field-steps')).toBe('120');
    await pictures('settings-brought');
    await page.uncheck(id('change-groupSize'));
    await page.locator(id('apply-brought')).press('Enter');
    await expect.poll(() => value('field-steps')).toBe('33');
    expect(await value('field-groupSize')).toBe('4');
    expect(await page.evaluate(() => location.hash)).toBe('#/train');
    expect(await page.locator(id('brought')).count()).toBe(0);

    const hostile = btoa(
      '{"steps": 9, "groupSize": -4, "rewardSources": [{"name": "evil"}], "__proto__": 1}',
    );
    await page.evaluate(
      (word) => {
        location.hash = `/train?settings=${word}`;
      },
      hostile.replace(/=+$/, ''),
    );
    await page.waitForSelector(id('brought-refused'));
    expect(await text('brought-refused')).toContain('groupSize is -4');
    expect(await text('brought-refused')).toContain('rewardSources: this stays');
    await page.click(id('leave-brought'));
    expect(await value('field-steps')).toBe('33');
    await page.evaluate(() => {
      location.hash = '/train?settings=%25%25';
    });
    await expect.poll(() => page.textContent(id('problem'))).toContain('holds no settings that can be read');
  });

  it('by file are read as they were written, TRL’s by TRL’s names', async () => {
    await open('#/train');
    await page.click(id('all-settings'));
    await page.fill(id('field-steps'), '35');
    const [saved] = await Promise.all([page.waitForEvent('download'), page.click(id('save-settings.json'))]);
    expect(saved.suggestedFilename()).toBe('settings.json');
    await page.fill(id('field-steps'), '99');
    await page.setInputFiles(id('settings-file'), await saved.path());
    await page.waitForSelector(id('brought'));
    expect(await text('brought-changes')).toContain('Steps: 99 → 35');
    await page.click(id('apply-brought'));
    expect(await value('field-steps')).toBe('35');
    const yaml = '# of a person\nbeta: 0.04\nnum_generations: 16\nuse_vllm: true\nlearning_rate: 2.0e-6\n';
    const file = { name: 'grpo.yaml', mimeType: 'text/yaml', buffer: Buffer.from(yaml) };
    await page.setInputFiles(id('settings-file'), file);
    await page.waitForSelector(id('brought'));
    expect(await text('brought-changes')).toContain('Hold to start (β): 0 → 0.04');
    expect(await text('brought-refused')).toContain('use_vllm: the studio has no such setting.');
    await page.click(id('apply-brought'));
    expect(await value('field-learningRate')).toBe('2e-6');
    const [python] = await Promise.all([
      page.waitForEvent('download'),
      page.click(id('save-grpo_config.py')),
    ]);
    expect(python.suggestedFilename()).toBe('grpo_config.py');
    const broken = { name: 'x.yaml', mimeType: 'text/yaml', buffer: Buffer.from('beta: [1') };
    await page.setInputFiles(id('settings-file'), broken);
    await expect.poll(() => page.textContent(id('problem'))).toContain('x.yaml is neither JSON nor YAML');
  });
});

it('what a run under way can have is applied by a press, and told and marked from the step that has it', async () => {
  await open('?stepMs=150#/train');
  await page.fill(id('field-steps'), '400');
  await page.click(id('start'));
  await page.waitForSelector('[data-state=running]');
  await page.fill(id('field-learningRate'), '1e-4');
  await page.fill(id('field-groupSize'), '4');
  expect(await text('draft-changes')).toContain(
    '2 changes not in this run: Answers per clip (G) 8 → 4, Learning rate 5e-4 → 1e-4. The other counts from the next Start.',
  );
  const apply = page.locator(id('apply-live'));
  expect(await apply.textContent()).toBe('Apply Learning rate to this run from the next step');
  await apply.press('Enter');
  await expect
    .poll(() => text('draft-changes'))
    .toMatch(/^1 change not in this run: Answers per clip .* It counts from the next Start\.$/);
  const sent = await page.evaluate(() =>
    (globalThis as unknown as { sent: { type: string; values?: unknown }[] }).sent.filter(
      ({ type }) => type === 'changeSettings',
    ),
  );
  expect(sent).toEqual([expect.objectContaining({ values: { learningRate: 1e-4 } })]);
  await page.waitForSelector(id('live-changes'));
  expect(await text('live-changes')).toMatch(/^From step \d+: Learning rate 1e-4$/);
  await page.locator('.change-mark').first().waitFor({ state: 'attached' });
  await pictures('settings-live');
});
