import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS, parseConfig } from '../../src/protocol/config.ts';
import { configFromFlags, flagsHelp, parseFlags, toFlags } from '../../src/protocol/flags.ts';
import { PRESET_NAMES, PRESETS, presetConfig } from '../../src/protocol/presets.ts';

describe('parseFlags', () => {
  it('reads every spelling of a name, and leaves the rest alone', () => {
    const argv = [
      '--model',
      'm',
      '--groupSize',
      '4',
      '--learning-rate=4e-4',
      '--num_iterations',
      '2',
      '--r',
      '8',
      '--demo',
    ];
    expect(parseFlags(argv)).toEqual({
      values: { groupSize: 4, learningRate: 4e-4, numIterations: 2 },
      rest: ['--model', 'm', '--r', '8', '--demo'],
    });
  });

  it('reads switches with and without a value, and negated', () => {
    expect(parseFlags(['--trainGate', '--trainBert', 'false', 'x']).values).toEqual({
      trainGate: true,
      trainBert: false,
    });
    expect(parseFlags(['--trainGate', '--trainBert', 'false', 'x']).rest).toEqual(['x']);
    expect(parseFlags(['--no-trainGate', 'true'])).toEqual({ values: { trainGate: false }, rest: ['true'] });
  });

  it('reads lists, numbers and null', () => {
    const argv = [
      '--rewards',
      'accuracy,format_tolerant',
      '--reward_weights=1,0.5',
      '--epsilonHigh',
      'null',
      '--lora-targets',
      'q_proj',
    ];
    expect(parseFlags(argv).values).toEqual({
      rewards: ['accuracy', 'format_tolerant'],
      rewardWeights: [1, 0.5],
      epsilonHigh: null,
      loraTargets: ['q_proj'],
    });
  });

  it('puts flags over the preset, wherever the preset stands', () => {
    const { config } = configFromFlags(['--steps', '3', '--preset', 'demo']);
    expect(config).toEqual({ ...presetConfig('demo'), steps: 3 });
  });

  it.each([
    [['--groupSize', 'eight'], '--groupSize is "eight"; expected a whole number from 2 to 64.'],
    [['--groupSize'], '--groupSize is missing'],
    [['--trainGate=maybe'], '--trainGate is "maybe"; expected true or false.'],
    [['--rewardSources', '[{'], '--rewardSources is "[{"; expected a list of programs'],
    [['--preset', 'fast'], '--preset is "fast"; expected one of demo'],
  ])('says what is wrong: %j', (argv, message) => {
    expect(() => parseFlags(argv)).toThrow(message);
  });
});

describe('toFlags', () => {
  it('is the inverse of parseFlags, for presets and for odd values', () => {
    const odd = parseConfig({
      rewardWeights: [2, 0.5],
      loraTargets: ['v_proj'],
      delta: 4,
      question: 'what, then?',
      trainGate: true,
      ...{ rewards: ['mine', 'format'], rewardTimeLimit: 0.5 },
      rewardSources: [
        {
          ...{ name: 'mine', language: 'js', source: 'export const mine = () => [",", "\\n"]' },
          ...{ completions: 'text', hash: '0a'.repeat(32) },
        },
      ],
    });
    for (const config of [...PRESET_NAMES.map((name) => presetConfig(name)), odd]) {
      expect(configFromFlags(toFlags(config)).config).toEqual(config);
    }
  });

  it('is silent about defaults', () => {
    expect(toFlags(parseConfig({}))).toEqual([]);
    expect(toFlags(parseConfig(PRESETS.dapo.values))).toEqual([
      '--resampleRounds',
      '10',
      '--groupSize',
      '16',
      '--epsilonHigh',
      '0.28',
      '--maskTruncatedCompletions',
      'true',
    ]);
  });
});

it('the help names every setting', () => {
  const help = flagsHelp();
  for (const key of CONFIG_KEYS) expect(help).toContain(`--${key} `);
});
