/** Each preset as its source has it. The table was typed from the papers, their code and TRL's index of papers, not from the presets. */
import { describe, expect, it } from 'vitest';
import { type Config, defaultConfig, fieldOf, isConfigKey } from '../../src/protocol/config.ts';
import { flagsHelp, parseFlags } from '../../src/protocol/flags.ts';
import { PAPERS, paperAddress } from '../../src/protocol/papers.ts';
import {
  isLaidOver,
  PRESET_NAMES,
  PRESETS,
  type Preset,
  type PresetName,
  presetConfig,
} from '../../src/protocol/presets.ts';

const DAPO: Partial<Config> = {
  ...{ lossType: 'dapo', epsilon: 0.2, epsilonHigh: 0.28, beta: 0, groupSize: 16 },
  maskTruncatedCompletions: true,
  resampleRounds: 10,
};
const PUBLISHED_KL = { useBiasCorrectionKl: false } as const;

/** A preset's paper, and all in which its settings are not the defaults. */
const RECIPES: Readonly<Partial<Record<PresetName, readonly [paper: string, Partial<Config>]>>> = {
  'r1-omni': [
    '2503.05379',
    {
      ...{ steps: 1913, promptsPerStep: 16, groupSize: 8, learningRate: 1e-6, maxCompletionLength: 512 },
      ...{ lossType: 'grpo', beta: 0.04, ...PUBLISHED_KL, topK: 50, promptPreset: 'r1-omni' },
      ...{ loraRank: 0, trainDecoder: true, trainProjectors: true, trainGate: true, trainBert: true },
    },
  ],
  erv: [
    '2510.23506',
    {
      ...{ groupSize: 4, learningRate: 1e-6, beta: 0.04, ...PUBLISHED_KL, lossType: 'grpo', topK: 50 },
      ...{ promptsPerStep: 16, maxCompletionLength: 512 },
    },
  ],
  deepseekmath: [
    '2402.03300',
    {
      ...{ lossType: 'grpo', beta: 0.04, ...PUBLISHED_KL, learningRate: 1e-6 },
      ...{ groupSize: 64, promptsPerStep: 1024 / 64, maxCompletionLength: 1024 },
    },
  ],
  'deepseek-r1': [
    '2501.12948',
    { lossType: 'grpo', beta: 0.001, ...PUBLISHED_KL, epsilon: 10, groupSize: 16 },
  ],
  dapo: ['2503.14476', DAPO],
  'dr-grpo': ['2503.20783', { lossType: 'dr_grpo', scaleRewards: 'none', beta: 0, groupSize: 8 }],
  gspo: [
    '2507.18071',
    {
      ...{ lossType: 'grpo', importanceSamplingLevel: 'sequence', epsilon: 3e-4, epsilonHigh: 4e-4 },
      ...{ beta: 0, numIterations: 2 },
    },
  ],
  scalerl: ['2510.13786', { lossType: 'cispo', epsilonHigh: 5, scaleRewards: 'batch', groupSize: 16 }],
  sapo: [
    '2511.20347',
    {
      ...{ lossType: 'sapo', sapoTemperaturePos: 1, sapoTemperatureNeg: 1.05, scaleRewards: 'group' },
      numIterations: 2,
    },
  ],
  gdpo: ['2601.05242', { multiObjectiveAggregation: 'normalize_then_sum' }],
  'intellect-2': [
    '2505.07291',
    { delta: 4, epsilon: 0.2, beta: 0.001, ...PUBLISHED_KL, groupSize: 16, learningRate: 3e-7 },
  ],
  '80-20': ['2506.01939', { ...DAPO, topEntropyQuantile: 0.2 }],
  luspo: [
    '2602.05261',
    {
      ...{ lossType: 'luspo', importanceSamplingLevel: 'sequence', epsilon: 2e-3, epsilonHigh: 2.5e-3 },
      numIterations: 2,
    },
  ],
  vespo: [
    '2602.10693',
    {
      ...{ lossType: 'vespo', vespoKPos: 2, vespoLambdaPos: 3, vespoKNeg: 3, vespoLambdaNeg: 2 },
      ...{ samplerCorrection: 'token_truncate', numIterations: 2 },
    },
  ],
  'lite-ppo': [
    '2508.08221',
    {
      ...{ scaleRewards: 'batch', lossType: 'dapo', beta: 0, numIterations: 1, groupSize: 8 },
      ...{ topP: 0.99, topK: 100, temperature: 0.99 },
    },
  ],
};

describe('presets of papers', () => {
  it.each(Object.entries(RECIPES))('%s is as published', (name, [paper, differs]) => {
    const preset: Preset = PRESETS[name as PresetName];
    expect(presetConfig(name)).toEqual({ ...defaultConfig(), ...differs });
    expect(preset.source?.paper).toBe(paper);
    expect(preset.source?.where).not.toBe('');
  });

  it('are all of them, and say every setting of an objective, so that none is left of another recipe', () => {
    const others = PRESET_NAMES.filter((name) => !(name in RECIPES));
    expect(others).toEqual(['demo', 'sft']);
    const spoken = PRESET_NAMES.filter(isLaidOver).map((name) => Object.keys(PRESETS[name].values));
    const all = [...new Set(Object.values(RECIPES).flatMap(([, differs]) => Object.keys(differs)))];
    const ofObjective = all.filter((key) => isConfigKey(key) && fieldOf(key).group === 'Loss');
    expect(ofObjective.length).toBeGreaterThan(8);
    for (const keys of spoken) expect(keys).toEqual(expect.arrayContaining(ofObjective));
  });

  it('name what the studio lacks', () => {
    expect(PRESETS.dapo.lacks.join()).toMatch(/updates on slices of one rollout/);
    expect(PRESETS.dapo.leaves.join()).toMatch(/soft_overlong/);
  });

  it('are presets of the command line, with their papers in the help', () => {
    for (const name of PRESET_NAMES) {
      expect(parseFlags(['--preset', name])).toEqual({
        values: PRESETS[name].values,
        preset: name,
        rest: [],
      });
    }
    expect(flagsHelp()).toMatch(/--preset NAME .*\n +demo .*\n(.*\n)*? +dapo +DAPO .*arXiv 2503\.14476/);
  });
});

it('papers have a number that arXiv takes', () => {
  for (const id of Object.keys(PAPERS) as (keyof typeof PAPERS)[]) {
    expect(paperAddress(id)).toMatch(/^https:\/\/arxiv\.org\/abs\/\d{4}\.\d{5}$/);
  }
  expect(fieldOf('lossType').paperOf).toMatchObject({ dapo: '2503.14476', vespo: '2602.10693' });
  expect(fieldOf('lossType').paperOf).not.toHaveProperty('bnpo');
});
