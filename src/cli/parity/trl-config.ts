/** Loss settings under the argument names of TRL's GRPOConfig → ours. */
import { InputError } from '../../math/errors.ts';
import { LOSS_TYPES } from '../../protocol/config-table.ts';
import { LOSS_DEFAULTS, type LossConfig, type LossType, type VespoShape } from '../../rl/loss-config.ts';

type Numeric = 'epsilon' | 'topEntropyQuantile' | 'entropyCoef' | 'sapoTemperaturePos' | 'sapoTemperatureNeg';
type Optional = 'epsilonHigh' | 'delta' | 'offPolicyMaskThreshold';

const NUMBERS: Readonly<Record<string, Numeric | Optional | 'beta' | 'maxCompletionLength'>> = {
  epsilon: 'epsilon',
  epsilon_high: 'epsilonHigh',
  delta: 'delta',
  beta: 'beta',
  top_entropy_quantile: 'topEntropyQuantile',
  off_policy_mask_threshold: 'offPolicyMaskThreshold',
  entropy_coef: 'entropyCoef',
  sapo_temperature_pos: 'sapoTemperaturePos',
  sapo_temperature_neg: 'sapoTemperatureNeg',
  max_completion_length: 'maxCompletionLength',
};
const VESPO: Readonly<Record<string, keyof VespoShape>> = {
  vespo_k_pos: 'kPos',
  vespo_lambda_pos: 'lambdaPos',
  vespo_k_neg: 'kNeg',
  vespo_lambda_neg: 'lambdaNeg',
};

/** Throws InputError naming a setting that is not known or has a value that makes no sense. */
export function lossConfigFromTrl(settings: Record<string, unknown>, where: string): Partial<LossConfig> {
  const parts = Object.entries(settings).map(([key, value]) => translate(key, value, `${where}: ${key}`));
  const vespo = Object.assign({}, LOSS_DEFAULTS.vespo, ...parts.map((part) => part.vespo ?? {}));
  return Object.assign({}, ...parts, { vespo });
}

type Translated = Partial<Omit<LossConfig, 'vespo'>> & { readonly vespo?: Partial<VespoShape> };

function translate(key: string, value: unknown, where: string): Translated {
  if (value === null && (key in NUMBERS || key in VESPO)) return {};
  const number = (): number => {
    if (typeof value === 'number') return value;
    throw new InputError(`${where} is ${String(value)}, expected a number.`);
  };
  if (key in NUMBERS) return { [NUMBERS[key]!]: number() };
  if (key in VESPO) return { vespo: { [VESPO[key]!]: number() } };
  if (key === 'loss_type') return { lossType: lossType(value, where) };
  if (key === 'use_bias_correction_kl') return { useBiasCorrectionKl: value === true };
  if (key === 'importance_sampling_level' && (value === 'token' || value === 'sequence')) {
    return { importanceSamplingLevel: value };
  }
  throw new InputError(`${where} = ${String(value)} is not a loss setting of this project.`, {
    hint: `Known are ${['loss_type', 'importance_sampling_level', 'use_bias_correction_kl', ...Object.keys(NUMBERS), ...Object.keys(VESPO)].join(', ')}.`,
  });
}

function lossType(value: unknown, where: string): LossType {
  const found = LOSS_TYPES.find((type) => type === value);
  if (found) return found;
  throw new InputError(`${where} is ${String(value)}, expected one of ${LOSS_TYPES.join(', ')}.`);
}
