/** Settings that only some families of losses take; src/protocol/losses.ts says which. */
import { float, floatOrNull } from './fields.ts';

/** The clip range: cispo has its cap there. */
export const clipFields = {
  epsilon: float({
    default: 0.2,
    min: 0,
    max: 10,
    group: 'Loss',
    label: 'Clip below (ε)',
    trl: 'epsilon',
    paper: '1707.06347',
    help: 'The ratio is clipped below 1 − ε. Smaller is more careful.',
  }),
  epsilonHigh: floatOrNull({
    default: null,
    min: 0,
    max: 100,
    group: 'Loss',
    label: 'Clip above (ε high)',
    trl: 'epsilon_high',
    paper: '2503.14476',
    help: 'The ratio is clipped above 1 + ε high (for cispo it is the cap itself). Empty = the same as ε.',
  }),
};

export const capFields = {
  delta: floatOrNull({
    default: null,
    min: 0,
    max: 100,
    group: 'Loss',
    label: 'Two-sided cap (δ)',
    trl: 'delta',
    paper: '2505.07291',
    help: 'Caps the unclipped ratio too; use a value above 1 + ε. Empty = off.',
  }),
  dualClip: floatOrNull({
    default: null,
    min: 1,
    max: 1000,
    group: 'Loss',
    label: 'Dual clip',
    paper: '1912.09729',
    help: 'Limits what one token of a bad answer can add to the loss, in units of its advantage (3 is usual). For the clipped losses. Empty = off.',
  }),
};

export const sapoFields = {
  sapoTemperaturePos: float({
    default: 1,
    min: 0.001,
    max: 100,
    group: 'Loss',
    label: 'SAPO temperature, good answers',
    trl: 'sapo_temperature_pos',
    paper: '2511.20347',
    help: 'Softness of the gate for answers better than their group. Used by sapo only.',
  }),
  sapoTemperatureNeg: float({
    default: 1.05,
    min: 0.001,
    max: 100,
    group: 'Loss',
    label: 'SAPO temperature, bad answers',
    trl: 'sapo_temperature_neg',
    paper: '2511.20347',
    help: 'Softness of the gate for answers worse than their group. Used by sapo only.',
  }),
};

export const vespoFields = {
  vespoKPos: float({
    default: 2,
    min: 0,
    max: 100,
    group: 'Loss',
    label: 'VESPO k, good answers',
    trl: 'vespo_k_pos',
    paper: '2602.10693',
    help: 'Power of the ratio in the weight of answers better than their group. Used by vespo only.',
  }),
  vespoLambdaPos: float({
    default: 3,
    min: 0,
    max: 100,
    group: 'Loss',
    label: 'VESPO λ, good answers',
    trl: 'vespo_lambda_pos',
    paper: '2602.10693',
    help: 'How fast that weight falls as the ratio grows. Used by vespo only.',
  }),
  vespoKNeg: float({
    default: 3,
    min: 0,
    max: 100,
    group: 'Loss',
    label: 'VESPO k, bad answers',
    trl: 'vespo_k_neg',
    paper: '2602.10693',
    help: 'Power of the ratio in the weight of answers worse than their group. Used by vespo only.',
  }),
  vespoLambdaNeg: float({
    default: 2,
    min: 0,
    max: 100,
    group: 'Loss',
    label: 'VESPO λ, bad answers',
    trl: 'vespo_lambda_neg',
    paper: '2602.10693',
    help: 'How fast that weight falls as the ratio grows. Used by vespo only.',
  }),
};
