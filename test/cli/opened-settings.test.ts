import { expect, it } from 'vitest';
import { openedSettings } from '../../src/cli/opened-settings.ts';
import { DEFAULT_QUESTION } from '../../src/protocol/config.ts';
import { parseFlags } from '../../src/protocol/flags.ts';
import { PRESETS, presetConfig, settingsFor } from '../../src/protocol/presets.ts';

const own = { name: 'R1-Omni-0.5B', usual: 'R1-Omni' } as const;

it('a model of one’s own trains on its family’s settings, the demo on the demo’s, and what is named stays over both', () => {
  const { settings, lines } = openedSettings({ steps: 7 }, own, undefined);
  expect(settings).toMatchObject({
    ...{ steps: 7, question: DEFAULT_QUESTION, groupSize: 8, beta: 0.04, maxCompletionLength: 512 },
    ...{ learningRate: 1e-5, loraRank: 16, trainDecoder: false },
  });
  expect(lines).toEqual([expect.stringMatching(/^settings for R1-Omni-0\.5B: .*; given: steps$/)]);
  expect(openedSettings({}, { ...own, demo: true }, undefined).settings).toEqual(presetConfig('demo'));
});

it('says of a preset what it is and lacks, and of the rest what is given beside it', () => {
  const named = { ...PRESETS.dapo.values, steps: 7, groupSize: 4 };
  const { settings, lines } = openedSettings(named, own, undefined, { preset: 'dapo' });
  expect(settings).toMatchObject({ epsilonHigh: 0.28, groupSize: 4, beta: 0 });
  expect(lines[0]).toMatch(/; given: groupSize, steps$/);
  expect(lines[1]).toMatch(
    /^preset DAPO, arXiv 2503\.14476, section 4\.1; not here: several updates .*; left as it is: 512 /,
  );
});

it('says how many rows ask by themselves, and that a prompt of a fixed question asks them in vain', () => {
  const list = [
    { question: 'Why is she sad?', rows: 512 },
    { question: DEFAULT_QUESTION, rows: 30 },
  ];
  const { lines } = openedSettings({}, own, { rows: 542, distinct: 2, list });
  expect(lines[1]).toMatch(
    /^512 rows bring their own question, such as "Why is she sad\?", and each is asked its own\.$/,
  );
  const overwritten = openedSettings({ promptPreset: 'r1-omni' }, own, { rows: 542, distinct: 2, list });
  expect(overwritten.lines[1]).toMatch(
    /^512 rows bring .*, which the prompt r1-omni does not ask: it asks "As an emotional recognition expert; /,
  );
  const template = openedSettings({ promptTemplate: '{{ question }}!' }, own, {
    rows: 542,
    distinct: 2,
    list,
  });
  expect(template.lines[1]).toMatch(/^512 rows bring .*; this run asks by its template\.$/);
  expect(openedSettings({}, own, { rows: 30, distinct: 1, list: list.slice(1) }).lines).toHaveLength(1);
});

it('says that a supervised stage on bare labels unlearns the tags that its prompt asks for', () => {
  const said = (named: Parameters<typeof openedSettings>[0], more: Parameters<typeof openedSettings>[3]) =>
    openedSettings(named, own, undefined, more).lines.slice(1);
  const unlearns = [
    expect.stringMatching(
      /^512 answers to learn are without answer tags, but the prompt canonical .* is sft-label\.$/,
    ),
  ];
  expect(said({ stage: 'sft' }, { bareAnswers: 512 })).toEqual(unlearns);
  expect(said({}, { bareAnswers: 512, sftSteps: 20 })).toEqual(unlearns);
  expect(said({}, { bareAnswers: 512 })).toEqual([]);
  expect(said({ stage: 'sft' }, { bareAnswers: 0 })).toEqual([]);
  expect(said({ stage: 'sft', promptPreset: 'sft-label' }, { bareAnswers: 512 })).toEqual([]);
  expect(said({ stage: 'sft', instruction: 'One word.' }, { bareAnswers: 512 })).toEqual([]);
});

it('names the reward that reads the kinds of rows, where none that is chosen does', () => {
  const said = (named: Parameters<typeof openedSettings>[0], typedRows: number) =>
    openedSettings(named, own, undefined, { typedRows }).lines.slice(1);
  expect(said({}, 384)).toEqual([
    expect.stringMatching(
      /^384 rows have a problem_type of Video-R1, which accuracy does not read\. accuracy_video_r1 /,
    ),
  ]);
  for (const rewards of [['accuracy', 'accuracy_video_r1'], ['rouge_l'], ['format']])
    expect(said({ rewards }, 384)).toEqual([]);
  expect(said({ stage: 'sft' }, 384)).toEqual([]);
  expect(said({}, 0)).toEqual([]);
});

it('the preset of the demo is the demo’s settings on its model from a folder, too, as on the page', () => {
  const { values, preset } = parseFlags(['--preset', 'demo', '--steps', '3']);
  const folder = { name: 'tiny-humanomni', usual: 'R1-Omni', demo: false } as const;
  const { settings, lines } = openedSettings(values, folder, undefined, { preset: preset! });
  expect(settings).toEqual(settingsFor({ usual: 'R1-Omni', demo: true }, { steps: 3 }));
  expect(lines[0]).toBe('settings for the demo: small and quick; given: steps');
});
