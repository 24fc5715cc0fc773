/** Settings of what earns a point: which rewards, those of the person's own, and how they add up. */
import type { RewardModel, RewardSource } from '../rewards/contract.ts';
import { REWARD_NAMES, REWARD_PARAMETERS, REWARDS, type RewardParameterValues } from '../rewards/index.ts';
import type { RewardParameter } from '../rewards/reward.ts';
import { choice, type Field, flag, float, int, names, numbers, optionalText, structure } from './fields.ts';
import { z } from './shapes.ts';

const REWARD_SCALES = ['group', 'batch', 'none'] as const;
const AGGREGATIONS = ['sum_then_normalize', 'normalize_then_sum'] as const;

/** What every object has under its name already, such as `constructor`: nothing can be kept under these. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype).join('|');
/** A reward's name stands in metrics, files and programs: an identifier of at most 64 characters. */
export const REWARD_NAME = new RegExp(`^(?!(?:${INHERITED})$)[A-Za-z_][A-Za-z0-9_]{0,63}$`);
export const REWARD_NAME_WORDS =
  'at most 64 letters a to z, digits and _, no digit first, and no word that every object has (constructor)';
const name = z.string().regex(REWARD_NAME);
/** Characters that a program of one's own may have. */
export const LONGEST_SOURCE = 200_000;

/** Why a program is too long to be kept with a run; undefined where it is not. */
export function lengthProblem({ length }: string): string | undefined {
  if (length <= LONGEST_SOURCE) return undefined;
  return `The program has ${length} characters; expected at most ${LONGEST_SOURCE}. Take out what it does not need.`;
}

export const rewardSource = z.object({
  name,
  language: z.enum(['ts', 'js', 'py']),
  file: z.string().max(255).optional(),
  source: z.string().max(LONGEST_SOURCE),
  function: z.string().optional(),
  completions: z.enum(['messages', 'text']),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
}) satisfies z.ZodType<RewardSource>;

const rewardModel = z.object({
  name,
  model: z.string(),
  identity: z.string(),
  mapping: z.record(z.string(), z.unknown()),
}) satisfies z.ZodType<RewardModel>;

/** The rows of the settings that built-in rewards have. */
function parameterFields(): { [K in keyof RewardParameterValues]: Field<RewardParameterValues[K]> } {
  const rows = REWARD_PARAMETERS.map(({ key, ...row }) => [key, parameterField(row)]);
  return Object.fromEntries(rows) as ReturnType<typeof parameterFields>;
}

function parameterField(row: RewardParameter): Field<unknown> {
  const group = 'Rewards';
  switch (row.kind) {
    case 'int':
      return int({ ...row, group }) as Field;
    case 'float':
      return float({ ...row, group }) as Field;
    case 'choice':
      return choice({ ...row, group }) as Field;
    case 'flag':
      return flag({ ...row, group }) as Field;
    case 'text': {
      const { check: _, ...words } = row;
      return optionalText({ ...words, group }) as Field;
    }
    default:
      return row satisfies never;
  }
}

export const rewardFields = {
  rewards: names({
    choices: REWARD_NAMES,
    default: ['accuracy', 'format'],
    pattern: REWARD_NAME,
    group: 'Rewards',
    label: 'Rewards',
    trl: 'reward_funcs',
    help: `What earns a point. ${REWARD_NAMES.map((each) => `${each}: ${REWARDS[each].help}.`).join(' ')}`,
  }),
  rewardWeights: numbers({
    default: [],
    group: 'Rewards',
    label: 'Reward weights',
    trl: 'reward_weights',
    help: 'One number per reward, in the same order. Empty = 1 for each.',
  }),
  ...parameterFields(),
  rewardSources: structure({
    schema: z.array(rewardSource),
    default: [],
    expected: 'a list of programs, each with name, language, source, completions and hash',
    group: 'Rewards',
    label: 'Own rewards',
    help: 'Programs of your own, called as TRL calls a reward function; the rewards name those that count.',
  }),
  rewardModels: structure({
    schema: z.array(rewardModel),
    default: [],
    expected: 'a list of models, each with name, model, identity and mapping',
    group: 'Rewards',
    label: 'Reward models',
    help: 'Models that score answers; the rewards name those that count.',
  }),
  rewardTimeLimit: float({
    default: 2,
    min: 0.01,
    max: 86_400,
    unit: 's',
    group: 'Rewards',
    label: 'Time limit of own rewards',
    help: 'An own reward that takes longer for the answers of a step scores none of them, and the step goes on.',
  }),
  scaleRewards: choice({
    choices: REWARD_SCALES,
    default: 'group',
    group: 'Rewards',
    label: 'Scale rewards by',
    trl: 'scale_rewards',
    paper: '2503.20783',
    help: 'Divide the advantage by the spread of its group, of the whole batch, or not at all (Dr. GRPO).',
  }),
  multiObjectiveAggregation: choice({
    choices: AGGREGATIONS,
    default: 'sum_then_normalize',
    group: 'Rewards',
    label: 'Combine rewards',
    trl: 'multi_objective_aggregation',
    paper: '2601.05242',
    help: 'Sum the rewards and then normalise, or normalise each reward first (GDPO).',
  }),
};
