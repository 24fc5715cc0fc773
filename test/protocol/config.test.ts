import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { InputError } from '../../src/math/errors.ts';
import {
  CONFIG_KEYS,
  type Config,
  checkField,
  defaultConfig,
  diffConfig,
  FIELD_GROUPS,
  fieldOf,
  knownRewards,
  parseConfig,
} from '../../src/protocol/config.ts';
import { configWarnings } from '../../src/protocol/config-warnings.ts';
import { PRESET_NAMES, presetConfig, presetsFor } from '../../src/protocol/presets.ts';

function errorOf(act: () => unknown): InputError {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('expected an InputError');
}

/** Every source file that may act on a setting: not the table itself, the form, or what writes settings out. */
function actingSources(): string {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
  const acting = files.filter(
    (path) =>
      /\.tsx?$/.test(path) &&
      !/^(protocol\/(?!loss-config)|(ui\/train|worker\/export|cli\/parity)\/)/.test(path),
  );
  return acting.map((path) => readFileSync(`src/${path}`, 'utf8')).join('\n');
}

describe('the config table', () => {
  it('has no setting that nothing acts on', () => {
    const words = new Set(actingSources().match(/\w+/g));
    expect(CONFIG_KEYS.filter((key) => !words.has(key))).toEqual([]);
  });

  it('has valid defaults, words and a group on every row', () => {
    for (const key of CONFIG_KEYS) {
      const field = fieldOf(key);
      expect(checkField(key, field.default), key).toBeUndefined();
      expect(field.label.length, key).toBeGreaterThan(1);
      expect(field.help, key).toMatch(/\.$/);
      expect(FIELD_GROUPS).toContain(field.group);
    }
  });

  it('shows seven settings that matter', () => {
    expect(CONFIG_KEYS.filter((key) => fieldOf(key).essential)).toEqual([
      'steps',
      'promptsPerStep',
      'groupSize',
      'lossType',
      'beta',
      'learningRate',
      'loraRank',
    ]);
  });

  it('gives each value its own type', () => {
    expectTypeOf<Config['groupSize']>().toEqualTypeOf<number>();
    expectTypeOf<Config['epsilonHigh']>().toEqualTypeOf<number | null>();
    expectTypeOf<Config['schedule']>().toEqualTypeOf<'constant' | 'linear' | 'cosine'>();
    expectTypeOf<Config['trainGate']>().toEqualTypeOf<boolean>();
  });
});

/** A program that scores answers. */
const OWN = {
  ...{ name: 'mine', language: 'py', source: 'def mine(completions, **_): ...', completions: 'messages' },
  hash: 'ab'.repeat(32),
} as const;

describe('parseConfig', () => {
  it('takes rewards of one’s own with exactly their source', () => {
    const own = { rewards: ['mine', 'judge', 'format'], rewardSources: [OWN] };
    const rewardModels = [{ name: 'judge', model: 'emotion', identity: 'f0', mapping: { label: 'sad' } }];
    expect(parseConfig({ ...own, rewardModels })).toEqual({ ...defaultConfig(), ...own, rewardModels });
    expect(knownRewards(parseConfig({ ...own, rewardModels })).slice(-2)).toEqual(['mine', 'judge']);
  });

  it.each([
    [{ ...OWN, name: 'my reward' }],
    [{ ...OWN, name: '1st' }],
    [{ ...OWN, language: 'lua' }],
    [{ ...OWN, hash: 'ab' }],
    [{ ...OWN, source: 'x'.repeat(200_001) }],
  ])('refuses a source that is none, in a message of bounded length: %#', (source) => {
    const { message } = errorOf(() => parseConfig({ rewardSources: [source] }));
    expect(message).toContain('expected a list of programs, each with name, language, source');
    expect(message.length).toBeLessThan(400);
  });

  it('refuses a stretch of soft_overlong that is longer than an answer may be', () => {
    const values = { softPunishCache: 40, maxCompletionLength: 30 };
    expect(parseConfig(values).softPunishCache).toBe(40);
    const { message } = errorOf(() => parseConfig({ ...values, rewards: ['accuracy', 'soft_overlong'] }));
    expect(message).toContain('softPunishCache is 40; expected at most maxCompletionLength, which is 30');
  });

  it('fills in defaults and keeps what is given', () => {
    const config = parseConfig({ groupSize: 4, epsilonHigh: 0.28 });
    expect(config).toEqual({ ...defaultConfig(), groupSize: 4, epsilonHigh: 0.28 });
  });

  it.each([
    [{ groupSize: 1 }, 'groupSize is 1; expected a whole number from 2 to 64.'],
    [{ groupSize: 2.5 }, 'groupSize is 2.5; expected a whole number from 2 to 64.'],
    [{ learningRate: Number.NaN }, 'learningRate is NaN; expected a number from 0 to 1.'],
    [{ maxGradNorm: -1 }, 'maxGradNorm is -1; expected a number of at least 0.'],
    [{ schedule: 'square' }, 'schedule is "square"; expected one of constant, linear, cosine.'],
    [{ question: ' ' }, 'question is " "; expected text that is not empty.'],
    [{ trainGate: 'yes' }, 'trainGate is "yes"; expected true or false.'],
    [
      { rewards: ['accuracy', 'accuracy'] },
      'rewards is ["accuracy","accuracy"]; expected a list without repeats',
    ],
    [{ evalSamples: 0 }, 'evalSamples is 0; expected a whole number from 1 to 64.'],
    [{ evalTemperature: 0 }, 'evalTemperature is 0; expected a number from 0.01 to 10.'],
    [
      { bestMetric: 'reward' },
      'bestMetric is "reward"; expected one of auto, eval/war, eval/uar, eval/score.',
    ],
    [{ evalDecoding: 'beam' }, 'evalDecoding is "beam"; expected one of greedy, sampled.'],
    [{ epsilonHigh: 'off' }, 'epsilonHigh is "off"; expected a number from 0 to 100, or null.'],
  ])('names field, found and expected: %j', (input, message) => {
    expect(errorOf(() => parseConfig(input)).message).toContain(message);
  });

  it('refuses what is no object, and names it', () => {
    expect(errorOf(() => parseConfig('fast')).message).toBe(
      'The config is "fast"; expected an object of settings.',
    );
    expect(errorOf(() => parseConfig(null)).message).toContain('null');
  });

  it("points from TRL's name to ours", () => {
    const error = errorOf(() => parseConfig({ num_generations: 8 }));
    expect(error.message).toBe('Unknown setting "num_generations".');
    expect(error.hint).toBe('Did you mean groupSize?');
  });

  it.each([
    [{ rewardWeights: [1, 2, 3] }, 'rewardWeights has 3 numbers; expected 2'],
    [{ loraTargets: [] }, 'loraTargets is empty'],
    [{ trainDecoder: true }, 'trainDecoder is true and loraRank is 16'],
    [{ loraRank: 0 }, 'no other part trains'],
    [{ rewards: [] }, 'rewards is empty'],
    [
      { rewards: ['accuracy', 'mine'], rewardSources: [OWN, { ...OWN, name: 'other' }].slice(1) },
      'rewards names "mine"; expected some of accuracy, format, accuracy_tolerant',
    ],
    [
      { rewardSources: [{ ...OWN, name: 'format' }] },
      'rewardSources names "format", which is the name of another reward',
    ],
    [
      { rewardSources: [OWN], rewardModels: [{ name: 'mine', model: 'judge', identity: 'a', mapping: {} }] },
      'rewardModels names "mine", which is the name of another reward',
    ],
  ])('judges fields together: %j', (input, message) => {
    expect(errorOf(() => parseConfig(input)).message).toContain(message);
  });
});

describe('presets', () => {
  it('are all valid configs', () => {
    for (const name of PRESET_NAMES) expect(presetConfig(name)).toEqual(parseConfig(presetConfig(name)));
  });

  it('sft is the published cold start: five rounds over 580 clips, 3 % of them warm-up', () => {
    const sft = presetConfig('sft');
    expect(sft).toMatchObject({
      ...{ stage: 'sft', learningRate: 2e-5, schedule: 'cosine', weightDecay: 0, maxGradNorm: 1 },
      ...{ loraRank: 0, trainDecoder: true, trainProjectors: true, trainGate: true, trainBert: false },
      startFrom: 'published',
    });
    expect(sft.steps).toBe(5 * Math.ceil(580 / sft.promptsPerStep));
    expect(sft.warmupSteps).toBe(Math.ceil(0.03 * sft.steps));
  });

  it('demo and r1-omni say what they promise', () => {
    const demo = {
      promptsPerStep: 8,
      groupSize: 8,
      learningRate: 5e-4,
      beta: 0,
      steps: 120,
      trainDecoder: true,
    };
    expect(presetConfig('demo')).toMatchObject(demo);
    expect(presetConfig('r1-omni')).toMatchObject({
      beta: 0.04,
      lossType: 'grpo',
      learningRate: 1e-6,
      trainBert: true,
    });
    expect(errorOf(() => presetConfig('ppo')).message).toContain(
      'demo, r1-omni, sft, dr-grpo, erv, dapo, gspo',
    );
  });
});

describe('diffConfig', () => {
  it('lists exactly what differs, lists by value', () => {
    const from = defaultConfig();
    const to = { ...from, beta: 0.04, rewards: ['accuracy', 'format'] as const, topK: 50 };
    expect(diffConfig(from, to).map(({ key, from, to }) => [key, from, to])).toEqual([
      ['topK', 0, 50],
      ['beta', 0, 0.04],
    ]);
  });
});

describe('configWarnings', () => {
  const warnings = (values: Partial<Config>) => configWarnings(parseConfig(values)).join(' ');

  it('has nothing to say of the defaults and of the presets', () => {
    expect(warnings({})).toBe('');
    for (const name of PRESET_NAMES) expect(configWarnings(presetConfig(name)), name).toEqual([]);
  });

  it.each<[Partial<Config>, RegExp]>([
    [{ importanceSamplingLevel: 'sequence' }, /dapo weighs long answers more/],
    [{ lossType: 'luspo' }, /luspo is meant for one ratio per answer/],
    [{ lossType: 'vespo', importanceSamplingLevel: 'sequence' }, /vespo makes its own weight/],
    [{ delta: 1.1 }, /δ 1.1 lies inside the clip range/],
    [{ lossType: 'sapo', dualClip: 3 }, /Dual clip has no effect on sapo/],
    [{ vespoKPos: 1 }, /^VESPO k, good answers has no effect on dapo\.$/],
    [{ rewards: ['repetition'] }, /Nothing earns a reward/],
    [{ learningRate: 1 }, /A learning rate of 1 is likely to break the policy/],
    [{ stage: 'sft', learningRate: 1, delta: 1.1 }, /^A learning rate of 1 [^δ]*$/],
  ])('warns of %o', (values, words) => {
    expect(warnings(values)).toMatch(words);
  });

  it('says what an answer is to a program that takes chats and reads none', () => {
    // TRL's first example is written for texts: of a chat it finds the length 1.
    const lengths = 'def near(completions, **kwargs):\n  return [-abs(20 - len(c)) for c in completions]\n';
    const about = (over: Partial<Config['rewardSources'][number]>) => {
      const source = { name: 'near', language: 'py', source: lengths, completions: 'messages' } as const;
      return warnings({ rewards: ['near'], rewardSources: [{ ...source, hash: '0'.repeat(64), ...over }] });
    };
    expect(about({})).toMatch(
      /^near never reads what an answer says: .*completion\[0\]\["content"\]\. .*text\)\.$/,
    );
    expect(about({ language: 'ts' })).toContain('completion[0].content.');
    expect(about({ completions: 'text' })).toBe('');
    expect(about({ source: lengths.replace('len(c)', 'len(c[0]["content"])') })).toBe('');
  });
});

it("offers R1-Omni's recipes only to models that they are for", () => {
  expect(presetsFor({ usual: 'R1-Omni' })).toEqual(PRESET_NAMES);
  expect(presetsFor(undefined)).toEqual(PRESET_NAMES);
  for (const usual of ['clips', 'text'] as const) {
    expect(presetsFor({ usual })).not.toContain('r1-omni');
    expect(presetsFor({ usual })).not.toContain('sft');
    expect(presetsFor({ usual })).toContain('dapo');
  }
});
