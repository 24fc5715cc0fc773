/** The options of a small Qwen as flags of a command. */
import { InputError } from '../../math/errors.ts';
import { type TinyFamily, type TinyQwenOptions, tinyDefaults } from './architecture.ts';

/** Counts and other numbers, by flag. */
const NUMBERS = {
  seed: 'seed',
  layers: 'layers',
  'hidden-size': 'hiddenSize',
  'intermediate-size': 'intermediateSize',
  heads: 'heads',
  'kv-heads': 'kvHeads',
  'head-dim': 'headDim',
  'vocab-size': 'vocabSize',
  'rope-theta': 'ropeTheta',
  'max-positions': 'maxPositions',
  shards: 'shards',
} as const satisfies Record<string, keyof TinyQwenOptions>;
const FAMILIES: readonly TinyFamily[] = ['qwen2.5', 'qwen3'];
const DTYPES = { bf16: 'BF16', f16: 'F16', f32: 'F32' } as const;

const text = { type: 'string' } as const;

/** For `parseArgs`. */
export const TINY_FLAGS = {
  ...(Object.fromEntries(Object.keys(NUMBERS).map((flag) => [flag, text])) as Record<
    keyof typeof NUMBERS,
    typeof text
  >),
  family: text,
  'rope-scaling': text,
  dtype: text,
  untied: { type: 'boolean' },
} as const;

type Values = Readonly<Partial<Record<keyof typeof TINY_FLAGS, string | boolean>>>;

function wrong(flag: string, value: unknown, expected: string): never {
  throw new InputError(`make-checkpoint: --${flag} is ${JSON.stringify(value)}, expected ${expected}.`);
}

/** What flags say. @throws InputError naming the flag that is off */
export function tinyOptions(values: Values): Partial<TinyQwenOptions> & Pick<TinyQwenOptions, 'family'> {
  const family = FAMILIES.find((name) => name === values.family);
  if (!family) wrong('family', values.family, FAMILIES.join(' or '));
  const numbers = Object.entries(NUMBERS).flatMap(([flag, option]) => {
    const value = values[flag as keyof Values];
    if (value === undefined) return [];
    const isSound = flag === 'seed' ? Number(value) >= 0 : Number(value) > 0;
    if (!isSound) wrong(flag, value, 'a positive number');
    return [[option, Number(value)] as const];
  });
  const { 'rope-scaling': scaling, dtype = 'bf16' } = values;
  if (!Object.hasOwn(DTYPES, String(dtype))) wrong('dtype', dtype, Object.keys(DTYPES).join(' or '));
  const given: Partial<TinyQwenOptions> = Object.fromEntries(numbers);
  const { maxPositions = tinyDefaults(family).maxPositions } = given;
  return {
    family,
    ...given,
    ...(scaling === undefined ? {} : { ropeScaling: ropeScaling(String(scaling), maxPositions) }),
    dtype: DTYPES[dtype as keyof typeof DTYPES],
    tied: values.untied !== true,
  };
}

/** `linear:2` or `yarn:4`; with YaRN the model was first trained on as many positions as times the factor are all. */
function ropeScaling(value: string, maxPositions: number) {
  const [, type, factor] = /^(linear|yarn):(\d+(?:\.\d+)?)$/.exec(value) ?? [];
  if (!type) wrong('rope-scaling', value, 'linear:FACTOR or yarn:FACTOR');
  if (type === 'linear') return { type, factor: Number(factor) };
  const original = Math.floor(maxPositions / Number(factor));
  return { type, factor: Number(factor), original_max_position_embeddings: original };
}
