/** Loss settings under the argument names of TRL's GRPOConfig → ours. */
import { InputError } from '../../math/errors.ts';
import { type ConfigKey, checkField, fieldOf, isConfigKey } from '../../protocol/config.ts';
import { LOSS_DEFAULTS, type LossConfig } from '../../protocol/loss-config.ts';

/** What recorded numbers were made with where they do not say otherwise: the defaults and rules of f2cd577. */
export const RECORDED_LOSS: LossConfig = { ...LOSS_DEFAULTS, useBiasCorrectionKl: false, rules: 'f2cd577' };

/** The sampler's correction is made of several settings, and no golden file has it. */
const KEYS = Object.keys(LOSS_DEFAULTS)
  .filter(isConfigKey)
  .filter((key) => key !== 'samplerCorrection');
const BY_TRL_NAME = new Map(
  KEYS.flatMap((key): [string, ConfigKey][] => {
    const name = fieldOf(key).trl;
    return name === undefined ? [] : [[name, key]];
  }),
);

/** Throws InputError naming a setting that is not known or has a value that makes no sense. */
export function lossConfigFromTrl(settings: Record<string, unknown>, where: string): Partial<LossConfig> {
  const parts = Object.entries(settings).map(([name, value]) => translate(name, value, `${where}: ${name}`));
  return Object.assign({}, ...parts);
}

function translate(name: string, value: unknown, where: string): Partial<LossConfig> {
  const key = BY_TRL_NAME.get(name);
  if (!key) {
    throw new InputError(`${where} = ${String(value)} is not a loss setting of this project.`, {
      hint: `Known are ${[...BY_TRL_NAME.keys()].join(', ')}.`,
    });
  }
  if (value === null) return {};
  if (checkField(key, value)) {
    throw new InputError(`${where} is ${String(value)}, expected ${fieldOf(key).expected}.`);
  }
  return { [key]: value };
}
